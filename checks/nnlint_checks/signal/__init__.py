"""Checks of signal propagation."""
