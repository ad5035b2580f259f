"""Other landmark libraries on the same photos and frames, each in an environment of its own."""
