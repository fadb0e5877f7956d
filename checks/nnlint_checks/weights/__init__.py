"""Checks of stored weights."""

READS = ("Weights",)
"""What is evidence of other kinds, as of code alone, goes without these checks."""
