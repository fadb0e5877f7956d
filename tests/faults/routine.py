"""Faults of how a program trains: its seeds, batches, epochs, records, devices, and what it holds out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import (
    Edit,
    Finder,
    all_of,
    blocks,
    calls,
    drop,
    expression,
    is_trained,
    keyword,
    numbers,
    parents,
    replace,
    statements,
    without,
)
from tests.faults.programs import Program, last_name

TRAINED_BEFORE = ("from_pretrained", "pretrained=True", "weights=", "models.")
"""What programs say that start from trained weights."""
DEVICE = re.compile(r"device|cuda|dev")
ACCELERATORS = ("cuda", "mps")
ARRAYS = ("randn", "rand", "zeros", "ones", "arange", "full", "normal", "linspace")


def given_dropped(name: str, *functions: str) -> Finder:
    """An argument is left out of all calls of these functions, in programs that train from scratch."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        if program.mentions(*TRAINED_BEFORE):
            return
        for call in calls(tree, *functions):
            if keyword(call, name) is not None:
                yield without(call, name)

    return find


def called_otherwise(old: str, new: str, *needs: str) -> Finder:
    """Another function or class is called with the same arguments, of which it must be given ``needs``."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for call in calls(tree, old):
            there = [keyword(call, name) for name in needs]
            if all(k is not None and _is_positive(k.value) for k in there):
                yield partial(_rename, call, new)

    return find


def _is_positive(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value > 0


def _rename(call: ast.Call, name: str) -> None:
    if isinstance(call.func, ast.Name):
        call.func = expression(f"torch.optim.{name}")
    elif isinstance(call.func, ast.Attribute):
        call.func.attr = name


def not_moved(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Inputs, or labels, of a training step stay on the CPU."""
    up = parents(tree)
    if "DataParallel" in ast.unparse(tree) or program.mentions("Accelerator", "Fabric"):
        return
    if not program.mentions(*ACCELERATORS):
        return  # all of it is on the CPU
    for assign in all_of(tree, ast.Assign):
        if not is_trained(assign, up):
            continue
        for call in calls(assign.value, "to", "cuda"):
            moved = call.func.value if isinstance(call.func, ast.Attribute) else None
            asks = last_name(call.func) == "cuda" or any(DEVICE.search(ast.unparse(a)) for a in call.args)
            if isinstance(moved, ast.Name) and moved.id not in ("model", "net") and asks:
                yield partial(replace, tree, call, moved)


def made_on_cpu(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """A tensor is made without its device."""
    if not program.mentions(*ACCELERATORS):
        return
    for call in calls(tree, *ARRAYS):
        if keyword(call, "device") is not None:
            yield without(call, "device")
    for call in calls(tree, "to", "type_as"):
        inner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(inner, ast.Call) and last_name(inner.func) in ARRAYS:
            yield partial(replace, tree, call, inner)


def buffer_as_attribute(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``self.mask = ...`` for ``register_buffer``."""
    if not program.mentions(*ACCELERATORS):
        return
    for block, line, call in statements(tree, "register_buffer"):
        if isinstance(call.args[0], ast.Constant) and len(call.args) > 1:
            text = f"self.{call.args[0].value} = {ast.unparse(call.args[1])}"
            yield partial(block.__setitem__, block.index(line), ast.parse(text).body[0])


def unseeded(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Nothing is seeded any more."""
    if len(program.files) > 1:
        return
    seeds = re.compile(r"seed", re.IGNORECASE)
    lines = [(b, s) for b in blocks(tree) for s in b if seeds.search(ast.unparse(s)) and _is_plain(s)]
    left = len(re.findall("seed|random_state|Generator", ast.unparse(tree), re.IGNORECASE))
    gone = sum(
        len(re.findall("seed|random_state|Generator", ast.unparse(s), re.IGNORECASE)) for _, s in lines
    )
    if lines and left == gone:
        yield lambda: [drop(b, s) for b, s in lines]


def _is_plain(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr | ast.Assign | ast.AnnAssign)


def one_sample(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The training loader has batches of one."""
    for call in calls(tree, "DataLoader"):
        shuffle, size = keyword(call, "shuffle"), keyword(call, "batch_size")
        if shuffle is not None and ast.unparse(shuffle.value) == "True" and size is not None:
            yield without(call, "batch_size")


def one_epoch(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The loop over epochs runs once, in a program that neither starts from trained weights nor reads a stream."""
    if program.mentions(*TRAINED_BEFORE, "IterableDataset"):
        return
    for loop in all_of(tree, ast.For):
        named = re.fullmatch(r"epochs?|ep", ast.unparse(loop.target))
        if named and isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) == "range":
            yield partial(setattr, loop.iter, "args", [ast.Constant(1)])


def not_clipped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Clipping is missing in a program with recurrent layers."""
    if not program.mentions("nn.LSTM", "nn.GRU", "nn.RNN"):
        return
    found = [(b, s) for b, s, _ in statements(tree, "clip_grad_norm_", "clip_grad_value_")]
    if found:
        yield lambda: [drop(b, s) for b, s in found]


def summed(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The loss is a sum over the batch."""
    for call in calls(tree, "CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "NLLLoss", "L1Loss"):
        if keyword(call, "reduction") is None:
            yield partial(call.keywords.append, ast.keyword("reduction", ast.Constant("sum")))


FIGURE = re.compile(r"loss|acc|hist|score|metric", re.IGNORECASE)


def nothing_told(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """All that is printed, drawn or logged is not; ``fit`` and trainers tell of themselves how it goes."""
    if not program.mentions(".backward(") or program.mentions("Trainer(", "manual_backward"):
        return
    told = statements(tree, "print", "info", "append", "log", "add_scalar", "set_postfix", "plot")
    found = [
        (b, s) for b, s, call in told if last_name(call.func) != "append" or FIGURE.search(ast.unparse(call))
    ]
    trains = {f.name for f in all_of(tree, ast.FunctionDef) if calls(f, "backward")}
    if found and len(program.files) == 1 and not any(calls(s, *trains) for _, s in found):
        yield lambda: [drop(b, s) for b, s in found]


def not_augmented(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The random transforms are missing, in a program that does not start from trained weights."""
    if program.mentions(*TRAINED_BEFORE, "pretrained"):
        return
    lists = [a for call in calls(tree, "Compose") for a in call.args if isinstance(a, ast.List)]
    random = [
        (a, s) for a in lists for s in a.elts if re.search(r"Random\w+|Jitter|HorizontalFlip", ast.unparse(s))
    ]
    if random:
        yield lambda: [a.elts.remove(s) for a, s in random]


def loaded_alone(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """No workers to read files; the small sets of torchvision lie in memory."""
    if program.mentions("MNIST(", "CIFAR10"):
        return
    for call in calls(tree, "DataLoader"):
        shuffle = keyword(call, "shuffle")
        trains = shuffle is not None and ast.unparse(shuffle.value) != "False"
        if keyword(call, "num_workers") is not None and trains:
            yield without(call, "num_workers")


def test_split_chooses(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """What decides during training is called, and is, the test split; there was no other one."""
    acts = program.mentions("best", "EarlyStopping", "ReduceLROnPlateau")
    if acts and len(program.files) == 1 and not program.mentions("test"):
        names = [n for n in ast.walk(tree) if HELD_OUT.search(_text(n))]
        if names:
            yield lambda: [_rename_split(n) for n in names]


HELD_OUT = re.compile(r"val(id)?(?![a-z])")


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return (
        getattr(node, "id", "") or getattr(node, "arg", "") or ""
        if isinstance(node, ast.Name | ast.arg)
        else ""
    )


def _rename_split(node: ast.AST) -> None:
    if isinstance(node, ast.Constant):
        node.value = HELD_OUT.sub("test", str(node.value))
    elif isinstance(node, ast.Name):
        node.id = HELD_OUT.sub("test", node.id)
    elif isinstance(node, ast.arg):
        node.arg = HELD_OUT.sub("test", node.arg)


def other_model(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The optimiser holds the parameters of a network that nobody uses."""
    for call in calls(tree, "SGD", "Adam", "AdamW", "RMSprop"):
        first = call.args[0] if call.args else None
        if not isinstance(first, ast.Call) or ast.unparse(first) not in (
            "model.parameters()",
            "net.parameters()",
        ):
            continue
        if not program.mentions("configure_optimizers", "prepare(", "fabric"):
            yield partial(replace, tree, first, expression("torch.nn.Linear(8, 8).parameters()"))


def literal_in_place(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """A call has another number than the constant of that name."""
    constants = {
        s.targets[0].id: s.value
        for s in tree.body
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and list(numbers([s.value]))
    }
    for call in calls(tree, "DataLoader", "SGD", "Adam", "AdamW", "fit"):
        if last_name(call.func) == "DataLoader" and keyword(call, "shuffle") is None:
            continue  # an evaluation may have batches of its own
        for given in call.keywords:
            named = given.value.id if isinstance(given.value, ast.Name) else ""
            known = constants.get(named)
            same = named.upper() in ("LR", "RATE", "LEARNING_RATE", "BATCH", "BATCH_SIZE", "EPOCHS")
            if given.arg in ("batch_size", "lr", "epochs") and isinstance(known, ast.Constant) and same:
                yield partial(setattr, given, "value", ast.Constant(known.value * 2))


def all_in_one_batch(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The test loader has one batch of as many images as there are."""
    if not program.mentions("MNIST(", "CIFAR10("):
        return
    for assign in all_of(tree, ast.Assign):
        for call in calls(assign.value, "DataLoader"):
            size = keyword(call, "batch_size")
            if size is not None and re.search("test", ast.unparse(assign.targets[0])):
                yield partial(setattr, size, "value", ast.Constant(10_000))
