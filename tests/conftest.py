"""What all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", dest="rewrite", action="store_true", help="write snapshots anew")
    parser.addoption("--online", action="store_true", help="run tests that install packages, too")
