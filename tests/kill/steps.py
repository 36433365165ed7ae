"""Where a process can die: named steps, armed in the process that is to die there. The product has no hook.

Owns: the names of all steps, and what has to lie before a start for it to come to each. The steps at Discord's
side and those that need no name in the code are taken by the one who watches (`tests.kill.run`).
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import signal
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiosqlite

Work = Callable[..., Coroutine[Any, Any, Any]]


class Need(StrEnum):
    """What a start must find, to come to a step."""

    NEWS = "news"
    """A source whose list has changed."""
    DUE = "due"
    """A channel that is due, and papers for it."""
    SILENCE = "silence"
    """A channel that is due, and no papers."""
    OPEN = "open"
    """A delivery that was claimed and not marked."""
    WEEK = "week"
    """A round-up that is due."""
    NOTHING = "nothing"


@dataclass(frozen=True)
class Step:
    name: str
    need: Need
    most: int = 1
    """Passages of which one may be the last."""


TRANSACTIONS = {
    "entries": ("storage.feeds", "record_entries", Need.NEWS, 14),
    "poll": ("storage.feeds", "record_poll", Need.NEWS, 1),
    "claim": ("storage.deliveries", "claim", Need.DUE, 9),
    "mark": ("storage.deliveries", "mark_sent", Need.DUE, 4),
    "silence": ("storage.deliveries", "record_silence", Need.SILENCE, 2),
}
"""Module, function, need, and statements of which one may be the last."""

CALLS = {
    "compose": ("bot.pipeline.deliver", "draft", Need.DUE),
    "look back": ("bot.pipeline.weekly", "Weeks.of", Need.WEEK),
    "send round-up": ("bot.pipeline.weekly", "send", Need.WEEK),
    "send": ("cogs._publish", "DiscordPublisher.publish", Need.DUE),
    "look": ("cogs._publish", "DiscordPublisher.find", Need.OPEN),
}

RECEIVED, STORED, LOOKED = "send, received", "send, stored and not answered", "look, received"
LATE = "send, stored behind the look"
"""Discord is slow: what the dead process sent is in the channel only when the next one has looked."""
STATEMENT, MOMENT, REST = "any statement of the writer", "any moment", "at rest"

STEPS = {
    step.name: step
    for step in (
        *(Step(f"{name}, before", need, 2) for name, (_, _, need, _) in TRANSACTIONS.items()),
        *(Step(f"{name}, inside", need, most) for name, (_, _, need, most) in TRANSACTIONS.items()),
        *(Step(f"{name}, before COMMIT", need, 2) for name, (_, _, need, _) in TRANSACTIONS.items()),
        *(Step(f"{name}, in COMMIT", need, 2) for name, (_, _, need, _) in TRANSACTIONS.items()),
        *(Step(f"{name}, after COMMIT", need, 2) for name, (_, _, need, _) in TRANSACTIONS.items()),
        *(Step(f"{name}, before", need, 2) for name, (_, _, need) in CALLS.items()),
        *(Step(f"{name}, after", need, 2) for name, (_, _, need) in CALLS.items()),
        Step(RECEIVED, Need.DUE, 3),
        Step(STORED, Need.DUE, 3),
        Step(LATE, Need.DUE),
        Step(LOOKED, Need.OPEN),
        Step(STATEMENT, Need.NOTHING, 20),
        Step(MOMENT, Need.NOTHING),
        Step(REST, Need.NOTHING),
    )
}
OUTSIDE = (RECEIVED, STORED, LATE, LOOKED, MOMENT, REST)


def arm(name: str, passage: int = 1) -> None:
    """Kill this process when it comes to the step for the `passage`-th time."""
    what, _, place = name.partition(", ")
    last = Last(passage)
    if name == STATEMENT:
        _watch_statements(Statement(last))
    elif what in TRANSACTIONS and place != "before":
        module, function, *_ = TRANSACTIONS[what]
        inside: ContextVar[bool] = ContextVar("inside", default=False)
        _wrap(module, function, functools.partial(_within, inside))
        _watch_statements(Transaction(last, inside, place))
    else:
        module, function, *_ = TRANSACTIONS[what] if what in TRANSACTIONS else CALLS[what]
        _wrap(module, function, functools.partial(_around, last, place))


class Last:
    """Counts passages; the last one is the end of the process."""

    def __init__(self, passage: int) -> None:
        self._left = passage

    def passes(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _wrap(module: str, name: str, wrapper: Callable[[Work], Work]) -> None:
    place: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for part in outer:
        place = getattr(place, part)
    setattr(place, last, wrapper(getattr(place, last)))


def _around(last: Last, place: str, work: Work) -> Work:
    @functools.wraps(work)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if place == "before":
            last.passes()
        result = await work(*arguments, **named)
        if place == "after":
            last.passes()
        return result

    return wrapped


def _within(inside: ContextVar[bool], work: Work) -> Work:
    @functools.wraps(work)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        token = inside.set(True)
        try:
            return await work(*arguments, **named)
        finally:
            inside.reset(token)

    return wrapped


Run = Callable[[], Coroutine[Any, Any, Any]]


class Statement:
    """Every statement of the connection that writes, also BEGIN and COMMIT; in turn before, in and after it."""

    def __init__(self, last: Last) -> None:
        self._last = last
        self._writer: aiosqlite.Connection | None = None
        self._count = 0

    async def __call__(self, connection: aiosqlite.Connection, sql: str, run: Run) -> Any:
        if sql == "BEGIN IMMEDIATE":
            self._writer = connection
        if connection is not self._writer:
            return await run()
        self._count += 1
        return await _at(self._last, ("before", "in", "after")[self._count % 3], run)


class Transaction:
    """The statements of one function's transactions."""

    def __init__(self, last: Last, inside: ContextVar[bool], place: str) -> None:
        self._last, self._inside = last, inside
        self._place, _, self._commit = place.partition(" ")

    async def __call__(self, _: aiosqlite.Connection, sql: str, run: Run) -> Any:
        wanted = sql == "COMMIT" if self._commit else sql not in ("COMMIT", "BEGIN IMMEDIATE")
        if not wanted or not self._inside.get():
            return await run()
        return await _at(self._last, self._place if self._commit else "after", run)


async def _at(last: Last, place: str, run: Run) -> Any:
    if place == "before":
        last.passes()
    task = asyncio.ensure_future(run())
    if place == "in":
        await asyncio.sleep(0)  # SQLite's thread has it now
        last.passes()
    result = await task
    if place == "after":
        last.passes()
    return result


def _watch_statements(watch: Callable[[aiosqlite.Connection, str, Run], Coroutine[Any, Any, Any]]) -> None:
    execute: Work = aiosqlite.Connection._execute

    async def watched(self: aiosqlite.Connection, fn: Any, *args: Any, **kwargs: Any) -> Any:
        run = functools.partial(execute, self, fn, *args, **kwargs)
        if args and isinstance(args[0], str):
            return await watch(self, args[0], run)
        return await run()

    aiosqlite.Connection._execute = watched  # type: ignore[method-assign]
