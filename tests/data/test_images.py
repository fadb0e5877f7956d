"""Image folders: what is damaged, mixed, blank, twice there or elsewhere is found; plain sets are silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from data.conftest import findings, only, problems
from nnlint.config import Settings
from nnlint.readers.data import images, read

CODES = ("DS501", "DS502", "DS503", "DS504", "DS505", "DS506")


def photograph(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Blobs of colour, smooth as photographs are."""
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def write(number: int = 60, ending: str = ".jpg") -> list[Path]:
    paths = []
    for i in range(number):
        split = "test" if i % 3 == 0 else "train"
        path = Path("pets", split, "cat" if i % 2 else "dog", f"{i}{ending}")
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph(i).save(path)
        paths.append(path)
    return paths


def test_plain_set_is_silent() -> None:
    write()
    assert [f for code in CODES for f in findings(code)] == []


def test_digits_on_white_paper_are_no_twins() -> None:
    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images[:900], digits.target, strict=False)):
        path = Path("digits", "test" if i % 4 == 0 else "train", str(label), f"{i}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).resize((28, 28)).save(path)
    assert [f for code in CODES for f in findings(code)] == []


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK"])
def test_image_of_another_mode_is_found(mode: str) -> None:
    path = write(ending=".tif")[7]
    photograph(7).convert(mode).save(path)
    assert [f.place.path for f in findings("DS502")] == [path.as_posix()]


def test_copies_within_a_class_are_a_warning_and_across_splits_an_error() -> None:
    paths = write()
    photograph(1).resize((80, 60)).save(paths[1].parent / "copy.jpg", quality=70)
    assert [f.level for f in findings("DS503")] == ["warning"]
    photograph(2).resize((80, 60)).save(paths[0].parent / "copy.jpg", quality=70)
    assert sorted(str(f.level) for f in findings("DS503")) == ["error", "warning"]


def test_truncated_image_gives_its_reason() -> None:
    path = write()[4]
    path.write_bytes(path.read_bytes()[:-300])
    (image,) = [i for i in only().images if i.reason]
    assert image.path == path.as_posix() and "truncated" in image.reason


def test_deep_images_are_measured_by_their_range() -> None:
    for path in write(ending=".png"):
        values = np.asarray(photograph(0).convert("L"), dtype=np.uint16) * 200
        Image.fromarray(values).save(path)
    assert all(i.deep and not i.reason and i.contrast > 10 for i in only().images)


def test_larger_images_in_the_test_split_are_found() -> None:
    for i, path in enumerate(write(120)):
        if "test" in path.parts:
            photograph(i, (96, 72)).save(path)
    (finding,) = findings("DS505")
    assert finding.message.startswith("area of test images")


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_image_cut_short_is_found_though_it_is_not_sampled(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEADERS", "MEASURED", "SAMPLED"):
        monkeypatch.setattr(images, name, 5)
    paths = write(60, ending)
    path = next(p for p in paths if p.name == f"31{ending}")
    path.write_bytes(path.read_bytes()[:-40])
    assert problems()[path.as_posix()].reason.startswith("damaged")


def test_progress_is_told_of_large_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "STRIDE", 20)
    said: list[str] = []
    read([p for p in write(60) if p.is_file()], Settings(), said.append)
    assert "pets: 20 of 40 images" in said


def test_images_measured_side_by_side_keep_their_order() -> None:
    paths = write(30)
    found = images.measured([images.Picture(p, "", "train", p.parent) for p in paths], "train")
    assert [f.path for f in found] == [p.as_posix() for p in paths]


def test_masks_beside_images_are_no_class() -> None:
    for number in range(24):
        split = Path("cells", "train" if number % 3 else "val")
        for folder in ("images", "masks"):
            (split / folder).mkdir(parents=True, exist_ok=True)
        photograph(number).save(split / "images" / f"{number}.png")
        Image.new("L", (64, 48), 1).save(split / "masks" / f"{number}_mask.png")
    dataset = only()
    assert dataset.target is None
    assert [s.rows for s in dataset.splits] == [16, 8]
    assert [f for code in (*CODES, "DS507") for f in findings(code)] == []


def test_images_of_one_shading_and_other_colours_are_no_copies() -> None:
    shading = np.linspace(60, 200, 64)[None, :, None] + np.zeros((48, 64, 3))
    for number, paint in enumerate([(0, 0, 0), (30, -40, 20)]):
        path = Path("skies", "train", "ab"[number], "smooth.png")
        path.parent.mkdir(parents=True)
        noise = np.random.default_rng(number).normal(0, 4, shading.shape)
        Image.fromarray(np.uint8(np.clip(shading + paint + noise, 0, 255))).save(path)
    for number in range(20):
        photograph(number).save(Path("skies", "train", "ab"[number % 2], f"{number}.png"))
    assert findings("DS503") == []
