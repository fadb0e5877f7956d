"""One thread beside that of the protocol, where nnlint runs; what is not wanted any more ends early."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from nnlint.dataclass import dataclass

T = TypeVar("T")

STACK = 64 * 2**20
"""Bytes: the reader of source recurses with the program, and threads of some systems have little."""


class Superseded(BaseException):
    """The text has changed meanwhile. No Exception, since readers and checks survive those."""


@dataclass
class Turn:
    """The wish for a result; it can be taken back."""

    superseded: bool = False

    def __call__(self, _: str = "") -> None:
        """Go on, or raise Superseded: the progress of a run."""
        if self.superseded:
            raise Superseded


class Thread:
    """Calls in order, one at a time. It holds up no exit."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], Turn, asyncio.Future[Any]]] = SimpleQueue()
        before = threading.stack_size(STACK)
        threading.Thread(target=self._work, name="nnlint", daemon=True).start()
        threading.stack_size(before)

    def run(self, call: Callable[[], T], turn: Turn) -> asyncio.Future[T]:
        """The result of ``call``; cancelled when ``turn`` is superseded."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put((call, turn, future))
        return future

    def _work(self) -> None:
        while True:
            call, turn, future = self._calls.get()
            result, error = None, None
            try:
                turn()
                result = call()
            except BaseException as raised:
                error = raised
            try:
                future.get_loop().call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the server has ended
                return


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if isinstance(error, Superseded):
        future.cancel()
    elif error is not None:
        future.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
    else:
        future.set_result(result)
