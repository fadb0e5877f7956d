"""Checks of head and loss."""
