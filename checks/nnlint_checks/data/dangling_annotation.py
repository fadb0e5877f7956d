"""DS511: annotations of images or classes that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.boxes import Annotation, BoxLabels, Oddity
from nnlint.finding import Finding
from nnlint_checks.data.box_outside_image import drawn

SAID = {
    Oddity.NO_CATEGORY: ("a class that is not listed", "list the class, or correct the number of the class"),
    Oddity.NO_IMAGE: ("an image that is not listed", "list the image, or take its annotations out"),
    Oddity.NO_FILE: ("an image that is not there", "put the image where the others are, or take it out"),
}


@check("DS511", level=ERROR)
def dangling_annotation(labels: BoxLabels) -> Iterator[Finding]:
    """Annotations belong to a class or to an image that the data set does not have.

    Why: the loader stops in the middle of an epoch, or counts a class too many: numbers that begin with 1
    where 0 is the first are the usual reason, and then every class is the next one.
    Source: COCO, "Data format" (`image_id`, `category_id`); Ultralytics, "Label class exceeds dataset
    class count". Image files are missed only where at least half of them are there.

    Fires:
        A class that nobody lists.
        ```python generate
        # expect instances.json  error: [DS511]
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        annotations[5]["category_id"] = 3
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
        Classes are numbered from 1, and YOLO's from 0.
        ```python generate
        # expect labels/train/1.txt  error: [DS511]
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        Path("labels/train").mkdir(parents=True)
        for n in range(40):
            x, y = rng.uniform(0.3, 0.7, 2).round(3)
            Path(f"labels/train/{n}.txt").write_text(f"{1 + n % 2} {x} {y} 0.2 0.3\\n")
        Path("data.yaml").write_text("train: images/train\\nnc: 2\\nnames: [cat, dog]\\n")
        ```
    Silent:
        Only the annotations are here; the images lie elsewhere.
        ```python generate
        import json
        from pathlib import Path

        import numpy as np

        rng = np.random.default_rng(0)
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in range(20)]
        boxes = np.column_stack([rng.integers(0, 300, (60, 2)), rng.integers(20, 170, (60, 2))]).tolist()
        annotations = [
            {"id": n, "image_id": n % 20, "category_id": 1 + n % 2, "bbox": b} for n, b in enumerate(boxes)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        whole = {"images": images, "annotations": annotations, "categories": categories}
        Path("instances.json").write_text(json.dumps(whole))
        ```
    """
    for kind, (said, help_) in SAID.items():
        odd = labels.of(kind)
        if odd is not None:
            first = odd.first[0]
            many = "an annotation is" if odd.count == 1 else f"{odd.count:,} of {labels.boxes:,} are"
            yield Finding(
                first.place,
                f"{many} of {said}: {_named(kind, first)}",
                help_,
                table=drawn(odd),
                subject=(labels.dataset, labels.role, str(kind)),
            )


def _named(kind: Oddity, first: Annotation) -> str:
    return f"'{first.category[:30]}'" if kind is Oddity.NO_CATEGORY else first.image[-40:]
