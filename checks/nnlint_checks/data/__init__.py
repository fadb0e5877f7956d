"""Checks of data sets."""

READS = ("Dataset", "BoxLabels", "Unreadable")
"""What is evidence of other kinds, as of code alone, goes without these checks."""
