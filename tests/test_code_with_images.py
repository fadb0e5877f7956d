"""Programs that read folders of images, judged together with these images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnlint.config import Settings
from nnlint.engine import run

PROGRAM = """
import keras
from keras import layers

pictures = keras.utils.image_dataset_from_directory("pets/train", image_size=(32, 32), batch_size=8)
model = keras.Sequential([
    {first}layers.Conv2D(8, 3, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense({classes}, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(pictures, epochs=5)
"""
RESCALED = "layers.Rescaling(1 / 255, input_shape=(32, 32, 3)),\n    "


@pytest.mark.parametrize(
    ("first", "classes", "codes"),
    [(RESCALED, 3, []), ("", 3, ["DP703"]), (RESCALED, 2, ["XC103"]), (RESCALED, 5, ["XC103"])],
)
def test_pixels_and_classes_of_folders(
    first: str, classes: int, codes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(45):
        path = Path("pets", "train", ("cat", "dog", "bird")[number % 3], f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC).save(path)
    Path("train.py").write_text(PROGRAM.format(first=first, classes=classes))
    found = run(["."], Settings(select=["XC103", "XC104", "XC106", "DP703"])).findings
    assert [finding.code for finding in found] == codes
