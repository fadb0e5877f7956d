"""Results of earlier runs, kept as JSON in the user's own cache folder.

An entry holds every question that was asked of the disk while it was made (``nnlint.looks``), with the
answer; it counts only while all of them are answered so. Nothing in it is run, whoever wrote it.
"""
