"""IN103: an ignore comment or configuration entry that silences nothing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import SAFE, WARNING, check
from nnlint.evidence.files import Suppression
from nnlint.finding import Finding
from nnlint.repair import EditComment, Repair


@check("IN103", level=WARNING, fix=SAFE)
def unused_suppression(suppression: Suppression) -> Iterator[Finding]:
    """An ignore comment or configuration entry silences nothing.

    Why: the defect is gone, or the comment stands in the wrong place. Left there, it will hide the next one.
    Source: the run itself. Only codes are judged whose checks ran and had what they need.

    Fires:
        There is nothing to silence in this file.
        ```python
        import torch

        layer = torch.nn.Linear(3, 1)  # nnlint: ignore[IN101]  # warning: [IN103]
        ```
        ```diff
        -layer = torch.nn.Linear(3, 1)  # nnlint: ignore[IN101]
        +layer = torch.nn.Linear(3, 1)
        ```
    Silent:
        The check that is named does not run. $ --ignore IN101
        ```python
        import torch

        layer = torch.nn.Linear(3, 1)  # nnlint: ignore[IN101] old habit
        ```
        Text that only looks like a comment.
        ```python
        import torch

        MANUAL = "write # nnlint: ignore[IN101] behind the line"
        ```
    """
    for selector in suppression.unused:
        yield Finding(
            suppression.place,
            f"{suppression.directive}[{selector}] silences nothing here",
            f"delete {selector}, or {_otherwise(suppression)}",
            repairs=_repairs(suppression, selector),
        )


def _otherwise(suppression: Suppression) -> str:
    """What to do when it is still needed."""
    return "move it to the line of the finding" if suppression.place.line else "correct the files it names"


def _repairs(suppression: Suppression, selector: str) -> tuple[Repair, ...]:
    """The selector goes, and the comment with it where it is the only one."""
    if not suppression.place.line:
        return ()
    left = ", ".join(s for s in suppression.selectors if s != selector)
    text = f"# nnlint: {suppression.directive}[{left}]" if left else ""
    return (Repair((EditComment(suppression.place, text),)),)
