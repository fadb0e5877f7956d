"""Where the pages of checks are: on the site of the documentation, else in files that are made on demand."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from nnlint.check import all_checks
from nnlint.pages import page
from nnlint.reports.site import page_of


class Manual:
    """The addresses of pages. Files of it lie in a folder that goes when the server ends."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self._written: dict[str, str | None] = {}

    def address(self, code: str) -> str | None:
        """The address of a check's page, None where there is none and none can be written."""
        if code not in self._written:
            self._written[code] = page_of(code) or self._write(code)
        return self._written[code]

    def _write(self, code: str) -> str | None:
        check = next((c for c in all_checks() if c.code == code), None)
        if check is None:
            return None
        try:
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="nnlint-", ignore_cleanup_errors=True)
            file = Path(self._folder.name, f"{code}.md")
            file.write_text("\n".join(page(check)) + "\n", encoding="utf-8")
        except OSError:
            return None
        return file.as_uri()

    def close(self) -> None:
        """The files are not needed any more."""
        if self._folder is not None:
            self._folder.cleanup()
