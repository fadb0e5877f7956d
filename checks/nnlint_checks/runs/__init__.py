"""Checks of run histories: what the curves of a training say."""

READS = ("History",)
"""What is evidence of other kinds, as of code alone, goes without these checks."""
