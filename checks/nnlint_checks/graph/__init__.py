"""Checks of ONNX graphs."""

READS = ("Graph", "Unreadable")
"""What is evidence of other kinds, as of code alone, goes without these checks."""
