"""What labels are made of: teachers of any kind, what they agree on, and the side that annotators lean to."""
