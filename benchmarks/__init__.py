"""Accuracy and latency, measured and recorded. Needs the extra `bench`."""
