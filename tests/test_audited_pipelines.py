"""Folders as an audit of the checks on pipelines, data and logs found them misread: the codes that they give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from nnlint import engine
from nnlint.config import Settings

RANDOM = np.random.default_rng(0)
FIT = """
m.compile("adam", "binary_crossentropy", metrics=["AUC"])
m.fit(d["x_train"], d["y_train"], epochs=9, validation_split=0.1)
print(m.evaluate(d["x_test"], d["y_test"]))
"""
KERAS = "import numpy as np\nfrom tensorflow.keras import Sequential, layers\n"


def archive(low: float, high: float, *size: int) -> Callable[[Path], None]:
    """An archive of numbers between two bounds, in two splits, with labels that they do not tell."""

    def write(folder: Path) -> None:
        x, y = RANDOM.uniform(low, high, (400, *size)), RANDOM.integers(0, 2, 400)
        x = np.floor(x) if high > 100 else x
        parts = {"x_train": x[:300], "y_train": y[:300], "x_test": x[300:], "y_test": y[300:]}
        np.savez(folder / "d.npz", **parts)

    return write


def tables(*classes: str) -> Callable[[Path], None]:
    """``train.csv`` and ``test.csv``; the class that is named last is in the second alone."""

    def write(folder: Path) -> None:
        for name, rows, some in (("train", 400, classes[:-1]), ("test", 120, classes)):
            kinds = np.array(some)[np.arange(rows) % len(some)]
            table = pd.DataFrame(RANDOM.normal(size=(rows, 3)), columns=list("abc"))
            table.assign(genre=kinds).to_csv(folder / f"{name}.csv", index=False)

    return write


def epochs(loss: Callable[[int], str], count: int = 40) -> Callable[[Path], None]:
    """A log of one line an epoch."""

    def write(folder: Path) -> None:
        (folder / "train.log").write_text("\n".join(map(loss, range(count))), encoding="utf-8")

    return write


def nothing(folder: Path) -> None:
    """No data beside the program."""


Case = tuple[str, str, Callable[[Path], None], str, bool]
CASES: tuple[Case, ...] = (
    ("a class that an estimator never sees", "DS203", tables("rock", "jazz", "folk", "metal"), "", True),
    ("its labels are no categories of features", "DS405", tables("rock", "jazz", "folk", "metal"), "", False),
    ("and correlate with nothing", "DS411", tables("rock", "jazz", "folk", "metal"), "", False),
    (
        "more codes than rows of an embedding",
        "XC105",
        archive(0, 900, 30),
        f"""{KERAS}d = np.load("d.npz")
m = Sequential([layers.Embedding(500, 16), layers.LSTM(16, dropout=0.2), layers.Dense(1, "sigmoid")]){FIT}""",
        True,
    ),
    (
        "enough rows of an embedding",
        "XC105",
        archive(0, 900, 30),
        f"""{KERAS}d = np.load("d.npz")
m = Sequential([layers.Embedding(900, 16), layers.LSTM(16, dropout=0.2), layers.Dense(1, "sigmoid")]){FIT}""",
        False,
    ),
    (
        "images of another number of channels",
        "XC106",
        archive(0, 1, 16, 16, 1),
        f"""{KERAS}d = np.load("d.npz")
m = Sequential([layers.Input((16, 16, 3)), layers.Conv2D(8, 3, activation="relu"),
                layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(1, "sigmoid")]){FIT}""",
        True,
    ),
    (
        "the target stays among dummies",
        "DP716",
        nothing,
        """
        import pandas as pd
        from sklearn.model_selection import train_test_split
        df = pd.read_csv("bank.csv")
        X = pd.get_dummies(df.drop(columns="name"))
        train_test_split(X, df["left"], stratify=df["left"])
        """,
        True,
    ),
    (
        "one of the dummies is the target",
        "DP716",
        nothing,
        """
        import pandas as pd
        from sklearn.model_selection import train_test_split
        df = pd.read_csv("bank.csv")
        X = pd.get_dummies(df).drop(columns=["left_yes", "left_no"])
        train_test_split(X, df["left"], stratify=df["left"])
        """,
        False,
    ),
    (
        "an estimator learns from the target",
        "DP716",
        nothing,
        """
        import pandas as pd
        from sklearn.svm import SVC
        df = pd.read_csv("bank.csv")
        SVC().fit(df, df["left"])
        """,
        True,
    ),
    (
        "arrays in files of their own are shuffled apart",
        "DP715",
        nothing,
        f"""{KERAS}x, y = np.load("x.npy"), np.load("y.npy")
np.random.shuffle(x)
np.random.shuffle(y)
m = Sequential([layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
m.compile("adam", "binary_crossentropy")
m.fit(x / 255.0, y, epochs=9, validation_split=0.2)
""",
        True,
    ),
    (
        "bytes become floats as they are",
        "DP705",
        nothing,
        """
        import torch
        from torchvision.datasets import ImageFolder
        from torchvision.transforms import v2
        steps = [v2.PILToTensor(), v2.Resize(64), v2.ToDtype(torch.float32), v2.Normalize([0.5], [0.5])]
        data = ImageFolder("birds", v2.Compose(steps))
        """,
        True,
    ),
    (
        "mapped images are divided again by a layer",
        "DP705",
        nothing,
        """
        import tensorflow as tf
        from tensorflow.keras import layers
        data = tf.keras.utils.image_dataset_from_directory("pets").map(lambda x, y: (x / 255.0, y))
        m = tf.keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(1)])
        m.compile("adam", "mse")
        m.fit(data, epochs=3)
        """,
        True,
    ),
    (
        "Lightning switches the mode of a pretrained network",
        "TL505",
        nothing,
        """
        import lightning as L, timm, torch

        class Lit(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = timm.create_model("mobilenetv3_large_100", pretrained=True, num_classes=9)

            def training_step(self, b, i):
                return torch.nn.functional.cross_entropy(self.net(b[0]), b[1])

            def validation_step(self, b, i):
                self.log("acc", (self.net(b[0]).argmax(1) == b[1]).float().mean())

            def configure_optimizers(self):
                return torch.optim.AdamW(self.parameters(), 1e-4)

        L.Trainer(max_epochs=5).fit(Lit(), train, valid)
        """,
        False,
    ),
    (
        "numbered lines of a log",
        "RN103",
        epochs(lambda i: f"[{i + 1}] loss={0.89 + i % 3 / 1000:.4f} val_loss={0.6 + 1.4 * 0.9**i:.4f}"),
        "",
        True,
    ),
    (
        "a loss that is zero from the start does not overfit",
        "RN102",
        epochs(lambda i: f"epoch {i} train_loss 0.0 val_loss 0.0"),
        "",
        False,
    ),
)
ESTIMATOR = """
import pandas as pd
from sklearn.linear_model import LogisticRegression
train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
model = LogisticRegression().fit(train.drop(columns="genre"), train["genre"])
print(model.score(test.drop(columns="genre"), test["genre"]))
"""


@pytest.mark.parametrize(
    ("code", "data", "program", "found"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_folder_gives_the_code(
    tmp_path: Path, code: str, data: Callable[[Path], None], program: str, found: bool
) -> None:
    data(tmp_path)
    if program or (tmp_path / "train.csv").exists():
        (tmp_path / "main.py").write_text(dedent(program) or ESTIMATOR, encoding="utf-8")
    codes = {finding.code for finding in engine.run([str(tmp_path)], Settings()).findings}
    assert (code in codes) is found
