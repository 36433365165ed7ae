"""A digest on its way to a person: it arrives once, whatever Discord does, or its inbox pauses with a reason.

Over real sockets, as in `tests.faults.test_send`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.models import ChannelId, UserId
from bot.pipeline import ask
from cogs._client import Connection
from storage import channels, people
from storage.database import Database
from tests.faults.test_send import FAILED, PAUSED, POSTED, SHORT, WAITING, Days
from tests.making import NOW, channel, rows
from tests.peer.faults import LOOK, SEND
from tests.peer.rest import Peer
from tests.peer.running import FAST, running, verdicts
from tests.peer.shapes import OWNER, Json
from tests.pipeline.test_deliver import get

PERSON = UserId(77)


class Inbox:
    """The person's direct messages with the bot, in place of the server's channel."""

    def __init__(self, days: Days) -> None:
        self.days, self.db, self.peer = days, days.db, days.peer
        self.id = int(days.peer._open(PERSON)["id"])

    @property
    def messages(self) -> list[Json]:
        return self.peer.direct[PERSON].messages

    async def begin(self) -> None:
        async with self.db.write() as tx:
            await tx.execute("DELETE FROM channels")
        await channel(self.db, self.id, person=PERSON)

    def verdict(self) -> tuple[object, str]:
        (found,) = verdicts(self.db.path, self.id)
        return found

    async def paused(self) -> str | None:
        ((reason,),) = await rows(self.db, "SELECT paused FROM channels")
        return None if reason is None else str(reason)


@pytest.fixture
async def inbox(pointed: Peer, connection: Connection, db: Database) -> Inbox:
    made = Inbox(Days(pointed, connection, db))
    await made.begin()
    return made


async def test_a_digest_arrives_in_direct_messages(inbox: Inbox) -> None:
    await inbox.days.tick()
    (message,) = inbox.messages
    assert message["flags"] & 1 << 15
    assert inbox.verdict()[0] is POSTED
    assert inbox.peer.messages() == []
    # It is sent to the channel that is known: none is opened, which Discord limits.
    assert inbox.peer.asked(("POST", "/users/@me/channels")) == 0


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"what": "reset"}, {"what": "half"}, {"what": "hang"}], ids=str
)
async def test_an_outage_leaves_one_message(inbox: Inbox, fault: dict[str, Any], stored: bool) -> None:
    """It is looked for in the direct messages, whose channel the client has never seen."""
    inbox.peer.nonce_window = SHORT
    inbox.peer.fail(SEND, **fault, stored=stored)
    await inbox.days.tick()
    assert inbox.verdict()[0] is WAITING
    inbox.peer.release()
    await asyncio.sleep(0.1)
    await inbox.days.go_on()
    assert inbox.verdict()[0] is POSTED
    assert len(inbox.messages) == 1
    if fault == {"status": 503}:
        assert inbox.peer.asked((LOOK[0], f"/channels/{inbox.id}/messages")) >= 1


@pytest.mark.parametrize("code", [50007, 50278])
async def test_closed_direct_messages_pause_it_with_what_to_do_and_tell_nobody(
    inbox: Inbox, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.peer.fail(SEND, status=403, code=code, times=None)
    await inbox.days.tick()
    told = "I may not write to you. Allow direct messages from a server that we share, then use "
    told += "/digest resume here"
    assert inbox.verdict() == (PAUSED, f"paused: {told}")
    assert await inbox.paused() == told
    assert f"channel {inbox.id} is paused" in caplog.text
    assert str(PERSON) not in caplog.text.replace(str(inbox.id), "")
    await inbox.days.go_on()
    assert inbox.peer.asked(SEND) == 1
    assert OWNER not in inbox.peer.direct

    inbox.peer.mend()
    found = await get(inbox.db, ChannelId(inbox.id))
    following = await ask.resume(inbox.db, found, now=NOW)
    await inbox.days.tick((following - NOW).total_seconds() / 60)
    assert len(inbox.messages) == 1
    assert verdicts(inbox.db.path, inbox.id)[-1][0] is POSTED


async def test_a_403_of_something_in_between_is_no_closed_door(inbox: Inbox) -> None:
    inbox.peer.fail(SEND, status=403)
    await inbox.days.tick()
    assert inbox.verdict()[0] is WAITING
    await inbox.days.go_on()
    assert inbox.verdict()[0] is POSTED
    assert len(inbox.messages) == 1


async def test_what_is_not_posted_for_hours_is_told_to_no_server(inbox: Inbox) -> None:
    inbox.peer.fail(SEND, status=503, times=None)
    await inbox.days.tick()
    await inbox.days.tick(7 * 60)
    assert inbox.verdict()[0] is FAILED
    assert OWNER not in inbox.peer.direct


@pytest.mark.parametrize("stored", [False, True])
async def test_forgotten_while_discord_hangs(inbox: Inbox, stored: bool, caplog: pytest.LogCaptureFixture) -> None:
    inbox.peer.fail(SEND, what="hang", stored=stored)
    sending = asyncio.create_task(inbox.days.tick())
    await inbox.peer.hanging.wait()
    await people.forget(inbox.db, PERSON)
    inbox.peer.release()
    await sending
    await inbox.days.tick(10)
    assert len(inbox.messages) == 1
    assert await channels.every(inbox.db) == ()
    assert verdicts(inbox.db.path, inbox.id) == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_the_running_bot_delivers_to_inboxes_and_pauses_them_where_they_are_switched_off(
    inbox: Inbox,
) -> None:
    folder = inbox.db.path.parent
    async with running(inbox.peer, folder, *FAST, PAPERBOY_INBOXES="0") as bot:
        await bot.until(lambda: inbox.peer.gateway.log.count("identify") == 2)
        assert await bot.stop() == 0
    assert await inbox.paused() == people.OFF
    assert inbox.messages == []
    found = await get(inbox.db, ChannelId(inbox.id))
    await channels.resume(inbox.db, found, next_due=NOW)
    async with running(inbox.peer, folder, *FAST) as bot:
        await bot.until(lambda: bot.posted(inbox.id))
        assert await bot.stop() == 0
    assert len(inbox.messages) == 1
