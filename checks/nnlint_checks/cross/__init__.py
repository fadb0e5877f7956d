"""Checks of the model against the data."""

READS = ("Dataset",)
"""What is evidence of other kinds, as of code alone, goes without these checks."""
