"""Repairs in text of any style: they change what they are about, and every other byte stays."""

from __future__ import annotations

import re

import pytest

from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.fixing.files import SourceFile
from nnlint.fixing.plan import plans
from nnlint.repair import (
    Action,
    Argument,
    EditComment,
    Insert,
    InsertElement,
    MoveStatement,
    Named,
    Part,
    Quoted,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    Repair,
    Replace,
    Self,
    SetArgument,
    SwapArguments,
    Where,
    WriteOut,
    unwrapped,
)

PATH = "model.py"


def place(text: str, code: str, nth: int = 0) -> Place:
    """Where ``code`` stands in ``text``."""
    start = [m.start() for m in re.finditer(re.escape(code), text)][nth]
    before, inside = re.split(r"\r\n|\r|\n", text[:start]), re.split(r"\r\n|\r|\n", code)
    last = inside[-1] if len(inside) > 1 else before[-1] + code
    return Place(PATH, len(before), len(before[-1]) + 1, len(before) + len(inside) - 1, len(last) + 1)


def fixed(text: str, *actions: Action) -> str | None:
    """The text after the actions, None when they do not fit."""
    finding = Finding(Place(PATH), "", repairs=(Repair(actions),))
    file = SourceFile(PATH, text.encode())
    plan = next(plans(finding, {PATH: file}, {}), None)
    return plan and file.edited({cell: list(edits) for cell, edits in plan.edits.items()}).decode()


@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ("y = F.softmax(x, dim=1)\n", "F.softmax(x, dim=1)", "y = x\n"),
        ("y = x.softmax(dim=1)  # sure\r\n", "x.softmax(dim=1)", "y = x  # sure\r\n"),
        ("y = (\tF.relu( a+b )\t)*2", "F.relu( a+b )", "y = (\ta+b\t)*2"),
        ("y = F.relu(a + b) * 2\n", "F.relu(a + b)", "y = (a + b) * 2\n"),
        ("y = F.relu((a + b) * c) ** 2\n", "F.relu((a + b) * c)", "y = ((a + b) * c) ** 2\n"),
        ("y = F.relu(a if b else c), 2\n", "F.relu(a if b else c)", "y = a if b else c, 2\n"),
        ("y = F.relu(input=x).sum()\n", "F.relu(input=x)", "y = x.sum()\n"),
        ("y = F.relu((a, b))\n", "F.relu((a, b))", "y = (a, b)\n"),
        ("a = 1; x = F.relu(x); b = 2\n", "F.relu(x)", "a = 1; b = 2\n"),
        ("if a: x = F.relu(x)\n", "F.relu(x)", "if a: pass\n"),
        ("def f():\n\tx = F.relu(x)  # why\n\treturn x\n", "F.relu(x)", "def f():\n\t# why\n\treturn x\n"),
        ("é = 'ü'; y = F.relu(é)\n", "F.relu(é)", "é = 'ü'; y = é\n"),
        ("y = F.relu(\n    a\n    + b, True)\n", "F.relu(\n    a\n    + b, True)", "y = (a\n    + b)\n"),
        (
            "def f(x):\n    return F.softmax(\n        g(x),  # scores\n        dim=1,  # classes\n    )\n",
            "F.softmax(\n        g(x),  # scores\n        dim=1,  # classes\n    )",
            "def f(x):\n    # scores\n    # classes\n    return g(x)\n",
        ),
        ("y = \\\n  F.relu(x)\\\n  + 1\n", "F.relu(x)", "y = \\\n  x\\\n  + 1\n"),
    ],
)
def test_call_gives_way_to_what_it_works_on(before: str, call: str, after: str) -> None:
    text = f"import torch.nn.functional as F\n{before}"
    assert fixed(text, unwrapped(place(text, call))) == f"import torch.nn.functional as F\n{after}"


@pytest.mark.parametrize(
    ("before", "element", "after"),
    [
        ("f(a, Softmax(1))", "Softmax(1)", "f(a)"),
        ("f(Softmax(1), a)", "Softmax(1)", "f(a)"),
        ("f(a, Softmax(1), b)", "Softmax(1)", "f(a, b)"),
        ("f(a, Softmax(1),)", "Softmax(1)", "f(a,)"),
        ("f(Softmax(1))", "Softmax(1)", "f()"),
        ("f(a,(Softmax(1)) , b)", "Softmax(1)", "f(a,b)"),
        ("f(\n  a,\n  Softmax(1),\n)", "Softmax(1)", "f(\n  a,\n)"),
        ("f(\n  a,\n  Softmax(1)\n)", "Softmax(1)", "f(\n  a,\n)"),
        ("f(\n  a,  # one\n  Softmax(1))", "Softmax(1)", "f(\n  a,  # one\n  )"),
        ("f(\r\n\ta,\r\n\tSoftmax(1),  # why\r\n)", "Softmax(1)", "f(\r\n\ta,\r\n\t# why\r\n)"),
        ("f([('fc', a), ('out', Softmax(1))])", "Softmax(1)", "f([('fc', a)])"),
        ("f({'fc': a, 'out': Softmax(1)})", "Softmax(1)", "f({'fc': a})"),
        ("m.append(a)\nm.append(Softmax(1))  # end\n", "Softmax(1)", "m.append(a)\n# end\n"),
        ("m.add_module('s', Softmax(1)); m.x()\n", "Softmax(1)", "m.x()\n"),
        ("m.a(); m.append(Softmax(1))\n", "Softmax(1)", "m.a()\n"),
        ("m += [Softmax(1)]\nm.x()\n", "Softmax(1)", "m.x()\n"),
        ("x = Softmax(1)(a)\n", "Softmax(1)", "x = a\n"),
    ],
)
def test_element_leaves_its_list(before: str, element: str, after: str) -> None:
    assert fixed(before, RemoveElement(place(before, element))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(x)", "f(x, training=self.training)"),
        ("f()", "f(training=self.training)"),
        ("f(x, 0.5, True)", "f(x, 0.5, self.training)"),
        ("f(x, training = True)", "f(x, training = self.training)"),
        ("f(\n\tx,\n\t0.5,  # rate\n)", "f(\n\tx,\n\t0.5,\n\ttraining=self.training,  # rate\n)"),
        ("f(x, **options)", None),
        ("f(*x)", "f(*x, training=self.training)"),
    ],
)
def test_argument_is_set(before: str, after: str | None) -> None:
    method = f"class A:\n    def g(self):\n        {before}\n"
    at = place(method, before)
    found = fixed(method, SetArgument(at, "training", (Self(at), ".training"), 2))
    assert found == (after and f"class A:\n    def g(self):\n        {after}\n")


def test_self_is_known_in_methods_only() -> None:
    text = "def g(self):\n    f(x)\n"
    at = place(text, "f(x)")
    assert fixed(text, SetArgument(at, "training", (Self(at), ".training"))) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dense(5, activation='softmax')", "Dense(5)"),
        ("Dense(5, 'softmax')", "Dense(5)"),
        ("Dense(activation='softmax', units=5)", "Dense(units=5)"),
        ("Dense(5, 'softmax', True)", None),
        ("Dense(5)", None),
    ],
)
def test_argument_is_removed(before: str, after: str | None) -> None:
    assert fixed(before, RemoveArgument(place(before, before), "activation", 1)) == after


def test_number_is_replaced_where_it_is_written_as_such() -> None:
    def changed(call: str) -> str | None:
        return fixed(call, SetArgument(place(call, call), "in_features", ("576",), 0, expected=("400",)))

    assert changed("Linear(400, 120)") == "Linear(576, 120)"
    assert changed("Linear(16 * 5 * 5, 120)") == "Linear(576, 120)"
    assert changed("Linear(in_features=400, out_features=1)") == "Linear(in_features=576, out_features=1)"
    assert changed("Linear(size, 120)") is None
    assert changed("Linear(16 * 5, 120)") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "for x in y:\n\tl.backward()  # here\n\to.step()\n",
            "for x in y:\n\to.z()\n\tl.backward()  # here\n\to.step()\n",
        ),
        ("for x in y: l.backward(); o.step()\n", "for x in y: o.z(); l.backward(); o.step()\n"),
        ("a = 1; l.backward(); o.step()", "a = 1; o.z(); l.backward(); o.step()"),
        ("a()\r\nl.backward()\r\no.step()", "a()\r\no.z()\r\nl.backward()\r\no.step()"),
        ("a = 1; \\\n l.backward(); o.step()\n", "a = 1; \\\n o.z(); l.backward(); o.step()\n"),
    ],
)
def test_statement_is_inserted_before(before: str, after: str) -> None:
    receiver = Quoted(place(before, "o.step()"), Part.RECEIVER)
    assert fixed(before, Insert(place(before, "l.backward()"), (receiver, ".z()"))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if a:\n    o.step()  # why\nb()\n", "if a:\n    o.step()  # why\n    o.z()\nb()\n"),
        ("o.step()", "o.step()\no.z()"),
        ("if a: o.step(); b()\n", "if a: o.step(); o.z(); b()\n"),
        ("if a: o.step()\n", "if a: o.step(); o.z()\n"),
        ("o.step(\n  1)\r\n", "o.step(\n  1)\r\no.z()\r\n"),
    ],
)
def test_statement_is_inserted_after(before: str, after: str) -> None:
    assert fixed(before, Insert(place(before, "o.step"), ("o.z()",), Where.AFTER)) == after


def test_statement_is_inserted_at_the_start_of_a_suite() -> None:
    text = 'def f():\n    """Why."""\n    # first\n    a()\n'
    expected = 'def f():\n    """Why."""\n    # first\n    m.eval()\n    a()\n'
    assert fixed(text, Insert(place(text, text.rstrip("\n")), ("m.eval()",), Where.INSIDE)) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a()\nb()  # why\nc()\n", "a()\n# why\nc()\n"),
        ("if a:\n    b()\n", "if a:\n    pass\n"),
        ("a(); b(); c()\n", "a(); c()\n"),
        ("a(); b()\n", "a()\n"),
        ("a(); b();  # why\n", "a();  # why\n"),
        ("@b()\ndef f(): pass\n", None),
    ],
)
def test_statement_is_removed(before: str, after: str | None) -> None:
    assert fixed(before, RemoveStatement(place(before, "b()"))) == after


def test_statement_moves_with_its_comment() -> None:
    text = "for x in y:\n    a()\n    if b:\n        o.zero_grad()  # clear\n        c()\nd()\n"
    after = "for x in y:\n    o.zero_grad()  # clear\n    a()\n    if b:\n        c()\nd()\n"
    assert fixed(text, MoveStatement(place(text, "o.zero_grad()"), place(text, "a()"))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, Linear(1))", "f(a, Flatten(), Linear(1))"),
        ("f(\r\n\ta,\r\n\tLinear(1),  # why\r\n)", "f(\r\n\ta,\r\n\tFlatten(),\r\n\tLinear(1),  # why\r\n)"),
        ("m.add(Linear(1))  # why\n", "m.add(Flatten())\nm.add(Linear(1))  # why\n"),
        ("x = Linear(1)\n", None),
    ],
)
def test_element_is_inserted_before_another(before: str, after: str | None) -> None:
    assert fixed(before, InsertElement(place(before, "Linear(1)"), ("Flatten()",))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x += y  # skip\n", "x = x + y  # skip\n"),
        ("if a: self.x  *= y + 1; b()\n", "if a: self.x  = self.x * (y + 1); b()\n"),
        ("x[i] -= f(y)\n", "x[i] = x[i] - f(y)\n"),
        ("x[f()] += y\n", None),
        ("x = y\n", None),
    ],
)
def test_augmented_assignment_is_written_out(before: str, after: str | None) -> None:
    assert fixed(before, WriteOut(place(before, "x"))) == after


def test_arguments_are_swapped() -> None:
    text = "loss = criterion(y,  # target\n                 model(x))\n"
    after = "loss = criterion(model(x),  # target\n                 y)\n"
    call = "criterion(y,  # target\n                 model(x))"
    assert fixed(text, SwapArguments(place(text, call))) == after


@pytest.mark.parametrize(
    ("imports", "name", "after"),
    [
        ("import torch\n", "torch.nn.ModuleList", "import torch\ntorch.nn.ModuleList"),
        ("from torch import nn\n", "torch.nn.ModuleList", "from torch import nn\nnn.ModuleList"),
        ("import torch.nn as n\n", "torch.nn.ModuleList", "import torch.nn as n\nn.ModuleList"),
        (
            "from torch.nn import Linear\n",
            "torch.nn.ModuleList",
            "from torch.nn import Linear\nfrom torch.nn import ModuleList\nModuleList",
        ),
        (
            "from torch.nn import ModuleList as M\n",
            "torch.nn.ModuleList",
            "from torch.nn import ModuleList as M\nM",
        ),
        ("import tensorflow as tf\n", "keras.layers.Dense", "import tensorflow as tf\ntf.keras.layers.Dense"),
        (
            "from tensorflow import keras\n",
            "keras.layers.Dense",
            "from tensorflow import keras\nkeras.layers.Dense",
        ),
        ("import numpy\n", "torch.nn.ModuleList", None),
    ],
)
def test_name_is_called_as_the_file_calls_it(imports: str, name: str, after: str | None) -> None:
    text = f"{imports}old(1)\n"
    found = fixed(text, Replace(place(text, "old(1)"), (Named(name),), Part.FUNCTION))
    assert found == (after and f"{after}(1)\n")


def test_empty_list_becomes_a_container() -> None:
    text = "import torch\nclass A:\n    def f(self):\n        self.a: list = [1]  # all\n"
    at = place(text, "self.a")
    wrapped = (Named("torch.nn.ModuleList"), "(", Quoted(at, Part.VALUE), ")")
    after = text.replace("[1]", "torch.nn.ModuleList([1])")
    assert fixed(text, Replace(at, wrapped, Part.VALUE)) == after


def test_pair_that_is_unpacked_has_no_value_of_its_own() -> None:
    text = "self.a, self.b = [1], [2]\n"
    assert fixed(text, Replace(place(text, "self.a"), ("x",), Part.VALUE)) is None


@pytest.mark.parametrize(
    ("before", "comment", "new", "after"),
    [
        ("a = 1  # nnlint: ignore[X]  why not\r\n", "# nnlint: ignore[X]", "", "a = 1\r\n"),
        ("a = 1  # nnlint: ignore[X]  # noqa\n", "# nnlint: ignore[X]", "", "a = 1  # noqa\n"),
        ("# nnlint: ignore[X]\na = 1\n", "# nnlint: ignore[X]", "", "a = 1\n"),
        (
            "a = 1  # nnlint: ignore[X, Y] why\n",
            "# nnlint: ignore[X, Y]",
            "# nnlint: ignore[Y]",
            "a = 1  # nnlint: ignore[Y] why\n",
        ),
        ("a = '# nnlint: ignore[X]'\n", "# nnlint: ignore[X]", "", None),
    ],
)
def test_comment_is_edited(before: str, comment: str, new: str, after: str | None) -> None:
    assert fixed(before, EditComment(place(before, comment), new)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a)", "f(-a.t())"),
        ("f(a + b)", "f(-(a + b).t())"),
        ("f(model(a))", "f(-model(a).t())"),
    ],
)
def test_quoted_code_stands_in_parentheses_where_it_needs_them(before: str, after: str) -> None:
    at = place(before, before)
    code = ("-", Argument(at, 0), ".t()")
    assert fixed(before, SetArgument(at, "x", code, 0)) == after


def test_argument_is_quoted_by_name_or_position() -> None:
    text = "scaler.step(optimizer=self.optimizer)\n"
    at = place(text, "scaler.step(optimizer=self.optimizer)")
    code = (Argument(at, 0, "optimizer"), ".zero_grad()")
    assert fixed(text, Insert(at, code, Where.AFTER)) == f"{text}self.optimizer.zero_grad()\n"


def test_repair_in_an_f_string_does_not_fit() -> None:
    text = "f'{F.relu(x)}'\n"
    assert fixed(text, unwrapped(place(text, "F.relu(x)"))) is None


def test_repair_of_several_changes_is_made_whole_or_not_at_all() -> None:
    text = "nn.init.constant_(w, 0.5)\n"
    at = place(text, text.rstrip())
    rename = Replace(at, ("xavier_",), Part.METHOD, expected=("constant_",))
    assert fixed(text, rename, RemoveArgument(at, "val", 1)) == "nn.init.xavier_(w)\n"
    assert fixed(text, rename, RemoveArgument(at, "val", 2)) is None
    assert fixed(text, rename, rename) is None
