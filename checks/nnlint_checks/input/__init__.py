"""Checks of the input itself."""
