"""The bot as a child process of a test, which always ends with it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from bot.models import VerdictKind
from tests import nursery
from tests.peer.rest import Peer
from tests.test_cli import TOKEN, environment

GUARD = 60.0
"""Seconds that nothing takes, however loaded the machine is."""

FAST = ("--hurry", "0.05", "--every", "deliver=1", "--at", "2026-03-31T12:59:58+00:00")
"""Two seconds before the digests of `tests.making.channel` are due."""


@dataclass
class Running:
    process: nursery.Forked
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "paperboy.sqlite"

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def alive(self) -> bool:
        return self.process.returncode is None

    def verdicts(self, channel: int = 1) -> list[tuple[VerdictKind, str]]:
        return verdicts(self.database, channel)

    def posted(self, channel: int = 1) -> bool:
        """Whether the last due moment's digest is in the channel, by the bot's own word."""
        return [kind for kind, _ in self.verdicts(channel)][-1:] == [VerdictKind.POSTED]

    async def until(self, condition: Callable[[], object], seconds: float = GUARD) -> None:
        """Wait for it; fails with the log where the time is over or the process has ended."""
        try:
            await until(lambda: condition() or not self.alive(), seconds)
        except TimeoutError:
            raise AssertionError(f"it did not come about; the bot's log:\n{self.log()}") from None
        if not self.alive() and not condition():
            raise AssertionError(f"the bot has ended with {self.process.returncode}:\n{self.log()}")

    async def ended(self, seconds: float = GUARD) -> int:
        """The exit code, once it has ended by itself."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def stop(self, seconds: float = GUARD) -> int:
        """As `docker stop` does."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended(seconds)


async def until(condition: Callable[[], object], seconds: float = GUARD) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(peer: Peer, folder: Path, *options: str, **settings: str) -> AsyncIterator[Running]:
    """The bot over the database in `folder`, what it says in `folder`/log; killed at the end at the latest."""
    known = {"DISCORD_TOKEN": TOKEN, "PAPERBOY_SOURCES": "huggingface", "PAPERBOY_BACKFILL_DAYS": "1", **settings}
    with (folder / "log").open("ab") as log:
        process = await nursery.shared().start(
            nursery.LAUNCH,
            *("--rest", peer.rest, "--gateway", peer.gateway.url),
            *options,
            folder=folder,
            environment=environment(folder, **known),
            out=log,
            err=log,
        )
    try:
        yield Running(process, folder)
    finally:
        process.kill()
        await process.wait()


def verdicts(database: Path, channel: int = 1) -> list[tuple[VerdictKind, str]]:
    """How the channel's due moments ended, oldest first, through a connection of the test's own."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT kind, text FROM verdicts WHERE channel_id = ? ORDER BY due_at", (channel,)
        ).fetchall()
    return [(VerdictKind(kind), text) for kind, text in found]
