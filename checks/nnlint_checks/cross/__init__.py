"""Checks of the model against the data."""
