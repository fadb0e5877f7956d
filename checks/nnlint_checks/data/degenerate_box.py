"""DS510: boxes without an area."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.boxes import BoxLabels, Oddity
from nnlint.finding import Finding
from nnlint_checks.data.box_outside_image import drawn, figures

SAID = {
    Oddity.EMPTY: "without width or height",
    Oddity.MALFORMED: "not four numbers",
}


@check("DS510", level=ERROR)
def degenerate_box(labels: BoxLabels) -> Iterator[Finding]:
    """Annotated boxes have no width or height, a negative one, or are not four numbers.

    Why: training stops there (torchvision's detectors refuse them), or the logarithm of a size of zero and
    the overlap with an empty box make the loss NaN.
    Source: torchvision, `GeneralizedRCNN.forward`: "All bounding boxes should have positive height and
    width"; Ultralytics, `verify_image_label`.

    Fires:
        A click where a box should have been drawn.
        ```python generate
        # expect instances.json  error: [DS510]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[7] = [300, 30, 0, 90]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
        A coordinate is missing.
        ```python generate
        # expect instances.json  error: [DS510]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[7] = [300, 30, 90]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    Silent:
        Small boxes are boxes.
        ```python generate
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        boxes[7] = [300, 30, 1, 0.5]
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    """
    for kind, said in SAID.items():
        odd = labels.of(kind)
        if odd is not None:
            first = odd.first[0]
            many = "a box is" if odd.count == 1 else f"{odd.count:,} of {labels.boxes:,} boxes are"
            box = f", first {figures(first.box)}" if kind is Oddity.EMPTY else ""
            yield Finding(
                first.place,
                f"{many} {said}{box}",
                "take these boxes out, or draw them anew",
                table=drawn(odd),
                subject=(labels.dataset, labels.role, str(kind)),
            )
