"""Trained weights that come with the package, for trainings to start from."""
