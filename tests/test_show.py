"""What ``nnlint show`` prints of evidence."""

from __future__ import annotations

from nnlint.commands import show
from nnlint.evidence.place import Place
from nnlint.evidence.source import Did, Event, Loop, Recipe
from nnlint.network.graph import Layer, Network, Operation, Parameter, Tensor
from nnlint.network.shape import Shape
from nnlint.reports.cards import cards
from nnlint.reports.style import width
from nnlint.reports.table import aligned

HERE = Place("model.py", 3, 1, 3, 9)


def network() -> Network:
    source = Tensor(Operation("input", (), {}, HERE), Shape((8, 4)), name="x")
    layer = Layer("linear", "torch.nn.Linear", "fc", HERE, {}, (Parameter("weight", Shape((2, 4))),))
    linear = Operation("linear", (source,), {}, HERE, layer=layer)
    scores = Tensor(linear, Shape((8, 2)))
    softmax = Operation("softmax", (scores,), {"axis": 1}, HERE)
    output = Tensor(softmax, Shape((8, 2)))
    return Network("Net", "torch", HERE, "model.py", (layer,), (linear, softmax), (source,), (output,))


def test_network_has_layers_with_shapes_and_its_head() -> None:
    (card,) = cards([network()])["networks"]
    assert card["layers"][0] == {
        "name": "fc",
        "layer": "torch.nn.Linear",
        "output": "(8, 2)",
        "parameters": 8,
        "signal": 0.577,
        "gradient": None,
        "line": 3,
    }
    assert card["parameters"] == 8
    assert card["outputs"][0]["head"] == "linear → softmax"


def test_recipe_says_what_each_loop_does() -> None:
    loop = Loop(Place("train.py", 5, 1), count=10)
    events = (
        Event(Did.ZERO_GRAD, HERE, loops=(loop,)),
        Event(Did.STEP, HERE, loops=(loop,), certain=False),
        Event(Did.SAVE, HERE),
    )
    recipe = Recipe("train.py", "main", HERE, events, {}, (), ())
    (card,) = cards([recipe])["recipes"]
    assert [(x["loop"], x["rounds"], x["does"]) for x in card["loops"]] == [
        ("train.py:5:1", 10, ["zero_grad", "step?"]),
        ("outside of loops", None, ["save"]),
    ]


def test_long_table_is_cut_for_people() -> None:
    records = [{"column": f"c{i}", "nulls": None} for i in range(show.MOST_ROWS + 5)]
    rows = list(show._table(records, 2, 80))
    assert rows[0] == "  column"
    assert (len(rows), rows[-1]) == (show.MOST_ROWS + 2, "  … and 5 more")


def test_table_fits_its_room() -> None:
    rows = list(aligned(("a", "b", "c"), [("x" * 90, "中" * 40, "1"), ("y", "z", "20")], 60))
    assert max(map(width, rows)) <= 60
    assert rows[0].endswith("   c") and rows[1].endswith("   1")
