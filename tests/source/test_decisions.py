"""What programs decide by outputs, how they write labels, and where gradients stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import Decision, Recipe
from nnlint.network.gradients import reached, trains
from source.reading import evidence

BINARY = """
net = nn.Sequential(nn.Linear(8, 1))
x, y = torch.randn(4, 8), torch.ones(4, 1)
out = net(x)
loss = F.binary_cross_entropy_with_logits(out, y)
loss.backward()
"""


def recipe(folder: Path, source: str) -> Recipe:
    return next(e for e in evidence(folder, source) if isinstance(e, Recipe))


def decided(folder: Path, line: str) -> list[tuple[str, str, float | None, bool]]:
    found: tuple[Decision, ...] = recipe(folder, BINARY + line).decisions
    return [(d.kind, d.operator, d.threshold, d.scored) for d in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("p = out > 0.5", ("compare", "Gt", 0.5, False)),
        ("p = 0.5 < out", ("compare", "Gt", 0.5, False)),
        ("p = out.ge(0)", ("compare", "GtE", 0.0, False)),
        ("p = out.round()", ("round", "", None, False)),
        ("a = (out.argmax(dim=1) == y).float().mean()", ("argmax", "", None, True)),
        ("import numpy as np\np = np.argmax(out.detach().numpy(), axis=1)", ("argmax", "", None, False)),
    ],
)
def test_a_decision_keeps_its_rule(
    tmp_path: Path, line: str, expected: tuple[str, str, float | None, bool]
) -> None:
    assert decided(tmp_path, line)[0] == expected


def test_what_a_loss_is_compared_with_is_no_decision(tmp_path: Path) -> None:
    assert decided(tmp_path, "if loss.item() < 0.1: pass") == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = keras.utils.to_categorical(labels, 5)", ("one-hot", 5)),
        ("(_, y), _ = keras.datasets.cifar10.load_data()", ("integers", 10)),
        (
            "import pandas as pd\nfrom sklearn.preprocessing import LabelEncoder\n"
            "y = LabelEncoder().fit_transform(pd.read_csv('a.csv')['kind'])",
            ("integers", None),
        ),
        ("import pandas as pd\ny = pd.get_dummies(pd.read_csv('a.csv')['kind']).values", ("one-hot", None)),
        ("import numpy as np\ny = np.random.randint(0, 7, size=(100,))", ("integers", 7)),
    ],
)
def test_how_labels_are_written_reaches_the_loss(
    tmp_path: Path, source: str, expected: tuple[str, int | None]
) -> None:
    fit = (
        "\nmodel = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5)])\n"
        "model.compile('adam', 'mse')\nmodel.fit(x, y)\n"
    )
    use = recipe(tmp_path, "from tensorflow import keras\n" + source + fit).losses[0]
    assert use.labels is not None
    assert (use.labels.encoding, use.labels.classes) == expected


def test_what_a_pipeline_maps_labels_to_reaches_the_loss(tmp_path: Path) -> None:
    source = """
        import tensorflow as tf
        data = tf.keras.utils.image_dataset_from_directory("d")
        data = data.map(lambda x, y: (x / 255, tf.one_hot(y, 3))).prefetch(1)
        model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(3)])
        model.compile("adam", "mse")
        model.fit(data)
    """
    labels = recipe(tmp_path, source).losses[0].labels
    assert labels is not None
    assert (labels.encoding, labels.classes) == ("one-hot", 3)


@pytest.mark.parametrize("step", ["detach()", "data", "long()", "argmax(1).float()", "round()", "item()"])
def test_no_gradient_gets_past(tmp_path: Path, step: str) -> None:
    source = f"net = nn.Linear(8, 1)\nloss = net(torch.randn(4, 8)).{step} * 2\nloss.backward()"
    (given,) = recipe(tmp_path, source).differentiated
    assert not any(map(trains, reached(given.value)))


@pytest.mark.parametrize("step", ["float()", "squeeze(1)", "to('cpu')", "clamp(0, 1)", "view(-1)"])
def test_gradients_get_past(tmp_path: Path, step: str) -> None:
    source = f"net = nn.Linear(8, 1)\nloss = net(torch.randn(4, 8)).{step} * 2\nloss.backward()"
    (given,) = recipe(tmp_path, source).differentiated
    assert any(map(trains, reached(given.value)))


def test_of_what_a_training_step_returns_only_the_loss_is_differentiated(tmp_path: Path) -> None:
    source = """
        import pytorch_lightning as pl
        class Net(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 3)
            def training_step(self, batch, index):
                x, y = batch
                out = self.fc(x)
                return {"loss": F.cross_entropy(out, y), "predicted": out.argmax(1)}
    """
    assert [d.value.operation.kind for d in recipe(tmp_path, source).differentiated] == ["loss"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("num_classes = 4", 4),
        ("class_names = ['a', 'b', 'c']", 3),
        ("num_classes = 4\nclasses = ('a', 'b', 'c')", None),
        ("num_classes = len(names)", None),
    ],
)
def test_the_names_of_a_program_count_its_classes(tmp_path: Path, source: str, expected: int | None) -> None:
    found = recipe(tmp_path, BINARY + source).classes
    assert (None if found is None else found.classes) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [("y[:100]", 10), ("y[y < 2]", None), ("y[torch.randperm(100)]", None), ("y.reshape(-1)", 10)],
)
def test_rows_that_are_chosen_may_leave_classes_out(tmp_path: Path, rows: str, expected: int | None) -> None:
    source = f"""
        net = nn.Linear(8, 10)
        y = torch.randint(0, 10, (500,))
        F.cross_entropy(net(torch.randn(100, 8)), {rows}).backward()
    """
    labels = recipe(tmp_path, source).losses[0].labels
    assert labels is not None
    assert labels.classes == expected
