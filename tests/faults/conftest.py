"""A peer with one channel, and the sample's papers stored once for all."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import yarl

from cogs._client import Connection, Paperboy
from storage.database import Database
from tests.making import NOW, channel
from tests.peer.launch import HURRIED, Hurried
from tests.peer.rest import Peer, serving
from tests.peer.running import until
from tests.test_cli import TOKEN


@pytest.fixture(scope="session")
def sampled(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample and channel 1, whose digest is due at NOW; copied, never changed."""
    path = Path(shutil.copy(sample, tmp_path_factory.mktemp("sampled")))

    async def subscribe() -> None:
        async with Database(path) as db:
            await channel(db)

    asyncio.run(subscribe())
    return path


@pytest.fixture
def folder(sampled: Path, tmp_path: Path) -> Path:
    """A folder with a database of its own."""
    shutil.copy(sampled, tmp_path / "paperboy.sqlite")
    return tmp_path


@pytest.fixture
async def db(folder: Path) -> AsyncIterator[Database]:
    async with Database(folder / "paperboy.sqlite") as database:
        yield database


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving(Peer()) as served:
        yield served


@pytest.fixture
def pointed(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """The peer, with the discord.py of this process pointed at it. Its pauses are cut to a hundredth (it sleeps
    1, 3, 5, 7 and 9 seconds over a 502), and so is our own patience with Discord."""
    for module, names in HURRIED.items():
        monkeypatch.setattr(f"{module}.asyncio", Hurried(0.01, *names))
    monkeypatch.setattr("discord.http.Route.BASE", peer.rest)
    monkeypatch.setattr("discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY", yarl.URL(peer.gateway.url))
    for name, seconds in (("_PATIENCE", 1.0), ("_REFUSED", 0.2), ("_BARRED", 0.2)):
        monkeypatch.setattr(f"cogs._publish.{name}", seconds, raising=False)
    peer.clock = lambda: NOW
    return peer


@pytest.fixture
async def connection(pointed: Peer, db: Database) -> AsyncIterator[Connection]:
    """Connected and ready."""
    async with Connection(TOKEN, partial(Paperboy, db=db, clock=pointed.clock, feeds=())) as connected:
        await until(lambda: connected.ready)
        yield connected
