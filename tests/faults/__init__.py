"""Defects put into good programs, one at a time: which of them nnlint finds, and what else it says."""
