"""DS512: the same box of the same class, more than once."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.boxes import BoxLabels, Oddity
from nnlint.finding import Finding
from nnlint_checks.data.box_outside_image import drawn, figures

FEWEST = 2
"""Repeated boxes that may be an annotator's second click."""

SHARE = 0.001


@check("DS512", level=WARNING)
def repeated_box(labels: BoxLabels, *, share: float = SHARE) -> Iterator[Finding]:
    """The same box of the same class stands on an image more than once.

    Why: files were joined twice. Such objects weigh double in the loss, and of two equal boxes a detector can
    only find one: the other counts as missed.
    Source: Ultralytics, `verify_image_label` ("duplicate labels removed").
    Options: share: of all boxes that must be repeated.

    Fires:
        Half of the annotations were added twice.
        ```python generate
        # expect instances.json  warning: [DS512]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes = [*boxes, *boxes[:40]]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    Silent:
        Other boxes of the same class, one within the other.
        ```python generate
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[20:40] = [[x + 4, y + 3, w - 9, h - 9] for x, y, w, h in boxes[:20]]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    """
    odd = labels.of(Oddity.REPEATED)
    if odd is None or odd.count < max(FEWEST, share * labels.boxes):
        return
    first = odd.first[0]
    yield Finding(
        first.place,
        f"{odd.count:,} of {labels.boxes:,} boxes stand there once already, first {figures(first.box)}",
        "take the second of equal boxes out",
        table=drawn(odd),
        subject=(labels.dataset, labels.role, "repeated"),
    )
