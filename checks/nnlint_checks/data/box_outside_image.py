"""DS509: boxes that do not lie on their images."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.boxes import BoxLabels, Odd, Oddity
from nnlint.finding import Finding, Table

MOST = 0.5
"""Share of the boxes outside from which they are not drawn wrongly but written otherwise."""


@check("DS509", level=ERROR)
def box_outside_image(labels: BoxLabels) -> Iterator[Finding]:
    """Annotated boxes begin or end beyond the edges of their image.

    Why: they are of another image, in other units, or corners where sizes are meant; a detector learns to
    look where nothing is, and augmentation that crops or flips them gives boxes without an area.
    Source: COCO, "Data format" (x, y, width, height in pixels from the upper left); Ultralytics, "Object
    Detection Datasets" (centre and size as parts of the image). Rounding within 1 % of a side, and within two
    pixels, is left alone.

    Fires:
        A box drawn on a larger version of the image.
        ```python generate
        # expect instances.json  error: [DS509]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[7] = [600, 30, 200, 90]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
        Corners where a size is meant.
        ```python generate
        # expect instances.json  error: [DS509]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes = [[x + 150, y + 100, x + w + 250, y + h + 150] for x, y, w, h in boxes]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    Silent:
        All within; one ends a pixel beyond the edge.
        ```python generate
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[7] = [540, 30, 101, 90]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
        Sizes of the images are not known.
        ```python generate
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        images = [{"id": i["id"], "file_name": i["file_name"]} for i in images]
        boxes[7] = [900, 30, 101, 90]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    """
    odd = labels.of(Oddity.OUTSIDE)
    if odd is None:
        return
    first = odd.first[0]
    many = "a box lies" if odd.count == 1 else f"{odd.count:,} of {labels.boxes:,} boxes lie"
    yield Finding(
        first.place,
        f"{many} beyond the image{_why(labels, odd)}, first {figures(first.box)}",
        "write boxes in the units and the order that the format asks for, each within its image",
        table=drawn(odd),
        subject=(labels.dataset, labels.role, "outside"),
    )


def _why(labels: BoxLabels, odd: Odd) -> str:
    """What the boxes may be instead, where most of those outside would fit so."""
    if odd.count > 1 and labels.corners >= MOST * odd.count and odd.count >= 0.1 * labels.boxes:
        return ": corners, not sizes"
    pixels = sum(max(a.box) > 2 for a in odd.first if a.size == (1.0, 1.0))
    return ": in pixels" if pixels > MOST * len(odd.first) else ""


def figures(box: tuple[float, ...]) -> str:
    """A box as text."""
    return ", ".join(f"{v:.4g}" for v in box)


def drawn(odd: Odd) -> Table:
    """The first annotations with their boxes."""
    rows = tuple((str(a.place), a.image[-40:], a.category, figures(a.box), _size(a.size)) for a in odd.first)
    return Table(("annotation", "image", "class", "left, top, width, height", "image size"), rows)


def _size(size: tuple[float, float]) -> str:
    return f"{size[0]:g} x {size[1]:g}" if size[0] > 1 else ""
