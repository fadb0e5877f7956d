"""The abstract interpreter: its state, and how calls are made.

Expressions and statements live in modules of their own; what libraries do lives in their models.
Design: values are joined where ways meet, unknown things absorb, and fuel bounds every entry.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nnlint.evidence.place import Place
from nnlint.network.graph import Layer, Tensor
from nnlint.network.operations import Family, apply, family
from nnlint.readers.source.facts import devices
from nnlint.readers.source.facts.trace import Round, Trace
from nnlint.readers.source.files.ledger import Reached
from nnlint.readers.source.language import expressions, statements
from nnlint.readers.source.language.attributes import get_attribute
from nnlint.readers.source.language.binding import bind
from nnlint.readers.source.language.configured import missing_argument
from nnlint.readers.source.language.frame import NO_FRAME, Frame, OutOfFuel
from nnlint.readers.source.language.heap import Heap
from nnlint.readers.source.language.joins import join, join_all
from nnlint.readers.source.language.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Class,
    DictValue,
    Function,
    Instance,
    Native,
    OneOf,
    Partial,
    Scope,
    Stream,
    Value,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.files.project import Project

MERGING = (Family.ARITHMETIC, Family.COMBINE)

MAX_DEPTH = 60
"""Calls inside calls; deeper programs are recursions that the interpreter does not decide."""

MAX_RECURSION = 12
"""The same function inside itself: enough for recursive U-Nets, not for a runaway."""

MAX_UNDECIDED = 2
"""The same when each call stands in a loop that is run twice to be summarised, or below a condition that is
not decided: the work multiplies each time."""


UNRECORDED = frozenset({"no_grad", "inference_mode"})
"""Decorators under which a body runs without autograd."""


class Interpreter:
    """State shared by everything that is interpreted for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.heap = Heap()
        self.trace = Trace()
        self.fuel = 0
        self.frames: list[Frame] = []
        self.frame: Frame = NO_FRAME  # the innermost call
        self.reached = Reached()  # functions and classes that were called
        self.failures: list[tuple[str, Exception]] = []  # in which file a model of ours failed
        self.endless: set[object] = set()  # decorators that did not come to their end
        self.unrecorded: dict[Function, Function] = {}  # what no_grad() makes of functions
        self.keys = 0
        self.looked_at: dict[object, int] = {}  # classes whose models got a call of their own, in this file
        self.guessed = False  # whether the entry runs with arguments that the program may never give
        self.choices = 0  # calls around this point of which it is not known what they call
        self.main = False  # whether ``if __name__ == "__main__"`` holds
        self.trying = False  # whether a loop runs only to see what it changes
        self.uncertain = 0  # loops around this point whose rounds are not told apart
        self.rounds: list[Round] = []  # of these, the present one

    # state

    def burn(self, amount: int = 1) -> None:
        """Use up fuel. Raises OutOfFuel when there is none left."""
        self.fuel -= amount
        if self.fuel < 0:
            raise OutOfFuel

    def place(self, node: ast.AST) -> Place:
        """Where a node of the present text stands."""
        return self.frame.text.place(node)

    def within(self, fuel: int, run: Callable[[], Value], otherwise: Value = UNKNOWN) -> Value:
        """The value of ``run``; ``otherwise`` when it takes more than ``fuel``."""
        before = self.fuel
        self.fuel = available = min(before, fuel)
        try:
            return run()
        except OutOfFuel:
            if available == before:
                raise
            return otherwise
        finally:
            self.fuel += before - available

    @contextmanager
    def anew(self, fuel: int) -> Iterator[None]:
        """Inside, nothing is known of what is under way: a module is loaded alike, whoever asks for it."""
        names = ("trace", "fuel", "main", "endless", "frames", "guessed", "choices", "trying", "uncertain")
        outer = {name: getattr(self, name) for name in (*names, "rounds", "frame")}
        self.trace, self.fuel, self.main, self.guessed, self.trying = Trace(), fuel, False, False, False
        self.endless, self.frames, self.rounds, self.choices, self.uncertain = set(), [], [], 0, 0
        self.frame = NO_FRAME
        try:
            yield
        finally:
            self.__dict__.update(outer)

    def new_key(self) -> int:
        """A number of its own for an object that events speak of."""
        self.keys += 1
        return self.keys

    def operate(
        self,
        kind: str,
        inputs: Sequence[Tensor],
        attributes: Mapping[str, Any],
        place: Place,
        *,
        name: str = "",
        layer: Layer | None = None,
    ) -> Tensor:
        """Apply an operation and record it.

        A sum below a condition that is not decided proves nothing: the condition may ask whether it fits.
        """
        result = apply(kind, inputs, attributes, place, name=name, layer=layer)
        device = devices.of_result(self, result.operation, place)
        if device is not result.device:
            result = replace(result, device=device)
        unproven = self.guessed or (self.trace.conditions and family(result.operation) in MERGING)
        if unproven:
            operation = replace(result.operation, conflict="", about="", proven=False)
            result = replace(result, operation=operation)
        if self.trace.gradients[-1] is not True:
            result = replace(result, operation=replace(result.operation, recorded=False))
        self.trace.operations.append(result.operation)
        self.trace.results.append(result)
        return result

    @contextmanager
    def entered(self, frame: Frame) -> Iterator[None]:
        """Run inside a frame."""
        outer = self.frame
        self._enter(frame)
        try:
            yield
        finally:
            self._leave(outer)

    def _enter(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.frame = frame

    def _leave(self, outer: Frame) -> None:
        self.frames.pop()
        self.frame = outer

    # calls

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """The value of ``function(*arguments)``; UNKNOWN for whatever is not understood."""
        self.burn()
        if isinstance(function, Function):
            return self.call_function(function, arguments, node)
        if isinstance(function, Native):
            return function.code(Call(self, node), arguments)
        if isinstance(function, Bound):
            bound = Arguments(
                [function.receiver, *arguments.positional],
                arguments.keywords,
                arguments.open,
                ("", *arguments.names),
            )
            events, operations = len(self.trace.events), len(self.trace.operations)
            value = self.call(function.function, bound, node)
            if len(self.trace.events) > events and isinstance(function.function, Function):
                from nnlint.readers.source.libraries.torch.methods import gathered

                gathered(Call(self, node), function, events, operations)
            return value
        if isinstance(function, Class):
            return self.construct(function, arguments, node)
        if isinstance(function, Instance):
            return self.call_method(function, "__call__", arguments, node)
        if isinstance(function, Partial):
            first = function.arguments
            merged = Arguments(
                [*first.positional, *arguments.positional],
                {**first.keywords, **arguments.keywords},
                first.open or arguments.open,
            )
            return self.call(function.function, merged, node)
        if isinstance(function, OneOf):
            return self.call_each(function, arguments, node)
        return self.project.libraries.call_unknown(Call(self, node), function, arguments)

    def call_each(self, function: OneOf, arguments: Arguments, node: ast.AST) -> Value:
        """Call every alternative from the same state and join results and states."""
        results, ways = [], []
        with self.heap.recording() as mark, self.trace.condition(), self.choosing():
            for option in function.options:
                results.append(self.call(option, arguments, node))
                ways.append(self.heap.undo(mark))
            self.heap.join(ways, join)
        return join_all(results)

    @contextmanager
    def choosing(self) -> Iterator[None]:
        """Inside, one of several values is called, and it is not known which."""
        self.choices += 1
        try:
            yield
        finally:
            self.choices -= 1

    def call_method(self, receiver: Value, name: str, arguments: Arguments, node: ast.AST) -> Value:
        """Call a method by name."""
        method = (
            receiver.cls.find(name)
            if isinstance(receiver, Instance) and name.startswith("__")
            else get_attribute(self, receiver, name)
        )
        if method is MISSING:
            return self.project.libraries.call_unknown(Call(self, node), UNKNOWN, arguments)
        if isinstance(receiver, Instance) and name.startswith("__"):
            method = bind(method, receiver)
        return self.call(method, arguments, node)

    def construct(self, cls: Class, arguments: Arguments, node: ast.AST) -> Value:
        """A new instance; ``__init__`` is run by its class."""
        if cls.node is not None:
            self.reached.add(id(cls.node))
        maker = cls.find("__new__")
        if isinstance(maker, Native):
            given = Arguments(
                [cls, *arguments.positional], arguments.keywords, arguments.open, ("", *arguments.names)
            )
            return maker.code(Call(self, node), given)
        instance = Instance(cls, {}, self.place(node), self.new_key())
        initializer = cls.find("__init__")
        if initializer is not MISSING:
            self.call(bind(initializer, instance), arguments, node)
        elif cls.opaque:
            self.trace.hosted.append((instance, arguments))
        return instance

    def call_function(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """Interpret the body of a function of the program."""
        self.burn(2)
        self.reached.add(id(function.node))
        if self._runs_away(function):
            self.trace.opaque += 1
            return UNKNOWN
        scope = Scope({}, function.scope.module, function.scope)
        self.bind_parameters(function, arguments, scope)
        frame = Frame(function, scope, function.text, undecided=self._undecided(), call=node)
        frame.ahead = len(arguments.positional) - (len(node.args) if isinstance(node, ast.Call) else 0)
        outer, functions, calls = self.frame, self.trace.functions, self.trace.calls_here
        self.trace.functions, self.trace.calls_here = (*functions, function.name), (*calls, self.place(node))
        self._enter(frame)
        try:
            value = self._run(function, frame)
            if "prob" in function.name:
                self.project.libraries.returned(self, function, value)
            return value
        finally:
            self._leave(outer)
            self.trace.functions, self.trace.calls_here = functions, calls

    def at_home(self, function: Function) -> AbstractContextManager[None]:
        """Inside, the text is that of a function, which its nodes have their places in."""
        module = function.scope.module
        return self.entered(Frame(None, Scope(module.state, module, kind="module"), function.text))

    def call_from_outside(self, function: Function, arguments: Arguments) -> Value:
        """Call a function as a framework does: it may stand in another file than what is read."""
        with self.at_home(function):
            return self.call_function(function, arguments, function.node)

    def _runs_away(self, function: Function) -> bool:
        """Whether one more call of it would go deeper than anything that the interpreter decides."""
        frames, node = self.frames, function.node
        if len(frames) >= MAX_DEPTH:
            return True
        same = [f.undecided for f in frames if f.function is not None and f.function.node is node]
        if len(same) <= MAX_UNDECIDED:
            return False
        open_calls = sum(after > before for before, after in pairwise([*same, self._undecided()]))
        return len(same) >= MAX_RECURSION or open_calls > MAX_UNDECIDED

    def _undecided(self) -> int:
        return self.uncertain + len(self.trace.branches)

    def _run(self, function: Function, frame: Frame) -> Value:
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body)
        if statements.is_generator(function.node):
            frame.yields = []
        if function.decorators & UNRECORDED:
            with self.trace.recording_gradients(False):
                value = statements.run_body(self, function.node.body, frame)
        else:
            value = statements.run_body(self, function.node.body, frame)
        if frame.yields is not None:
            return self._generated(frame)
        return value

    def _generated(self, frame: Frame) -> Value:
        assert frame.yields is not None
        if not frame.uncertain_yields:
            return new_list(tuple(frame.yields))
        return Stream(join_all(frame.yields))

    def bind_parameters(self, function: Function, arguments: Arguments, scope: Scope) -> None:
        """Give each parameter its argument, default, or UNKNOWN."""
        spec = function.node.args
        positional = [*spec.posonlyargs, *spec.args]
        given = list(arguments.positional)
        keywords = dict(arguments.keywords)
        first_default = len(positional) - len(function.defaults)
        for index, parameter in enumerate(positional):
            name = parameter.arg
            if index < len(given):
                value = given[index]
            elif name in keywords:
                value = keywords.pop(name)
            elif arguments.open:
                value = UNKNOWN
            elif index >= first_default:
                value = function.defaults[index - first_default]
            else:
                value = missing_argument(self, function, parameter)
            scope.variables[name] = value
        if spec.vararg:
            rest = given[len(positional) :]
            scope.variables[spec.vararg.arg] = UNKNOWN if arguments.open else tuple(rest)
        for parameter in spec.kwonlyargs:
            name = parameter.arg
            default = UNKNOWN if arguments.open else function.keyword_defaults.get(name, UNKNOWN)
            scope.variables[name] = keywords.pop(name, default)
        if spec.kwarg:
            state = dict(keywords)
            if arguments.open:
                state[OPEN] = True  # type: ignore[index]
            scope.variables[spec.kwarg.arg] = DictValue(state)

    # evaluation, in its own module

    def evaluate(self, node: ast.expr) -> Value:
        """The value of an expression."""
        return expressions.evaluate(self, node)
