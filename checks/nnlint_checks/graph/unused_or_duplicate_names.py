"""OX112: names of an ONNX graph that are used twice, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.onnx import Graph
from nnlint.finding import Finding


@check("OX112", level=HINT)
def unused_or_duplicate_names(graph: Graph) -> Iterator[Finding]:
    """An input is not read, two nodes share a name, or a domain is not imported.

    Why: callers must fill inputs that change nothing; tools that find nodes by name find the wrong one; an
    operator without its domain's version is nobody's.
    Source: ONNX specification, Names Within a Graph, Operator Sets.

    Fires:
        Two nodes are called fc.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        # expect model.onnx hint: [OX112]
        nodes = [h.make_node("Tanh", ["x"], ["t"], name="fc"), h.make_node("Neg", ["t"], ["y"], name="fc")]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph(nodes, "net", [x], [y])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        Nodes need no names.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        nodes = [h.make_node("Tanh", ["x"], ["t"]), h.make_node("Neg", ["t"], ["y"])]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph(nodes, "net", [x], [y])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    if not graph.nodes:
        yield Finding(graph.place, "the graph has no nodes", "export the model again")
        return
    read = {i for n in graph.nodes for i in (*n.inputs, *n.captured)} | {o.name for o in graph.outputs}
    for value in graph.inputs:
        if value.name not in read:
            yield Finding(value.place, f"no node reads the input '{value.name}'", "take it out of the graph")
    counts = Counter(n.name for n in graph.nodes if n.name)
    for name, count in counts.items():
        if count > 1:
            node = next(n for n in graph.nodes if n.name == name)
            yield Finding(
                node.place, f"{count} nodes are called '{name}'", "give each node a name of its own"
            )
    imported = {d or "ai.onnx" for d in graph.opsets}
    missing = {n.domain or "ai.onnx": n for n in graph.nodes if (n.domain or "ai.onnx") not in imported}
    for domain, node in missing.items():
        yield Finding(
            node.place, f"no version of the domain '{domain}' is imported", "add it to opset_import"
        )
