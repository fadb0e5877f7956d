"""nnlint: a linter for neural networks.

Files become *evidence* (readers), evidence becomes *findings* (checks), findings are
rendered (reports). See ``docs/architecture.md``.
"""

__version__ = "0.1.0"
