"""Checks of optimisation."""
