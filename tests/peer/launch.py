"""The real bot, `python -m bot run`, against a peer: `python -m tests.peer.launch --rest URL --gateway URL ...`.

Everything that differs from an operator's start is patched here, by an option of its own; the product has no hook.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import discord.asset
import discord.client
import discord.gateway
import discord.http
import discord.state
import yarl

import bot.__main__ as command
import bot.schedule
import cogs._client  # noqa: F401 - patched by its name
from bot.schedule import Clock, Tick
from storage import database, deliveries
from tests.kill import steps


class Hurried:
    """asyncio as one module sees it: what is named runs on a fraction of its time, all else as it is."""

    def __init__(self, factor: float, *names: str) -> None:
        self._factor, self._names = factor, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(asyncio, name)
        return functools.partial(self._sooner, found) if name in self._names else found

    def _sooner(self, function: Any, first: Any, *rest: Any, timeout: float | None = None, **named: Any) -> Any:
        if isinstance(first, int | float):  # sleep
            return function(first * self._factor, *rest, **named)
        return function(first, *rest, timeout=timeout and timeout * self._factor, **named)


def point(rest: str, gateway: str) -> None:
    """Every address of Discord that discord.py knows."""
    discord.http.Route.BASE = rest
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    discord.asset.Asset.BASE = rest


HURRIED = {
    "discord.http": ("sleep", "wait"),  # between two tries of a request
    "discord.client": ("sleep",),  # before a new session
    "discord.state": ("wait_for",),  # for more servers, before it is ready
    "cogs._client": ("wait",),  # before the next client
}
"""Module -> what of its asyncio pauses."""


def hurry(factor: float) -> None:
    """Shorten the pauses between two connections, ours and discord.py's, and between its tries of a request."""
    for module, names in HURRIED.items():
        setattr(sys.modules[module], "asyncio", Hurried(factor, *names))  # noqa: B010


def tick(every: Mapping[str, float]) -> None:
    """Ticks of other lengths, and from the real now: a shifted clock must not ask for months of ticks at once."""
    ticking = bot.schedule.ticking

    def patched(ticks: Mapping[str, tuple[int, Tick]], *, clock: Clock) -> AbstractAsyncContextManager[None]:
        changed = {name: (every.get(name, seconds), run) for name, (seconds, run) in ticks.items()}
        return ticking(changed, clock=lambda: datetime.now(UTC))  # type: ignore[arg-type] # parts of a second

    bot.schedule.ticking = patched  # type: ignore[assignment]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rest", required=True, metavar="URL")
    parser.add_argument("--gateway", required=True, metavar="URL")
    parser.add_argument(
        "--at", type=datetime.fromisoformat, metavar="TIME", help="the clock starts there and runs"
    )
    parser.add_argument("--offset", type=float, default=0.0, metavar="SECONDS", help="the clock is ahead by that")
    parser.add_argument("--hurry", type=float, metavar="FACTOR", help="of the pauses after a failure")
    parser.add_argument(
        "--every",
        action="append",
        default=[],
        type=_interval,
        metavar="TICK=SECONDS",
        help="beat, deliver, ingest",
    )
    parser.add_argument("--lease", type=float, metavar="SECONDS", help="of a claimed delivery")
    parser.add_argument("--busy", type=float, metavar="SECONDS", help="that a locked database is waited for")
    parser.add_argument(
        "--first-read", type=float, metavar="SECONDS", help="for which a digest waits for the sources"
    )
    parser.add_argument("--finish", type=float, metavar="SECONDS", help="what running ticks get at the end")
    parser.add_argument(
        "--kill", type=_step, metavar="STEP[:N]", help="a step of tests.kill.steps, when it comes for the Nth time"
    )
    options = parser.parse_args(arguments)

    point(options.rest, options.gateway)
    if options.hurry:
        hurry(options.hurry)
    ahead = timedelta(seconds=options.offset)
    if options.at:
        ahead += options.at.astimezone(UTC) - datetime.now(UTC)
    if ahead:
        command.now = lambda: datetime.now(UTC) + ahead
    tick(dict(options.every))
    if options.lease:
        deliveries.LEASE = timedelta(seconds=options.lease)
    if options.busy:
        database.BUSY_SECONDS = options.busy
    if options.first_read is not None:
        command.FIRST_READ = options.first_read
    if options.finish:
        bot.schedule._FINISH_SECONDS = options.finish
    if options.kill:
        steps.arm(*options.kill)
    return command.main(["run"])


def _interval(text: str) -> tuple[str, float]:
    name, _, seconds = text.partition("=")
    return name, float(seconds)


def _step(text: str) -> tuple[str, int]:
    name, _, passage = text.partition(":")
    if name not in steps.STEPS or name in steps.OUTSIDE:
        raise argparse.ArgumentTypeError(f"{name!r} is no step of this process")
    return name, int(passage or 1)


if __name__ == "__main__":
    sys.exit(main())
