"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nnlint import check


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", dest="rewrite", action="store_true", help="write snapshots anew")
    parser.addoption("--online", action="store_true", help="run tests that install packages, too")


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep results apart from those of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_checks_alone() -> Iterator[None]:
    """What a configuration of one test adds is not known in the next."""
    yield
    check.add_modules(())
