"""Shapes of the parameters of torch's layers, from what their constructors are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnlint.network.graph import Initialization
from nnlint.network.size import Size, divide, multiply
from nnlint.readers.source.language.values import ListValue, Value
from nnlint.readers.source.libraries.weights import size_of

Bound = Mapping[str, Value]
Shapes = Callable[[Bound], Mapping[str, tuple[Size, ...]]]


def linear(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    """Weight (out, in) and bias."""
    out, into = size_of(bound["out_features"]), size_of(bound["in_features"])
    return _with_bias(bound, {"weight": (out, into)}, out)


def _with_bias(
    bound: Bound, shapes: dict[str, tuple[Size, ...]], out: Size
) -> Mapping[str, tuple[Size, ...]]:
    if bound.get("bias") is True:
        shapes["bias"] = (out,)
    elif bound.get("bias") is not False:
        shapes["bias"] = (None,)
    return shapes


def conv(dims: int, transposed: bool = False) -> Shapes:
    """Weight (out, in / groups, *kernel) and bias; transposed (in, out / groups, *kernel)."""

    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        out, into = size_of(bound["out_channels"]), size_of(bound["in_channels"])
        groups, kernel = size_of(bound["groups"]), spread(bound["kernel_size"], dims)
        head = (into, divide(out, groups)) if transposed else (out, divide(into, groups))
        return _with_bias(bound, {"weight": (*head, *kernel)}, out)

    return shapes


def spread(value: Value, count: int) -> tuple[Size, ...]:
    """A size given once or per axis, as ``count`` sizes."""
    items = value.items if isinstance(value, ListValue) else value
    if isinstance(items, tuple):
        return tuple(size_of(v) for v in items) if len(items) == count else (None,) * count
    return (size_of(items),) * count


def norm(features: str) -> Shapes:
    """Weight and bias over the normalised sizes, none where the layer is not affine."""

    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        affine = bound.get("affine", bound.get("elementwise_affine", True))
        if affine is False:
            return {}
        size = bound[features]
        items = size.items if isinstance(size, ListValue) else size
        sizes = tuple(size_of(v) for v in items) if isinstance(items, tuple) else (size_of(items),)
        if affine is not True:
            sizes = (None,) * len(sizes)
        return {"weight": sizes} if bound.get("bias") is False else {"weight": sizes, "bias": sizes}

    return shapes


def recurrent(gates: int) -> Shapes:
    """Weights and biases of each layer and direction; ``gates`` times the hidden size in a row."""

    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        into, hidden = size_of(bound["input_size"]), size_of(bound["hidden_size"])
        layers, both = bound.get("num_layers"), bound.get("bidirectional")
        projected = size_of(bound.get("proj_size", 0))
        if not isinstance(layers, int) or not isinstance(both, bool) or projected is None:
            return {"weight_ih_l0": (None, None)}
        found: dict[str, tuple[Size, ...]] = {}
        rows, given = multiply(hidden, gates), projected or hidden
        for layer in range(min(layers, 64)):
            width = into if layer == 0 else multiply(given, 2 if both else 1)
            for end in ("", "_reverse") if both else ("",):
                found |= {
                    f"weight_ih_l{layer}{end}": (rows, width),
                    f"weight_hh_l{layer}{end}": (rows, given),
                }
                if projected:
                    found[f"weight_hr_l{layer}{end}"] = (projected, hidden)
                if bound.get("bias") is not False:
                    found |= {f"bias_ih_l{layer}{end}": (rows,), f"bias_hh_l{layer}{end}": (rows,)}
        return found

    return shapes


def cell(gates: int) -> Shapes:
    """Weights and biases of one step."""

    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        into, hidden = size_of(bound["input_size"]), size_of(bound["hidden_size"])
        rows = multiply(hidden, gates)
        found: dict[str, tuple[Size, ...]] = {"weight_ih": (rows, into), "weight_hh": (rows, hidden)}
        if bound.get("bias") is not False:
            found |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        return found

    return shapes


def embedding(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    """A row for each entry."""
    return {"weight": (size_of(bound["num_embeddings"]), size_of(bound["embedding_dim"]))}


def attention(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
    """Projections into queries, keys and values, and out of them."""
    width = size_of(bound["embed_dim"])
    if bound.get("kdim") is not None or bound.get("vdim") is not None:
        return {"in_proj_weight": (None, None), "out_proj.weight": (width, width)}
    found: dict[str, tuple[Size, ...]] = {
        "in_proj_weight": (multiply(width, 3), width),
        "out_proj.weight": (width, width),
    }
    if bound.get("bias") is not False:
        found |= {"in_proj_bias": (multiply(width, 3),), "out_proj.bias": (width,)}
    return found


def transformer(attentions: tuple[str, ...]) -> Shapes:
    """A block: one attention or two, two linear layers, and a norm behind each of them."""

    def shapes(bound: Bound) -> Mapping[str, tuple[Size, ...]]:
        width, inner, bias = (bound.get(name) for name in ("d_model", "dim_feedforward", "bias"))
        found: dict[str, tuple[Size, ...]] = {}
        for name in attentions:
            part = attention({"embed_dim": width, "bias": bias})
            found |= {f"{name}.{key}": sizes for key, sizes in part.items()}
        for name, out, into in (("linear1", inner, width), ("linear2", width, inner)):
            part = linear({"in_features": into, "out_features": out, "bias": bias})
            found |= {f"{name}.{key}": sizes for key, sizes in part.items()}
        for n in range(1, len(attentions) + 2):
            part = norm("normalized_shape")({"normalized_shape": width, "bias": bias})
            found |= {f"norm{n}.{key}": sizes for key, sizes in part.items()}
        return found

    return shapes


def initial_of_transformer(ones: Initialization, zeros: Initialization) -> Mapping[str, Initialization]:
    """What norms start with."""
    return {f"norm{n}.{key}": value for n in (1, 2, 3) for key, value in (("weight", ones), ("bias", zeros))}
