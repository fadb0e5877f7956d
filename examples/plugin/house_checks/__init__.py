"""Checks of the house."""
