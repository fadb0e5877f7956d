"""Ready models of transformers: a body that is not followed, and the head that is put on it.

``from_pretrained`` gives a model in evaluation mode (documentation of PreTrainedModel). What it gives when it
is called is a ``ModelOutput``: ``logits`` of the head, and a ``loss`` where labels are among the arguments.
Nothing is claimed of the body but that it has weights and dropout.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.network.graph import Initialization, Tensor
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Instance,
    Native,
    Value,
)
from nnlint.readers.source.libraries.modules import OUTPUTS, all_weights
from nnlint.readers.source.libraries.torch.backbones import built_in
from nnlint.readers.source.libraries.torch.modules import MODULE, init_module

BODIES = (
    *("Auto", "Albert", "Bart", "Bert", "BertGeneration", "BigBird", "Camembert", "Deberta", "DebertaV2"),
    *("DistilBert", "Electra", "GPT2", "GPTNeo", "Llama", "Longformer", "MPNet", "OPT", "Roberta"),
    *("XLMRoberta", "XLNet", "ViT", "Swin", "ConvNext", "ResNet", "DeiT", "Beit", "Wav2Vec2", "Hubert"),
    *("T5", "MT5", "Gemma", "Mistral", "Qwen2", "Phi", "AutoModel"),
)

HEADS: dict[str, str] = {
    "ForSequenceClassification": "classifier",
    "ForTokenClassification": "classifier",
    "ForImageClassification": "classifier",
    "ForAudioClassification": "classifier",
    "ForMultipleChoice": "classifier",
    "ForQuestionAnswering": "qa_outputs",
    "ForCausalLM": "lm_head",
    "LMHeadModel": "lm_head",
    "ForMaskedLM": "lm_head",
    "ForConditionalGeneration": "lm_head",
    "ForSeq2SeqLM": "lm_head",
    "Model": "",
}
"""Ending of a class's name -> the attribute that holds its last layer; "" for a body alone."""

ROWS = ("ForSequenceClassification", "ForImageClassification", "ForAudioClassification")
"""Heads that give one row of scores for each sample; the others give one for each token."""

DROPOUT = 0.1
"""The rate that nearly all configurations of transformers start from."""

LABELS = ("labels", "label_ids", "start_positions")


def _item(call: Call, arguments: Arguments) -> Value:
    """``outputs["logits"]``; ``outputs[0]``: the loss if there is one, else what comes first."""
    output, index = arguments.positional[0], arguments.get(1, "index", UNKNOWN)
    if isinstance(index, str):
        return output.state.get(index, UNKNOWN)
    given = list(output.state.values())
    return given[index] if isinstance(index, int) and 0 <= index < len(given) else UNKNOWN


OUTPUT = library_class(
    OUTPUTS,
    (OBJECT,),
    {
        "__getitem__": native("__getitem__", _item),
        "__getattr__": native("__getattr__", lambda call, arguments: UNKNOWN),
        "get": native("get", _item),
        "to_tuple": native("to_tuple", lambda call, arguments: tuple(arguments.positional[0].state.values())),
    },
)


def _output(call: Call, **values: Value) -> Instance:
    return Instance(OUTPUT, values, call.place, call.interpreter.new_key())


def _made(cls: Class, head: str, trained: bool) -> Native:
    """``from_pretrained`` and ``from_config`` of a class."""

    def run(call: Call, arguments: Arguments) -> Value:
        i, write = call.interpreter, call.interpreter.heap.write
        model = Instance(cls, {}, call.place, i.new_key())
        init_module(call, Arguments([model]))
        origin = {"factory": cls.api, "pretrained": trained, "made": call.place}
        write(model.state, "_origin", origin)
        write(model.state, "body_norm", built_in(call, "LayerNorm", UNKNOWN))
        write(model.state, "body_dropout", built_in(call, "Dropout", DROPOUT))
        if head:
            count = arguments.keywords.get("num_labels", UNKNOWN)
            write(model.state, head, built_in(call, "Linear", UNKNOWN, count))
        for _, weight in all_weights(model):
            kind = "loaded" if trained else "unknown"
            write(weight.state, "initialization", Initialization(kind, {}, call.place))
        if trained:
            i.call_method(model, "eval", Arguments([]), call.node)
        return model

    return native("from_pretrained" if trained else "from_config", run, "static")


def _forward(head: str, row: bool) -> Native:
    def run(call: Call, arguments: Arguments) -> Value:
        model, i = arguments.positional[0], call.interpreter
        i.trace.opaque += 1  # the body is not followed
        given = [value for value in arguments.after_self().all() if isinstance(value, Tensor)]
        inputs = given[:1] or [as_tensor(i, UNKNOWN, call.node)]
        first = inputs[0].shape
        batch = first.axis(0) if first.rank else None
        sizes = (batch, None) if row else (batch, None, None)
        known = {"shape": Shape(sizes), **model.state.get("_origin", {})}
        hidden = i.operate("unknown", inputs, known, call.place, name="body")
        for part in ("body_norm", "body_dropout", head):
            layer = model.state.get(part, MISSING)
            if isinstance(layer, Instance):
                hidden = i.call(layer, Arguments([hidden]), call.node)
            elif part and layer is not MISSING:
                hidden = as_tensor(i, UNKNOWN, call.node)
        name = "logits" if head else "last_hidden_state"
        return _output(call, **dict(_losses(call, arguments, hidden)), **{name: hidden})

    return native("forward", run)


def _losses(call: Call, arguments: Arguments, scores: Value) -> Iterator[tuple[str, Value]]:
    """``loss``, where labels are given or may be among what is unpacked."""
    if arguments.open or any(name in arguments.keywords for name in LABELS):
        inputs = (scores,) if isinstance(scores, Tensor) else ()
        attributes = {"requires_grad": True, "shape": Shape(()), "reduction": "mean"}
        yield "loss", call.interpreter.operate("unknown", inputs, attributes, call.place, name="loss")


def _class(name: str, ending: str) -> Class:
    head = HEADS[ending]
    state = {"forward": _forward(head, ending in ROWS)}
    cls = library_class(f"transformers.{name}", (MODULE,), state)
    cls.opaque = True
    cls.state["from_pretrained"] = _made(cls, head, trained=True)
    cls.state["from_config"] = _made(cls, head, trained=False)
    return cls


SYMBOLS: dict[str, Value] = {
    f"transformers.{body}{ending}": _class(f"{body}{ending}", ending) for body in BODIES for ending in HEADS
}
