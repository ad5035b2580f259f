"""Conversion of trained networks to TFLite model files. Needs the extra `convert`."""
