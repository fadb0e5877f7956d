"""Checks of architecture and shapes."""
