"""Checks of ONNX graphs."""
