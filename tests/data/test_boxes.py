"""Annotations of COCO and YOLO: what is read of them, and what malformed ones come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nnlint.config import Settings
from nnlint.engine import read, run
from nnlint.evidence.boxes import BoxLabels, Oddity
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unreadable

Json = dict[str, Any]


def coco(boxes: int = 60, images: int = 20) -> Json:
    """Boxes of two classes, all within their images."""
    rng = np.random.default_rng(0)
    corner, size = rng.integers(0, 300, (boxes, 2)), rng.integers(20, 170, (boxes, 2))
    return {
        "info": {"year": 2026},
        "images": [{"id": i, "file_name": f"{i}.png", "width": 640, "height": 480} for i in range(images)],
        "annotations": [
            {"id": n, "image_id": n % images, "category_id": 1 + n % 2, "bbox": [*c, *s]}
            for n, (c, s) in enumerate(zip(corner.tolist(), size.tolist(), strict=True))
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }


def evidence(path: Path) -> list[object]:
    return list(read([path.as_posix()], Settings(), lambda _: None).evidence)


def written(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def odd(path: Path) -> dict[Oddity, int]:
    """How many annotations have each oddity."""
    return {o.kind: o.count for e in evidence(path) if isinstance(e, BoxLabels) for o in e.odd}


def pictures(folder: Path, names: list[str]) -> None:
    rng = np.random.default_rng(len(folder.name))
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(folder / name)


def codes(path: Path) -> list[str]:
    result = run([path.as_posix()], Settings())
    assert not result.failures, result.failures
    return sorted({f.code for f in result.findings})


def test_classes_are_counted_in_each_split(tmp_path: Path) -> None:
    for role, boxes in (("train2017", 60), ("val2017", 30)):
        written(tmp_path / "annotations" / f"instances_{role}.json", coco(boxes))
    (data,) = [e for e in evidence(tmp_path) if isinstance(e, Dataset)]
    assert [(s.role, s.rows) for s in data.splits] == [("train", 20), ("validation", 20)]
    assert data.target is not None
    assert data.target.classes == ("cat", "dog")


def test_herd_on_one_image_is_no_shift_of_classes(tmp_path: Path) -> None:
    whole = coco(400, 100)
    herd = [{"id": 500 + n, "image_id": 4, "category_id": 3, "bbox": [n, n, 20, 20]} for n in range(200)]
    whole["categories"].append({"id": 3, "name": "sheep"})
    whole["annotations"] += herd
    written(tmp_path / "train.json", whole)
    written(tmp_path / "val.json", coco(200, 50))
    assert not {"DS203", "DS403"} & set(codes(tmp_path))


def test_images_of_splits_are_not_classes(tmp_path: Path) -> None:
    written(tmp_path / "train.json", coco())
    pictures(tmp_path / "train", [f"{i}.png" for i in range(12)])
    pictures(tmp_path / "val", [f"{i}.png" for i in range(12)])
    written(tmp_path / "val.json", coco())
    assert [e.format for e in evidence(tmp_path) if isinstance(e, Dataset)] == ["boxes"]


def test_order_of_the_lists_does_not_matter(tmp_path: Path) -> None:
    whole = coco()
    order = ("annotations", "categories", "info", "images")
    assert odd(written(tmp_path / "a.json", {k: whole[k] for k in order})) == {}


def test_missing_images_are_told_where_the_others_are(tmp_path: Path) -> None:
    written(tmp_path / "a.json", coco(images=10, boxes=50))
    assert odd(tmp_path) == {}
    pictures(tmp_path / "images", [f"{i}.png" for i in range(8)])
    assert odd(tmp_path) == {Oddity.NO_FILE: 10}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"bbox": [600, 10, 90, 10]}, Oddity.OUTSIDE),
        ({"bbox": [10, 10, -5, 10]}, Oddity.EMPTY),
        ({"bbox": [10, 10, "5", 10]}, Oddity.MALFORMED),
        ({"bbox": {"x": 1}}, Oddity.MALFORMED),
        ({"bbox": [10, 10, 1e300, 10]}, Oddity.MALFORMED),
        ({"image_id": 77}, Oddity.NO_IMAGE),
        ({"image_id": None}, Oddity.NO_IMAGE),
        ({"image_id": [1, {}]}, Oddity.NO_IMAGE),
        ({"category_id": "1"}, Oddity.NO_CATEGORY),
        ({"category_id": None}, Oddity.NO_CATEGORY),
    ],
)
def test_odd_annotation_is_told(change: Json, kind: Oddity, tmp_path: Path) -> None:
    whole = coco()
    whole["annotations"][5] |= change
    assert odd(written(tmp_path / "a.json", whole)) == {kind: 1}


@pytest.mark.parametrize("box", [None, [], [639, 479, 1, 1], [0, 0, 640, 480], [-1, -1, 642, 482]])
def test_plain_annotation_is_not(box: object, tmp_path: Path) -> None:
    whole = coco()
    whole["annotations"][5]["bbox"] = box
    assert odd(written(tmp_path / "a.json", whole)) == {}


def test_segments_of_a_panoptic_annotation_are_boxes(tmp_path: Path) -> None:
    whole = coco()
    whole["annotations"] = [
        {"image_id": i, "file_name": f"{i}.png", "segments_info": [{"id": i, "category_id": 1, "bbox": b}]}
        for i, b in enumerate([[1, 2, 30, 40], [1, 2, 0, 40]])
    ]
    assert odd(written(tmp_path / "a.json", whole)) == {Oddity.EMPTY: 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[: len(t) // 2],
        lambda t: t.replace('"bbox": [', '"bbox": [[', 1),
        lambda t: t.replace('"annotations": [', '"annotations": [7, ', 1),
        lambda t: t.replace('"annotations": [', '"annotations": ' + "[" * 100_000, 1),
        lambda t: t.replace("}", "", 1),
        lambda t: t + '"',
        lambda t: '{"images": [], "annotations": [], "categories": []}',
        lambda t: '{"images": {}, "annotations": 7, "categories": "x"}',
    ],
)
def test_malformed_file_is_unreadable_or_read(change: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(change(json.dumps(coco())))
    found = evidence(path)
    assert all(isinstance(e, Unreadable | Dataset | BoxLabels) for e in found)
    assert found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("coco") / "a.json"
    text = bytearray(json.dumps(coco(8, 4)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(9, len(text) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(text)
    read([path.as_posix()], Settings(), lambda _: None)


def yolo(root: Path, spoil: str = "") -> Path:
    """Forty label files in two splits, with their images; ``spoil`` is a line more in one of them."""
    rng = np.random.default_rng(0)
    for role in ("train", "val"):
        (root / "labels" / role).mkdir(parents=True)
        pictures(root / "images" / role, [f"{n}.png" for n in range(20)])
        for n in range(20):
            x, y = rng.uniform(0.3, 0.7, 2).round(3)
            (root / "labels" / role / f"{n}.txt").write_text(f"{n % 2} {x} {y} 0.2 0.3\n")
    with (root / "labels" / "train" / "3.txt").open("a") as file:
        file.write(spoil)
    (root / "data.yaml").write_text(
        "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n"
    )
    return root


def test_yolo_splits_and_names(tmp_path: Path) -> None:
    (data,) = [e for e in evidence(yolo(tmp_path)) if isinstance(e, Dataset)]
    assert [(s.role, s.rows) for s in data.splits] == [("train", 20), ("validation", 20)]
    assert data.target is not None
    assert data.target.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 0.95 0.5 0.3 0.2", Oddity.OUTSIDE),
        ("0 320 200 64 80", Oddity.OUTSIDE),
        ("0 0.5 0.5 0 0.2", Oddity.EMPTY),
        ("0 0.5 0.5 0.2", Oddity.MALFORMED),
        ("0 0.5 nan 0.2 0.2", Oddity.MALFORMED),
        ("0.5 0.5 0.5 0.2 0.2", Oddity.MALFORMED),
        ("2 0.5 0.5 0.2 0.2", Oddity.NO_CATEGORY),
        ("-1 0.5 0.5 0.2 0.2", Oddity.NO_CATEGORY),
        ("1 0.1 0.1 0.9 0.1 1.4 0.9", Oddity.OUTSIDE),
    ],
)
def test_odd_line_is_told(line: str, kind: Oddity, tmp_path: Path) -> None:
    assert odd(yolo(tmp_path, line)) == {kind: 1}


@pytest.mark.parametrize(
    "line",
    ["", "0 0.1 0.1 0.2 0.2 0.87", "1 0.1 0.1 0.9 0.1 0.9 0.9", "\ufeff", "0 0.1 0.5 0.2 1.0\r\n\r\n"],
)
def test_plain_line_is_not(line: str, tmp_path: Path) -> None:
    assert odd(yolo(tmp_path, line)).keys() <= (
        {Oddity.MALFORMED, Oddity.NO_CATEGORY} if line == "\ufeff" else set()
    )


def test_clean_sets_are_silent(tmp_path: Path) -> None:
    written(tmp_path / "coco" / "train.json", coco(400, 100))
    assert codes(tmp_path / "coco") == []
    assert codes(yolo(tmp_path / "yolo")) == []


def test_broken_image_of_an_annotated_set_is_found(tmp_path: Path) -> None:
    yolo(tmp_path)
    path = tmp_path / "images" / "train" / "5.png"
    path.write_bytes(path.read_bytes()[:900])
    assert codes(tmp_path) == ["DS501"]


def test_other_text_files_are_left_alone(tmp_path: Path) -> None:
    yolo(tmp_path)
    (tmp_path / "labels" / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "requirements.txt").write_text("torch\n")
    assert odd(tmp_path) == {}
