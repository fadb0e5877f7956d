"""Tensors that a module keeps and means to train, and that are no parameters of it."""

from __future__ import annotations

import ast

from nnlint.network.graph import Tensor
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.language.values import Instance, Value, Weight

MOVED = "moved"
"""In the state of a weight: a device was asked for, which gives another tensor."""


def kind_of_loose(value: Value) -> str:
    """``torch.randn(3, requires_grad=True)``, and what ``nn.Parameter(...).cuda()`` gives; "" else."""
    if isinstance(value, Weight):
        return "moved parameter" if value.state.get(MOVED) is True else ""
    if not isinstance(value, Tensor) or value.operation.kind != "constant":
        return ""
    return "tensor" if value.operation.attributes.get("requires_grad") is True else ""


def is_loose(module: Instance, name: str, value: Value) -> bool:
    """The module has it under no other name, and nothing in the file hands it on by this one."""
    if any(v is value for other, v in module.state.items() if other != name):
        return False
    if isinstance(value, Weight) and value.state["trainable"] is not True:
        return False
    node, scope = module.cls.node, module.cls.scope
    text = scope.module.text if scope is not None else None
    return node is not None and text is not None and not _is_handed_on(text.tree, name)


def _is_handed_on(tree: ast.AST, name: str) -> bool:
    """``[self.w, self.b]`` for an optimizer, ``self.w.grad``, ``model.w`` from outside."""
    for node in everything(tree):
        collection = isinstance(node, ast.List | ast.Tuple | ast.Dict)
        if collection and any(_is_called(part, name) for part in ast.iter_child_nodes(node)):
            return True
        if isinstance(node, ast.Attribute) and node.attr == "grad" and _is_called(node.value, name):
            return True
        if _is_called(node, name) and not _is_own(node):
            return True
    return False


def _is_called(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name


def _is_own(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
