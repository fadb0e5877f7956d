"""Schedules with a warm-up: functions that make torch's own schedulers (transformers.optimization)."""

from __future__ import annotations

from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Native, Value
from nnlint.readers.source.libraries.torch.schedulers import SCHEDULER

FUNCTIONS = (
    *("get_constant_schedule", "get_constant_schedule_with_warmup", "get_linear_schedule_with_warmup"),
    *("get_cosine_schedule_with_warmup", "get_cosine_with_hard_restarts_schedule_with_warmup"),
    *("get_polynomial_decay_schedule_with_warmup", "get_inverse_sqrt_schedule", "get_wsd_schedule"),
    *("get_cosine_with_min_lr_schedule_with_warmup", "get_adafactor_schedule", "get_scheduler"),
)
PACKAGES = ("transformers", "transformers.optimization", "diffusers.optimization")


def _function(name: str) -> Native:
    """A function that gives a schedule of its argument ``optimizer``; the rate of that is the highest."""
    made = library_class(f"transformers.{name}", (SCHEDULER,))
    signature = "name optimizer" if name == "get_scheduler" else "optimizer"

    def run(call: Call, arguments: Arguments) -> Value:
        optimizer = bind_signature(signature, arguments).get("optimizer", UNKNOWN)
        return call.interpreter.construct(made, Arguments([optimizer]), call.node)

    return native(name, run)


SYMBOLS: dict[str, Value] = {
    f"{package}.{name}": _function(name) for package in PACKAGES for name in FUNCTIONS
}
