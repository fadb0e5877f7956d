"""``python -m nnlint``."""

import sys

from nnlint.cli import main

if __name__ == "__main__":
    sys.exit(main())
