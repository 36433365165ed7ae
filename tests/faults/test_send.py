"""Discord fails while a digest is sent: it is in the channel once in the end, or the channel pauses with a reason.

All over real sockets: `deliver_due` with the real publisher and discord.py against a peer. Time passes only as the
tests say; discord.py's pauses between its own tries are cut to a hundredth (`pointed`).
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.errors import StorageError
from bot.models import VerdictKind
from bot.pipeline import deliver
from cogs._client import Connection
from storage.database import Database
from tests.making import NOW, channel, committed
from tests.peer.faults import LOOK, SEND
from tests.peer.rest import Peer
from tests.peer.running import FAST, running, until, verdicts
from tests.peer.shapes import HISTORY, OWNER, UNREADABLE, VIEW, TextChannel
from tests.peer.shapes import SEND as MAY_SEND

SHORT = timedelta(seconds=30)
"""Of a nonce: discord.py's own tries come within it, ours after."""
POSTED, PAUSED, WAITING, FAILED = VerdictKind.POSTED, VerdictKind.PAUSED, VerdictKind.WAITING, VerdictKind.FAILED


class Days:
    """The ticks of a day, at times of the test's own."""

    def __init__(self, peer: Peer, connection: Connection, db: Database) -> None:
        self.peer, self.connection, self.db = peer, connection, db

    async def tick(self, minutes: float = 0, **how: Any) -> None:
        now: datetime = NOW + timedelta(minutes=minutes)
        self.peer.clock = lambda: now
        async with asyncio.timeout(60):
            await deliver.deliver_due(self.db, self.connection.publisher, now=now, **how)

    async def go_on(self, **how: Any) -> None:
        """From try to try until the digest has come to its end, then for some more."""
        due = "SELECT next_try_at FROM deliveries WHERE state = 'claimed' ORDER BY next_try_at"
        minutes = 0.0
        while (left := committed(self.db, due)) and minutes < 330:
            minutes = (left[0][0] - NOW.timestamp()) / 60
            await self.tick(minutes, **how)
            await asyncio.sleep(0.05)  # after some refusals the publisher asks nothing for a moment
        for more in (1, 40):
            await self.tick(minutes + more, **how)

    def verdict(self) -> tuple[VerdictKind, str]:
        """The only one."""
        (found,) = verdicts(self.db.path)
        return found

    def paused(self) -> str | None:
        ((reason,),) = committed(self.db, "SELECT paused FROM channels WHERE id = 1")
        return None if reason is None else str(reason)


@pytest.fixture
def days(pointed: Peer, connection: Connection, db: Database) -> Days:
    return Days(pointed, connection, db)


# --- what passes ------------------------------------------------------------------------------------

OUTAGES: dict[str, tuple[dict[str, Any], str]] = {
    # discord.py asks five times itself.
    "500": ({"status": 500, "times": 5}, "Discord answers 500"),
    "502": ({"status": 502, "times": 5}, "Discord answers 502"),
    "504": ({"status": 504, "times": 5}, "Discord answers 504"),
    "503": ({"status": 503}, "Discord answers 503"),
    "520": ({"status": 520}, "Discord answers 520"),
    "reset": ({"what": "reset"}, r"the connection to Discord failed \(ClientOSError\)"),
    "closed": ({"what": "close"}, r"the connection to Discord failed \(ServerDisconnectedError\)"),
    "half a body": ({"what": "half"}, r"the connection to Discord failed \(ClientPayloadError\)"),
    "503 for long": ({"status": 503, "times": 6}, "Discord answers 503"),
}
"""Name -> (the fault, what the verdict says until the next try)."""


@pytest.mark.parametrize("when", ["before", "after", "after, and forgets the nonce"])
@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_before_or_after_the_message_was_stored(
    name: str, when: str, days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    fault, told = OUTAGES[name]
    stored = when.startswith("after")
    if when.endswith("nonce"):
        days.peer.nonce_window = SHORT
    days.peer.fail(SEND, **fault, stored=stored)
    await days.tick()
    assert len(days.peer.messages()) == stored
    assert_waits(days, told)
    assert re.search(f"channel 1: {told}", caplog.text)
    await days.go_on()
    assert_once(days)


def assert_waits(days: Days, told: str) -> None:
    kind, text = days.verdict()
    assert kind is WAITING
    assert re.fullmatch(rf"error: {told}; next try at 13:\d\d UTC", text)


def assert_once(days: Days) -> None:
    kind, text = days.verdict()
    assert kind is POSTED, text
    assert text.startswith("posted 8 papers")
    assert len(days.peer.messages()) == 1
    assert days.paused() is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_hiccup_passes_unseen(status: int, when: str, days: Days) -> None:
    days.peer.fail(SEND, status=status, stored=when == "after")
    await days.tick()
    assert days.peer.asked(SEND) == 2
    assert_once(days)


async def test_discord_refuses_connections(days: Days) -> None:
    await days.peer.door.shut()
    await days.tick()
    assert_waits(days, r"the connection to Discord failed \(ClientConnectorError\)")
    await days.peer.door.open()
    await days.go_on()
    assert_once(days)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_discord_hangs_and_answers_at_last(when: str, days: Days) -> None:
    """Nothing is sent beside a post that is still on its way."""
    days.peer.fail(SEND, what="hang", times=None, stored=when == "after")
    await days.tick()
    assert_waits(days, "Discord does not answer in time")
    for minute in (1, 3):
        await days.tick(minute)
    assert days.peer.asked(SEND) == 1
    days.peer.release()
    await asyncio.sleep(1.1)  # after three silences the publisher waits for as long as its patience lasts
    await days.go_on()
    assert days.peer.asked(SEND) == 1
    assert_once(days)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_discord_hangs_and_never_answers(when: str, days: Days) -> None:
    days.peer.fail(SEND, what="hang", stored=when == "after")
    await days.tick()
    assert_waits(days, "Discord does not answer in time")
    await days.peer.door.shut()
    await days.peer.door.open()
    await days.go_on()
    assert_once(days)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_discord_hangs_and_the_client_is_replaced_meanwhile(when: str, days: Days) -> None:
    """discord.py ends on an event that it cannot read, and with it the post that is on its way."""
    days.peer.fail(SEND, what="hang", stored=when == "after")
    await days.tick()
    await days.peer.gateway.push("CHANNEL_CREATE", UNREADABLE)
    await until(lambda: days.peer.gateway.log.count("identify") == 2 and days.connection.ready)
    await days.go_on()
    assert_once(days)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_process_is_stopped_while_discord_hangs(when: str, peer: Peer, folder: Path) -> None:
    peer.fail(SEND, what="hang", stored=when == "after")
    peer.nonce_window = timedelta()
    async with running(peer, folder, *FAST, "--finish", "0.2") as bot:
        await bot.until(peer.hanging.is_set)
        assert await bot.stop() == 0
    for words in ("Traceback", "Unclosed", "never retrieved", "was destroyed"):
        assert words not in bot.log()
    async with running(peer, folder, *FAST[:-1], "2026-03-31T13:05:00+00:00") as bot:
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert len(peer.messages()) == 1


# --- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_rate_limit_is_waited_for(everywhere: bool, days: Days, caplog: pytest.LogCaptureFixture) -> None:
    days.peer.fail(SEND, what="limit", everywhere=everywhere, times=2)
    await days.tick()
    assert days.peer.asked(SEND) == 3
    assert "We are being rate limited" in caplog.text
    assert_once(days)


async def test_a_long_rate_limit_is_left_to_the_ledger(days: Days) -> None:
    days.peer.fail(SEND, what="limit", retry_after=600.0)
    await days.tick()
    kind, text = days.verdict()
    assert kind is WAITING
    assert text.endswith("next try at 13:10 UTC")
    for minute in range(1, 10):
        await days.tick(minute)
    assert days.peer.asked(SEND) == 1
    await days.go_on()
    assert_once(days)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_the_shield_s_limit_is_not_asked_again_at_once(everywhere: bool, days: Days) -> None:
    days.peer.fail(SEND, what="limit", everywhere=everywhere, via=False)
    await days.tick()
    assert_waits(days, "Discord answers 429")
    await channel(days.db, 2)
    days.peer.channels[2] = TextChannel(2)
    await days.tick(0.5)
    # Another channel's digest is not even tried.
    assert days.peer.asked(SEND) == 1
    await asyncio.sleep(1)
    await days.go_on()
    assert_once(days)
    assert len(days.peer.messages(2)) == 1


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"status": 403}, "Discord answers 403"),
        ({"status": 404}, "Discord answers 404"),
        ({"status": 401, "code": 0}, "Discord refuses the token; the operator has to renew it"),
    ],
    ids=["403 of a proxy", "404 of a proxy", "401"],
)
async def test_a_refusal_that_is_not_discord_s_last_word(fault: dict[str, Any], told: str, days: Days) -> None:
    days.peer.fail(SEND, **fault)
    await days.tick()
    assert_waits(days, told)
    await days.go_on()
    assert_once(days)


async def test_a_refused_token_is_not_asked_again_at_once(days: Days) -> None:
    days.peer.valid = False
    for number in range(2, 20):
        days.peer.channels[number] = TextChannel(number)
        await channel(days.db, number)
    await days.tick()
    asked = days.peer.limits.counts["invalid"]
    await days.tick(0.5)
    assert days.peer.limits.counts["invalid"] == asked
    assert days.verdict()[0] is WAITING


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 403, "code": 50013}, "I may not post there. Allow me Send Messages"),
        ({"status": 403, "code": 50001}, "I cannot see the channel. Allow me View Channel"),
        ({"status": 404, "code": 10003}, "the channel was deleted, or I was removed"),
        ({"status": 400, "code": 50035}, "Discord rejects the post"),
    ],
    ids=["50013", "50001", "10003", "400"],
)
async def test_a_refusal_pauses_the_channel_and_the_owner_is_told(
    fault: dict[str, Any], reason: str, days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    days.peer.fail(SEND, **fault)
    await days.tick()
    kind, text = days.verdict()
    assert kind is PAUSED
    assert text.startswith(f"paused: {reason}")
    assert reason in (days.paused() or "")
    assert f"channel 1 is paused: {reason}" in caplog.text
    (word,) = days.peer.direct[OWNER].messages
    assert reason in word["content"]
    await days.go_on()
    assert days.peer.messages() == []
    assert days.peer.asked(("POST", "/channels/1/messages")) == 1


@pytest.mark.parametrize(("denied", "reason"), [(VIEW, "I cannot see"), (MAY_SEND, "I may not post there")])
async def test_a_permission_that_is_missing_for_real(denied: int, reason: str, days: Days) -> None:
    days.peer.channels[1].denied = denied
    await days.tick()
    assert days.verdict()[1].startswith(f"paused: {reason}")


async def test_a_channel_that_is_gone_for_real(days: Days) -> None:
    days.peer.delete(1)
    await days.tick()
    assert days.verdict()[1].startswith("paused: the channel was deleted")


# --- looking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"status": 503}, {"what": "reset"}, {"what": "half"}, {"status": 403}], ids=str)
async def test_while_nobody_can_look_nothing_is_posted_again(fault: dict[str, Any], days: Days) -> None:
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, status=503, stored=True)
    days.peer.fail(LOOK, times=5, **fault)
    await days.tick()
    await days.go_on()
    assert days.peer.asked(SEND) == 1
    assert_once(days)


async def test_it_is_found_behind_what_others_wrote_since(days: Days) -> None:
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, what="reset", stored=True)
    await days.tick()
    for number in range(250):
        days.peer.say(1, f"And another thing, number {number}.")
    await days.go_on()
    assert days.peer.asked(SEND) == 1
    assert days.verdict()[0] is POSTED


@pytest.mark.parametrize("stored", [False, True])
async def test_without_the_history_a_known_nonce_still_posts_once(stored: bool, days: Days) -> None:
    await _without_history(days)
    days.peer.fail(SEND, status=503, stored=stored)
    await days.tick()
    await days.go_on()
    assert_once(days)


async def test_without_the_history_an_unknown_nonce_posts_again_where_that_is_wished(days: Days) -> None:
    await _without_history(days)
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, status=503, stored=True)
    await days.tick()
    await days.tick(10, post_when_unsure=True)
    kind, text = days.verdict()
    assert kind is POSTED
    assert "it may be there twice, because I may not read the channel" in text
    assert len(days.peer.messages()) == 2


@pytest.mark.parametrize("stored", [False, True])
async def test_without_the_history_an_unknown_nonce_is_left_where_that_is_wished(stored: bool, days: Days) -> None:
    await _without_history(days)
    days.peer.fail(SEND, status=503, stored=stored)
    await days.tick()
    await days.tick(10, post_when_unsure=False)
    kind, text = days.verdict()
    assert kind is FAILED
    assert "it may be there: I may not read the channel" in text
    assert len(days.peer.messages()) == stored


async def _without_history(days: Days) -> None:
    """As Discord tells who is connected."""
    days.peer.channels[1].denied = HISTORY
    updated = {**days.peer.channels[1].as_json(), "guild_id": "7"}
    await days.peer.gateway.push("CHANNEL_UPDATE", updated)

    def told() -> bool:
        assert days.connection._bot
        known = days.connection._bot.get_channel(1)
        assert isinstance(known, discord.TextChannel)
        return not known.permissions_for(known.guild.me).read_message_history

    await until(told)


# --- many at once -----------------------------------------------------------------------------------


async def test_more_than_discord_takes_in_a_second_is_posted_all_the_same(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """70 channels at once, more than Discord takes in a second."""
    # A wait that Discord asks for has to last, and the turn of the last one to come.
    monkeypatch.setattr("discord.http.asyncio", asyncio)
    monkeypatch.setattr("cogs._publish._PATIENCE", 20.0, raising=False)
    for number in range(2, 71):
        days.peer.channels[number] = TextChannel(number)
        await channel(days.db, number)
    days.peer.limits.enforced = True
    await days.tick()
    assert [len(days.peer.messages(number)) for number in range(1, 71)] == [1] * 70


async def test_many_failures_at_once_post_each_digest_once(days: Days) -> None:
    for number in range(2, 21):
        days.peer.channels[number] = TextChannel(number)
        await channel(days.db, number)
    days.peer.nonce_window = SHORT
    days.peer.limits.enforced = True
    for fault in ({"status": 503}, {"what": "reset"}, {"what": "half"}, {"status": 520}, {"what": "limit"}):
        for stored in (False, True):
            days.peer.fail(SEND, **fault, stored=stored and fault != {"what": "limit"}, times=2)
    await days.tick()
    await days.go_on()
    assert [len(days.peer.messages(number)) for number in range(1, 21)] == [1] * 20
    assert {verdicts(days.db.path, number)[0][0] for number in range(1, 21)} == {POSTED}


async def test_what_the_database_could_not_take_is_known_by_its_number(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody may look, and after Discord has forgotten the nonce."""

    async def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    await _without_history(days)
    days.peer.nonce_window = SHORT
    with monkeypatch.context() as moment:
        moment.setattr("storage.deliveries.mark_sent", full)
        await days.tick()
        assert days.verdict() == (WAITING, "being posted")
    await days.go_on()
    assert days.peer.asked(SEND) == 1
    assert_once(days)


async def test_a_history_too_long_to_read_leaves_nobody_the_wiser(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogs._publish._LOOK_BACK", 200)
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, what="reset", stored=True)
    await days.tick()
    for number in range(250):
        days.peer.say(1, f"And another thing, number {number}.")
    await days.tick(10)
    kind, text = days.verdict()
    assert kind is POSTED
    assert text.endswith("it may be there twice, because 200 messages came after it, and I read no further")


async def test_it_is_found_though_the_hosts_clock_was_ahead(days: Days) -> None:
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, what="reset", stored=True)
    await deliver.deliver_due(days.db, days.connection.publisher, now=NOW + timedelta(hours=3))
    await days.tick(5)
    assert days.peer.asked(SEND) == 1
    assert_once(days)


async def test_a_client_that_is_replaced_while_it_looks_is_asked_again(days: Days) -> None:
    days.peer.nonce_window = SHORT
    days.peer.fail(SEND, what="reset", stored=True)
    await days.tick()
    days.peer.fail(LOOK, what="hang")
    looking = asyncio.create_task(days.tick(1))
    await days.peer.hanging.wait()
    await days.peer.gateway.push("CHANNEL_CREATE", UNREADABLE)
    await looking
    assert days.verdict()[0] is WAITING
    await until(lambda: days.connection.ready)
    await days.go_on()
    assert days.peer.asked(SEND) == 1
    assert_once(days)


async def test_a_bar_is_not_shortened_by_a_silence(days: Days) -> None:
    publisher = days.connection.publisher
    publisher._hold(3600.0, "barred")
    publisher._hold(1.0, "silent")
    await days.tick()
    assert days.peer.asked(SEND) == 0
    kind, text = days.verdict()
    assert kind is WAITING
    assert re.fullmatch(r"error: barred; next try at (13:59|14:00) UTC", text)
