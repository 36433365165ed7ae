"""What is too old goes, what is promised stays, and a digest never waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NotFound
from bot.models import (
    ChannelId,
    DeliveryId,
    DeliveryState,
    GuildId,
    MessageId,
    PaperId,
    Post,
    Pruned,
    Verdict,
    VerdictKind,
)
from storage import channels, deliveries, guilds, heartbeat, searches, upkeep, verdicts
from storage.database import Database
from tests.making import HF, NOW, channel, committed, delivery, entry, observations, rows, store

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ONE = ChannelId(1)
NONE = Pruned()


@pytest.fixture
async def ready(db: Database) -> Database:
    await channel(db)
    await store(db, HF, *(entry(f"Paper Number {number}") for number in range(1, 9)))
    return db


async def posted(
    db: Database, name: str, at: datetime, *, shown: tuple[int, ...] = (), more: tuple[int, ...] = ()
) -> None:
    """A delivery of that time that was sent, with its verdict."""
    async with db.write() as tx:
        await tx.execute("UPDATE channels SET next_due = ? WHERE id = 1", (int(at.timestamp()),))
    made = delivery(name, due=at, at=at, shown=shown, more=more)
    assert await deliveries.claim(db, made, next_due=at + DAY)
    judged = Verdict(channel_id=ONE, due_at=at, at=at, kind=VerdictKind.POSTED, text="posted")
    await deliveries.mark_sent(db, made, MessageId(1), judged)


async def get(db: Database, name: str) -> tuple[bool, int, int]:
    """(whether its post is kept, papers shown, papers behind the button)."""
    found = await deliveries.get(db, DeliveryId(name))
    return found.post != Post(()), len(found.shown), len(found.more)


async def test_nothing_is_too_old_in_a_new_database(db: Database) -> None:
    assert await upkeep.prune(db, NOW) == NONE


async def test_verdicts_are_kept_for_four_hundred_days(ready: Database) -> None:
    for name, age in (("old", 400 * DAY + SECOND), ("edge", 400 * DAY), ("new", DAY)):
        await posted(ready, name, NOW - age)
    assert (await upkeep.prune(ready, NOW)).verdicts == 1
    assert [found.due_at for found in await verdicts.latest(ready, ONE)] == [NOW - DAY, NOW - 400 * DAY]


async def test_a_message_s_text_goes_after_thirty_days_and_its_row_stays(ready: Database) -> None:
    await posted(ready, "old", NOW - 31 * DAY, shown=(1, 2), more=(3, 4))
    await posted(ready, "new", NOW - 29 * DAY, shown=(5,), more=(6,))
    assert await upkeep.prune(ready, NOW) == replace(NONE, posts=1)
    assert await get(ready, "old") == (False, 2, 2)
    assert await get(ready, "new") == (True, 1, 1)
    found = await deliveries.get(ready, DeliveryId("old"))
    assert (found.state, found.message_id) == (DeliveryState.SENT, 1)
    assert await upkeep.prune(ready, NOW) == NONE


async def test_a_refused_delivery_keeps_its_row_only(ready: Database) -> None:
    old = delivery("old", at=NOW - 91 * DAY, shown=(1, 2))
    assert await deliveries.claim(ready, old, next_due=NOW + DAY)
    await deliveries.give_up(ready, old, None, pause=None, now=NOW)
    assert await upkeep.prune(ready, NOW) == replace(NONE, posts=1, more=2)
    assert await get(ready, "old") == (False, 0, 0)


async def test_what_is_not_settled_keeps_everything(ready: Database) -> None:
    """In a channel that was paused for months: a resume still looks for it."""
    assert await deliveries.claim(
        ready, delivery("open", at=NOW - 200 * DAY, shown=(1,), more=(2,)), next_due=NOW + DAY
    )
    assert await upkeep.prune(ready, NOW) == NONE
    assert await get(ready, "open") == (True, 1, 1)


async def test_what_was_shown_is_known_for_ever_and_n_more_for_ninety_days(ready: Database) -> None:
    await posted(ready, "ancient", NOW - 2000 * DAY, shown=(1, 2), more=(3, 4, 5))
    await posted(ready, "old", NOW - 91 * DAY, shown=(3,), more=(4,))
    await posted(ready, "new", NOW - 89 * DAY, shown=(4,), more=(5, 6))
    assert (await upkeep.prune(ready, NOW)).more == 4
    assert [await get(ready, name) for name in ("ancient", "old", "new")] == [
        (False, 2, 0),
        (False, 1, 0),
        (False, 1, 2),
    ]
    everything = [PaperId(number) for number in range(1, 9)]
    assert await deliveries.shown(ready, ONE, everything) == {1, 2, 3, 4}
    again = delivery("again", due=NOW - 89 * DAY + DAY, at=NOW, shown=(1,))
    assert not await deliveries.claim(ready, again, next_due=NOW + DAY)


async def test_of_old_days_the_last_count_is_kept_and_of_new_ones_each(db: Database) -> None:
    """Days are UTC's: the day that the limit falls into is new as a whole."""
    edge = datetime(2026, 3, 1, tzinfo=UTC)  # thirty days before NOW's midnight
    assert edge + timedelta(hours=13) == NOW - 30 * DAY
    at = [
        edge - 2 * DAY,
        edge - DAY,
        edge - DAY + timedelta(hours=1),
        edge - SECOND,
        edge,
        edge + timedelta(hours=1),
        NOW,
    ]
    for votes, moment in enumerate(at):
        await store(db, HF, entry("One", votes=votes), entry("Two", votes=7), at=moment)
    assert (await upkeep.prune(db, NOW)).observations == 2
    assert await observations(db, PaperId(1)) == tuple((at[votes], votes, None) for votes in (0, 3, 4, 5, 6))
    assert await observations(db, PaperId(2)) == ((at[0], 7, None),)
    assert await upkeep.prune(db, NOW) == NONE


async def test_a_query_behind_buttons_goes_ninety_days_after_it_was_last_asked(db: Database) -> None:
    old = await searches.remember(db, "old", now=NOW)
    kept = await searches.remember(db, "kept", now=NOW)
    await searches.remember(db, "kept", now=NOW + 60 * DAY)
    assert await upkeep.prune(db, NOW + 90 * DAY) == NONE
    assert await upkeep.prune(db, NOW + 91 * DAY) == replace(NONE, searches=1)
    with pytest.raises(NotFound, match="ask it again"):
        await searches.recall(db, old)
    assert await searches.recall(db, kept) == "kept"


# --- servers without the bot ------------------------------------------------------------------------


async def test_thirty_days_after_the_bot_was_removed_all_of_the_server_goes(ready: Database) -> None:
    await channel(ready, 2, "agents", "robots")
    await channel(ready, 3, guild=8)
    await posted(ready, "d1", NOW, shown=(1, 2), more=(3,))
    await guilds.set_alerts(ready, GuildId(7), ChannelId(1))
    await guilds.set_alerts(ready, GuildId(8), ChannelId(3))
    await guilds.leave(ready, GuildId(7), NOW)
    assert await upkeep.prune(ready, NOW + 30 * DAY) == NONE
    pruned = await upkeep.prune(ready, NOW + 30 * DAY + SECOND)
    assert (pruned.channels, pruned.guilds) == (2, 1)
    assert [found.id for found in await channels.every(ready)] == [3]
    for table, left in (("topics", 1), ("deliveries", 0), ("delivery_papers", 0), ("verdicts", 0), ("guilds", 1)):
        assert await rows(ready, f"SELECT count(*) FROM {table}") == [(left,)], table
    assert await rows(ready, "SELECT count(*) FROM papers") == [(8,)]
    assert committed(ready, "PRAGMA foreign_key_check") == []


async def test_an_invitation_before_that_keeps_everything(ready: Database) -> None:
    await posted(ready, "d1", NOW, shown=(1, 2), more=(3,))
    await guilds.leave(ready, GuildId(7), NOW)
    await guilds.join(ready, GuildId(7))
    pruned = await upkeep.prune(ready, NOW + 60 * DAY)
    assert (pruned.channels, pruned.guilds) == (0, 0)
    assert await deliveries.shown(ready, ONE, [PaperId(1), PaperId(2)]) == {1, 2}
    assert len(await channels.topics(ready, ONE)) == 1


async def test_an_invitation_in_the_middle_keeps_what_is_still_there(
    ready: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await channel(ready, 2)
    await guilds.leave(ready, GuildId(7), NOW)
    write, begun = ready.write, 0

    def writing() -> object:
        nonlocal begun
        begun += 1
        if begun == 2:  # between the first channel and the second
            invite(ready)
        return write()

    monkeypatch.setattr(ready, "write", writing)
    pruned = await upkeep.prune(ready, NOW + 31 * DAY)
    assert (pruned.channels, pruned.guilds) == (1, 0)
    assert [found.id for found in await channels.every(ready)] == [2]


def invite(db: Database) -> None:
    """From outside, since the bot's own writer is busy."""
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute("UPDATE guilds SET left_at = NULL")
        connection.commit()


# --- how it runs ------------------------------------------------------------------------------------


async def test_it_runs_once_a_day_whatever_is_restarted(db: Database) -> None:
    assert await upkeep.daily(db, NOW) == NONE
    for hours in (0, 1, 23):
        assert await upkeep.daily(db, NOW + timedelta(hours=hours)) is None
    assert await upkeep.daily(db, NOW + DAY) == NONE
    assert await upkeep.daily(db, NOW + DAY + SECOND) is None
    assert await heartbeat.last(db, "upkeep") == NOW + DAY


async def test_a_run_in_the_future_was_no_run(db: Database) -> None:
    await upkeep.daily(db, NOW + 1000 * DAY)
    assert await upkeep.daily(db, NOW) == NONE
    assert await upkeep.daily(db, NOW + SECOND) is None


async def test_a_run_that_was_cut_off_is_repeated(ready: Database) -> None:
    await posted(ready, "old", NOW - 31 * DAY)
    running = asyncio.create_task(upkeep.daily(ready, NOW))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await upkeep.daily(ready, NOW + SECOND) == replace(NONE, posts=1)


async def test_years_of_rows_go_in_small_slices_between_which_others_write(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_SLICE", 10)
    monkeypatch.setattr(upkeep, "_FOUND", 40)
    await store(db, HF, *(entry(f"Paper {number}", votes=1) for number in range(3)), at=NOW - 99 * DAY)
    start = int((NOW - 90 * DAY).timestamp()) // 86400 * 86400
    async with db.write() as tx:
        await tx.executemany(
            "INSERT INTO observations VALUES (?, ?, 1, 1, 1)",
            [(paper, start + hour * 3600) for paper in (1, 2, 3) for hour in range(24 * 3)],
        )

    async def beating() -> int:
        beats = 0
        while not running.done():
            await heartbeat.beat(db, "tick", NOW)
            beats += 1
        return beats

    running = asyncio.create_task(upkeep.prune(db, NOW))
    beats = await beating()
    assert (await running).observations == 3 * 3 * 23
    assert beats >= 3 * 3 * 23 // 10
    assert await rows(db, "SELECT count(*) FROM observations WHERE seen_at >= ?", start) == [(9,)]


async def test_an_inbox_that_follows_nothing_is_known_for_thirty_days(db: Database) -> None:
    """From its last due moment on, or from its beginning, whichever is later."""
    ages = {1: (31 * DAY, 90 * DAY), 2: (29 * DAY, 90 * DAY), 3: (None, 31 * DAY), 4: (31 * DAY, 29 * DAY)}
    for number in (*ages, 5, 6):
        await channel(db, number, person=number)
    await channel(db, 7, guild=7)
    for number in (*ages, 5, 7):
        for topic in await channels.topics(db, ChannelId(number)):
            await channels.unsubscribe(db, topic.id)
    async with db.write() as tx:
        await tx.execute("UPDATE channels SET last_due = 1, created_at = 1")
        for number, (due, created) in ages.items():
            at = (None if due is None else int((NOW - due).timestamp()), int((NOW - created).timestamp()), number)
            await tx.execute("UPDATE channels SET last_due = ?, created_at = ? WHERE id = ?", at)
    assert await upkeep.prune(db, NOW) == replace(NONE, inboxes=3)
    assert {found.id for found in await channels.every(db)} == {2, 4, 6, 7}
    assert await upkeep.prune(db, NOW) == NONE


async def test_an_inbox_that_is_paused_is_known_for_as_long_as_its_verdicts(db: Database) -> None:
    for number, age in ((1, 401 * DAY), (2, 399 * DAY), (3, 401 * DAY)):
        await channel(db, number, person=number, created=NOW - age)
    await channel(db, 4, created=NOW - 401 * DAY)
    for number in (1, 2, 4):
        await channels.pause(db, ChannelId(number), "by hand", now=NOW - 399 * DAY)
    assert await upkeep.prune(db, NOW) == replace(NONE, inboxes=1)
    assert {found.id for found in await channels.every(db)} == {2, 3, 4}


async def test_a_server_that_was_left_goes_beside_inboxes(db: Database) -> None:
    """Nobody's server is in a list of servers, where it would match all or none."""
    await channel(db, 1, guild=7)
    await channel(db, 2, person=7)
    await guilds.leave(db, GuildId(7), NOW - 31 * DAY)
    assert await upkeep.prune(db, NOW) == replace(NONE, channels=1, guilds=1)
    assert [found.id for found in await channels.every(db)] == [2]
