"""Checks of a TFLite flatbuffer before an interpreter sees it: docs/SECURITY.md says what they promise."""

from sdk.tflite.check import Work, check_network

__all__ = ["Work", "check_network"]
