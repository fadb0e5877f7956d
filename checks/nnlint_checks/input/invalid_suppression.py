"""IN104: an ignore comment that names no check."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding

DIRECTIVES = frozenset({"ignore", "ignore-file", "per-file-ignores", "suppressions"})


@check("IN104", level=WARNING)
def invalid_suppression(suppression: Suppression) -> Iterator[Finding]:
    """An ignore comment names an unknown check, or none at all.

    Why: an unknown code silences nothing, and a comment without a code silences everything, the defects of
    tomorrow included.
    Source: the list of checks.

    Fires:
        A code that no check has.
        ```python
        import torch

        layer = torch.nn.Linear(3, 1)  # nnlint: ignore[XY999]  # warning: [IN104]
        ```
        No code at all.
        ```python
        import torch

        layer = torch.nn.Linear(3, 1)  # nnlint: ignore  # warning: [IN104]
        ```
        A misspelt word.
        ```python
        import torch

        layer = torch.nn.Linear(3, 1)  # nnlint: igore[IN101]  # warning: [IN104]
        ```
    Silent:
        Prose about the tool.
        ```python
        import torch

        # nnlint: see the contributing guide
        layer = torch.nn.Linear(3, 1)
        ```
    """
    if suppression.directive not in DIRECTIVES:
        yield Finding(
            suppression.place,
            f"`nnlint: {suppression.directive}` is no comment that nnlint knows",
            "write `# nnlint: ignore[CODE] reason` or `# nnlint: ignore-file[CODE] reason`",
        )
    elif not suppression.selectors:
        yield Finding(
            suppression.place,
            f"`{suppression.directive}` without a code silences every check",
            f"name the check: {suppression.directive}[CODE]",
        )
    for selector in suppression.unknown:
        yield Finding(
            suppression.place,
            f"no check is called {selector}",
            "correct the code; `nnlint rules` lists them all",
        )
