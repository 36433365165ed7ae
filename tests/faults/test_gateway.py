"""The gateway fails while a digest is due: it is posted once all the same, and the log says what happened."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from bot.models import VerdictKind
from bot.pipeline import deliver
from cogs._client import Connection, Paperboy
from storage.database import Database
from tests.making import NOW, committed
from tests.peer.faults import LOGIN
from tests.peer.rest import Peer
from tests.peer.running import FAST, Running, running, until, verdicts
from tests.peer.shapes import GUILD, UNREADABLE
from tests.pipeline.sources import World, listed, serving
from tests.test_cli import TOKEN

MINUTE = timedelta(minutes=1)
BEFORE_DUE = (*FAST[:-1], "2026-03-31T12:50:00+00:00")


def assert_posted_once(peer: Peer, database: Path) -> None:
    assert len(peer.messages()) == 1
    ((kind, text),) = verdicts(database)
    assert kind is VerdictKind.POSTED, text
    assert text.startswith("posted 8 papers")


# --- the whole process ------------------------------------------------------------------------------


async def test_an_ordinary_start_posts_the_digest_and_ends_quietly(peer: Peer, folder: Path) -> None:
    async with running(peer, folder, *FAST) as bot:
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert peer.gateway.log == ["connect", "identify"]
    assert_quiet(bot)


def assert_quiet(bot: Running) -> None:
    log = bot.log()
    assert "Traceback" not in log
    assert "Unclosed" not in log
    assert TOKEN not in log


async def test_a_late_digest_waits_for_what_came_while_the_bot_was_down(peer: Peer, folder: Path) -> None:
    """The source answers slower than Discord."""
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.json_response([listed(9, date(2026, 3, 31), votes=900, title="Read at the Last Moment")])

    world = World()
    world.faults["/api/daily_papers"] = slow
    async with serving(world):
        options = (*FAST[:-1], "2026-03-31T15:00:00+00:00")
        async with running(peer, folder, *options, PAPERBOY_HUGGINGFACE_URL=world.base) as bot:
            await bot.until(lambda: asked.is_set() and "has connected to Gateway" in bot.log())
            await asyncio.sleep(3)
            assert peer.messages() == []
            answer.set()
            await bot.until(bot.posted)
            assert await bot.stop() == 0
    assert "Read at the Last Moment" in str(peer.messages())
    assert bot.verdicts()[0][1].endswith("2 hours late")


async def test_rest_refused_at_login_is_tried_until_it_is_there(peer: Peer, folder: Path) -> None:
    await peer.door.shut()
    async with running(peer, folder, *FAST) as bot:
        await bot.until(
            lambda: "the connection to Discord ended: ClientConnectorError: Cannot connect" in bot.log()
        )
        assert bot.verdicts() == []
        await peer.door.open()
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert_quiet(bot)


async def test_a_gateway_refused_at_the_start_is_tried_until_it_is_there(peer: Peer, folder: Path) -> None:
    await peer.gateway.door.shut()
    async with running(peer, folder, *FAST) as bot:
        await bot.until(lambda: "the connection to Discord ended" in bot.log())
        await peer.gateway.door.open()
        peer.gateway.at_connect += [503, 502]
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert peer.gateway.log.count("refuse") == 2
    ended = [line for line in bot.log().splitlines() if "the connection to Discord ended" in line]
    assert any("Cannot connect to host 127.0.0.1" in line for line in ended)
    assert any("503" in line for line in ended)
    # What discord.py trips over when it has no session to resume.
    assert not any("NoneType" in line for line in ended)


async def test_a_lost_connection_is_told_in_a_line_for_each_try(peer: Peer, folder: Path) -> None:
    async with running(peer, folder, *BEFORE_DUE) as bot:
        await bot.until(lambda: "has connected to Gateway" in bot.log())
        await peer.gateway.door.shut()
        await bot.until(lambda: bot.log().count("the connection to Discord is lost (ClientConnectorError") > 1)
        await peer.gateway.door.open()
        await bot.until(lambda: "resumed" in peer.gateway.log)
        assert await bot.stop() == 0
    assert_quiet(bot)
    assert re.search(r"WARNING discord.client: .* next try in \d+\.\d seconds", bot.log())


async def test_an_event_that_discord_py_cannot_read_costs_one_connection(peer: Peer, folder: Path) -> None:
    async with running(peer, folder, *FAST) as bot:
        await bot.until(lambda: "has connected to Gateway" in bot.log())
        await peer.gateway.push("CHANNEL_CREATE", UNREADABLE)
        await bot.until(lambda: peer.gateway.log.count("identify") == 2)
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert_posted_once(peer, bot.database)
    assert (
        "the connection to Discord ended: discord.py could not read what Discord sent: KeyError: 'name'"
        in bot.log()
    )
    assert_quiet(bot)


async def test_a_token_revoked_in_mid_run_ends_it_and_a_new_one_posts_what_was_due(
    peer: Peer, folder: Path
) -> None:
    async with running(peer, folder, *BEFORE_DUE) as bot:
        await bot.until(lambda: "has connected to Gateway" in bot.log())
        await peer.revoke()
        assert await bot.ended() == 2
    heading, fault = bot.log().splitlines()[-2:]
    assert heading == "The settings need a change:"
    assert fault.startswith("  DISCORD_TOKEN is refused by Discord: copy it again")
    assert_quiet(bot)
    assert bot.verdicts() == []
    peer.valid = True
    async with running(peer, folder, *FAST) as bot:
        await bot.until(bot.posted)
    assert_posted_once(peer, bot.database)


async def test_a_token_refused_at_the_start_ends_it(peer: Peer, folder: Path) -> None:
    peer.valid = False
    async with running(peer, folder, *FAST) as bot:
        assert await bot.ended() == 2
    assert "DISCORD_TOKEN is refused by Discord" in bot.log()
    assert peer.asked(LOGIN) == 1
    assert bot.verdicts() == []
    assert_quiet(bot)


# --- a connection in this process -------------------------------------------------------------------

Trouble = Callable[[Peer], Awaitable[None]]
RESUMED, ANEW = "resumed", "identify"


async def _lost(peer: Peer) -> None:
    """The connection breaks, and Discord has forgotten the session when it is there again."""
    peer.gateway.forget()
    await peer.gateway.close(4000)


async def _away(peer: Peer) -> None:
    """Nobody answers for a while."""
    await peer.gateway.door.shut()
    await asyncio.sleep(0.1)
    await peer.gateway.door.open()


TROUBLES: dict[str, tuple[Trouble, str]] = {
    "closed with 1000": (lambda peer: peer.gateway.close(1000), RESUMED),
    "closed with 4000": (lambda peer: peer.gateway.close(4000), RESUMED),
    "closed with 4014": (lambda peer: peer.gateway.close(4014), ANEW),
    "asked to reconnect": (lambda peer: peer.gateway.reconnect(), RESUMED),
    "invalid session, resumable": (lambda peer: peer.gateway.invalidate(resumable=True), RESUMED),
    "invalid session": (lambda peer: peer.gateway.invalidate(resumable=False), ANEW),
    "session forgotten": (_lost, ANEW),
    "away": (_away, RESUMED),
    "an event that cannot be read": (lambda peer: peer.gateway.push("CHANNEL_CREATE", UNREADABLE), ANEW),
}
"""Name -> (what happens, what the client does in the end)."""


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_digest_due_while_the_gateway_fails_is_posted_once(
    name: str, pointed: Peer, connection: Connection, db: Database
) -> None:
    trouble, end = TROUBLES[name]
    del pointed.gateway.log[:]

    async def tick(now: timedelta) -> None:
        # As `bot.__main__` does it.
        if connection.ready:
            await deliver.deliver_due(db, connection.publisher, now=NOW + now)

    await asyncio.gather(trouble(pointed), tick(0 * MINUTE))
    await until(lambda: end in pointed.gateway.log and connection.ready)
    for minutes in range(1, 4):
        await tick(minutes * MINUTE)
    assert_posted_once(pointed, db.path)


async def test_what_happened_while_it_was_away_counts_after_a_resume(
    pointed: Peer, connection: Connection, db: Database
) -> None:
    await pointed.gateway.door.shut()
    pointed.delete(1)
    await pointed.gateway.push("CHANNEL_DELETE", {"guild_id": str(GUILD), "id": "1", "type": 0})
    await pointed.gateway.door.open()
    await until(lambda: "resumed" in pointed.gateway.log)

    query = "SELECT paused FROM channels WHERE paused IS NOT NULL"
    await until(lambda: committed(db, query))
    assert "the channel was deleted" in committed(db, query)[0][0]
    await deliver.deliver_due(db, connection.publisher, now=NOW)
    # It was due at that very moment.
    ((kind, text),) = verdicts(db.path)
    assert kind is VerdictKind.PAUSED
    assert text.startswith("paused: the channel was deleted")


@pytest.mark.parametrize("code", [4014, 4000, True, False])
async def test_an_identify_that_is_refused_is_tried_again(
    code: int | bool, pointed: Peer, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    pointed.gateway.at_identify += [code, code]
    async with Connection(TOKEN, partial(Paperboy, db=db, clock=pointed.clock, feeds=())) as connected:
        await until(lambda: connected.ready)
        await deliver.deliver_due(db, connected.publisher, now=NOW)
    assert_posted_once(pointed, db.path)
    if code == 4014:
        assert "privileged intents" in caplog.text
