"""Checks of the data pipeline in code."""
