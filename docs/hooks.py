"""What MkDocs calls: pages of the checks are made from the checks, and codes anywhere lead to them."""

from __future__ import annotations

import posixpath
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from nnlint.check import all_checks
from nnlint.pages import FOLDER, linked, pages


def on_files(files: Files, *, config: Any) -> Files:
    """The hand-written pages, and those of the checks."""
    for path, text in pages(all_checks()).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Codes of checks in hand-written pages as links; in the others they are links already."""
    folder = posixpath.dirname(page.file.src_uri)
    if folder == FOLDER:
        return markdown
    return linked(markdown, (check.code for check in all_checks()), f"{FOLDER}/")
