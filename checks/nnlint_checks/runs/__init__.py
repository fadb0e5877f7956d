"""Checks of run histories: what the curves of a training say."""
