"""Attention: the fused function, and which of its masks a layer is given."""

from __future__ import annotations

from nnlint.readers.source.facts.gates import gated, owner_name
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value

FUNCTION = (
    "query key value attn_mask=None dropout_p=0.0 is_causal=False scale=None enable_gqa=False sink=None"
)
MASKS: dict[str, tuple[str, tuple[str, str]]] = {
    "MultiheadAttention": (
        "query key value key_padding_mask=None need_weights=True attn_mask=None average_attn_weights=True"
        " is_causal=False",
        ("attn_mask", "is_causal"),
    ),
    "TransformerEncoderLayer": (
        "src src_mask=None src_key_padding_mask=None is_causal=False",
        ("src_mask", "is_causal"),
    ),
    "TransformerDecoderLayer": (
        "tgt memory tgt_mask=None memory_mask=None tgt_key_padding_mask=None memory_key_padding_mask=None"
        " tgt_is_causal=False memory_is_causal=False",
        ("tgt_mask", "tgt_is_causal"),
    ),
}
"""Layer -> signature of its forward, and what keeps positions from seeing each other."""


def masked(layer: str, arguments: Arguments) -> bool | None:
    """Whether a layer is given a mask of positions or told to be causal, None when not known."""
    if layer not in MASKS:
        return None
    signature, names = MASKS[layer]
    bound = bind_signature(signature, arguments)
    return _any_mask(*(bound[name] for name in names))


def _any_mask(mask: Value, causal: Value) -> bool | None:
    if mask is None and causal in (False, None):
        return False
    return None if mask is UNKNOWN or causal is UNKNOWN else True


def _attention(call: Call, arguments: Arguments) -> Value:
    i = call.interpreter
    bound = bind_signature(FUNCTION, arguments)
    inputs = [as_tensor(i, bound[name], call.node) for name in ("query", "key", "value")]
    rate = bound["dropout_p"]
    attributes = {
        "p": rate if isinstance(rate, int | float) else UNKNOWN,
        "masked": _any_mask(bound["attn_mask"], bound["is_causal"]),
        "gated": gated(i, call.node),
        "owner": owner_name(i),
    }
    return i.operate("scaled_dot_product", inputs, attributes, call.place)


SYMBOLS: dict[str, Value] = {
    "torch.nn.functional.scaled_dot_product_attention": native("F.scaled_dot_product_attention", _attention)
}
