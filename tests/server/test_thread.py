"""Runs beside the protocol: one at a time, and none for a text that is no more."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from nnlint.server.thread import Thread, Turn

ENOUGH = 30  # seconds


def test_superseded_run_ends_and_the_next_one_begins() -> None:
    began, turn = Event(), Turn()

    def endless() -> None:
        while True:
            try:
                began.set()
                turn("a file")
            except Exception:
                raise AssertionError("a reader that survives faults must not survive this") from None

    async def both() -> int:
        thread = Thread()
        first = thread.run(endless, turn)
        await asyncio.to_thread(began.wait, ENOUGH)
        second = thread.run(lambda: 2, Turn())
        turn.superseded = True
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(asyncio.wait_for(both(), ENOUGH)) == 2


def test_faults_of_a_run_are_those_of_its_result() -> None:
    async def failing() -> None:
        await Thread().run(lambda: 1 // 0, Turn())

    with pytest.raises(ZeroDivisionError):
        asyncio.run(failing())
