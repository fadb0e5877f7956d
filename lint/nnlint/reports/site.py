"""The pages of the documentation site, as far as the installed package names one."""

from __future__ import annotations

from functools import cache


def page_of(code: str) -> str | None:
    """The address of a check's page, None when the installed package names no documentation site."""
    return f"{_site()}/checks/{code}" if _site() else None


@cache
def _site() -> str:
    from importlib.metadata import metadata  # a tenth of the start of a run

    entries: list[str] = metadata("nnlint").get_all("Project-URL") or []
    urls = dict(entry.split(", ", 1) for entry in entries)
    return urls.get("Documentation", "").rstrip("/")
