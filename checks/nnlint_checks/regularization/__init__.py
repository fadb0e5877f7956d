"""Checks of normalisation and regularisation."""
