"""Training of face-alignment networks. Needs the extra `train`."""
