"""A person's inbox gets its digests as a channel does, and what is a server's or another person's stays theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bot.errors import DeliveryError, PostRefused, TryLater, UserError
from bot.models import (
    ChannelId,
    Delivery,
    FeedLink,
    GuildId,
    MessageId,
    Owner,
    Post,
    Traces,
    UserId,
    VerdictKind,
)
from bot.pipeline import alert, ask, deliver, weekly
from storage import additions, channels, deliveries, people, verdicts
from storage.database import Database
from tests.making import HF, NOW, channel, entry, rows, store
from tests.pipeline.house import ADDED, pack, unpack
from tests.pipeline.test_deliver import Discord, get, judged, papers_shown

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADA, EVE = UserId(41), UserId(42)
INBOX, OTHER, SERVERS = ChannelId(101), ChannelId(102), ChannelId(1)


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def test_an_inbox_has_its_digests_its_round_ups_and_no_paper_twice(
    archive: Database, discord: Discord
) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await weekly.turn_on(archive, INBOX, 2, NOW.time(), now=NOW)
    assert await deliver.deliver_due(archive, discord, now=NOW) == 1
    await store(
        archive, HF, entry("An Agent of Tomorrow", url="https://c.example/1", on=(NOW + DAY).date()), at=NOW
    )
    assert await deliver.deliver_due(archive, discord, now=NOW + DAY) == 1
    assert await weekly.deliver_weekly_due(archive, discord, now=NOW + DAY) == 1
    assert [kind for kind, _ in await judged(archive, INBOX)] == [VerdictKind.POSTED] * 3
    shown = await papers_shown(archive, INBOX)
    assert len(shown) == len(set(shown)) > 8


async def test_two_inboxes_and_a_server_have_nothing_of_each_other(archive: Database, discord: Discord) -> None:
    """Not their papers, not their pauses, and nobody the feed of a server."""
    await store(archive, ADDED, entry("Of a Server's Own Agent", url="https://b.example/1"), at=NOW - HOUR)
    link = FeedLink(address=ADDED.removeprefix("added:"), title="B")
    await additions.add(archive, GuildId(7), link, limit=10, now=NOW - DAY)
    await store(archive, ADDED, entry("Another Agent of Theirs", url="https://b.example/2"), at=NOW - HOUR)
    # Numbers of persons and servers are apart, even where they are the same.
    for number, whose in ((INBOX, 7), (OTHER, 8), (SERVERS, None)):
        await channel(archive, number, "agent", guild=7, person=whose)
    await channels.pause(archive, OTHER, "by hand", now=NOW - HOUR, by=UserId(8))
    assert await deliver.deliver_due(archive, discord, now=NOW) == 2
    posts = {number: str(list(sent.values())) for number, sent in discord.posts.items()}
    assert posts.keys() == {INBOX, SERVERS}
    assert "of Theirs" in posts[SERVERS]
    assert "of Theirs" not in posts[INBOX]
    for owner, there in ((Owner(person=UserId(7)), False), (Owner(guild_id=GuildId(7)), True)):
        offer = await ask.offer(archive, OTHER, owner, "Another Agent", None, now=NOW, inboxes=5)
        assert ("Another Agent of Theirs" in [paper.title for paper in offer.papers]) == there
    await people.forget(archive, UserId(7))
    assert await papers_shown(archive, SERVERS)
    assert await channels.get(archive, OTHER) is not None


async def test_closed_direct_messages_pause_it_and_no_server_hears_of_it(
    archive: Database, discord: Discord
) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await channel(archive, SERVERS, "agent")
    discord.before[INBOX] = PostRefused(INBOX, "I may not write to you")
    await deliver.deliver_due(archive, discord, now=NOW)
    found = await get(archive, INBOX)
    assert (found.paused, found.next_due) == ("I may not write to you", None)
    assert await judged(archive, INBOX) == [(VerdictKind.PAUSED, NOW)]
    assert discord.told == []
    discord.mend()
    await ask.resume(archive, found, now=NOW + HOUR)
    await deliver.deliver_due(archive, discord, now=NOW + DAY)
    assert await papers_shown(archive, INBOX) == await papers_shown(archive, SERVERS)


async def test_an_inbox_that_fails_for_days_alarms_no_server(archive: Database, discord: Discord) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    discord.before[INBOX] = TryLater(INBOX, "Discord answers 503")
    for days in range(4):
        for hours in (0, 7):
            await deliver.deliver_due(archive, discord, now=NOW + days * DAY + hours * HOUR)
    assert [kind for kind, _ in await judged(archive, INBOX)].count(VerdictKind.FAILED) >= 3
    assert not await alert.tell(archive, discord, await get(archive, INBOX), "is paused: x")
    assert discord.told == []


# --- forgotten in the middle ---------------------------------------------------------------------------


class Forgetful(Discord):
    """Its person says /forget while a post is on its way, at a moment of the test's choice."""

    def __init__(self, db: Database, error: DeliveryError | None, *, arrives: bool) -> None:
        super().__init__()
        self._db, self._error, self._arrives = db, error, arrives

    async def publish(self, channel: ChannelId, post: Post, nonce: str) -> MessageId:
        if self._arrives:
            await super().publish(channel, post, nonce)
        await people.forget(self._db, ADA)
        if self._error:
            raise self._error
        return MessageId(1)

    async def find(self, delivery: Delivery) -> MessageId | None:
        await people.forget(self._db, ADA)
        return await super().find(delivery)


ENDS: dict[str, DeliveryError | None] = {
    "arrived": None,
    "later": TryLater(INBOX, "a 503"),
    "closed": PostRefused(INBOX, "closed"),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("way", ["due", "by hand", "weekly"])
async def test_forgotten_while_its_post_is_on_its_way(archive: Database, name: str, way: str) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await channel(archive, OTHER, "agent", person=EVE)
    discord = Forgetful(archive, ENDS[name], arrives=name == "arrived")
    found = await get(archive, INBOX)
    if way == "due":
        await deliver.deliver_due(archive, discord, now=NOW)
    elif way == "weekly":
        await weekly.turn_on(archive, INBOX, NOW.weekday(), NOW.time(), now=NOW - HOUR)
        assert await weekly.deliver_weekly_due(archive, discord, now=NOW) == 1
    elif name == "arrived":
        await deliver.deliver_now(archive, discord, found, now=NOW)
    else:
        with pytest.raises(DeliveryError):
            await deliver.deliver_now(archive, discord, found, now=NOW)
    await nothing_of_ada(archive)
    for minutes in (5, 60, 24 * 60):
        await deliver.deliver_due(archive, discord, now=NOW + minutes * MINUTE)
    await nothing_of_ada(archive)
    assert await channels.get(archive, OTHER) is not None
    assert discord.told == []


async def nothing_of_ada(db: Database) -> None:
    assert await people.traces(db, ADA) == Traces()
    for table in ("topics", "deliveries", "delivery_papers", "verdicts", "round_ups"):
        assert await rows(db, f"SELECT * FROM {table} WHERE channel_id = ?", INBOX) == [], table


async def test_forgotten_while_somebody_looks_for_it(archive: Database) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await channel(archive, OTHER, "agent", person=EVE)
    discord = Discord()
    discord.after[INBOX] = TryLater(INBOX, "a 503")
    await deliver.deliver_due(archive, discord, now=NOW)
    forgetful = Forgetful(archive, None, arrives=True)
    forgetful.posts = discord.posts
    await deliver.deliver_due(archive, forgetful, now=NOW + 5 * MINUTE)
    await nothing_of_ada(archive)


async def test_forgotten_before_anybody_looks_for_it_is_no_error(
    archive: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Of many that wait some are gone when their turn comes."""
    discord = Discord()
    waiting = [ChannelId(200 + number) for number in range(40)]
    for number in waiting:
        await channel(archive, number, "agent", person=number)
        discord.before[number] = TryLater(number, "a 503")
    await deliver.deliver_due(archive, discord, now=NOW)
    caplog.clear()

    class Looking(Discord):
        async def find(self, delivery: Delivery) -> MessageId | None:
            for number in waiting:
                await people.forget(archive, UserId(number))
            return await super().find(delivery)

    await deliver.deliver_due(archive, Looking(), now=NOW + 5 * MINUTE)
    assert [found.owner for found in await channels.every(archive)] == []
    assert [told.getMessage() for told in caplog.records if told.levelname == "ERROR"] == []


async def test_forgotten_and_asked_for_at_the_same_moment(archive: Database, discord: Discord) -> None:
    """Whoever is quicker, what is left is whole: nothing, or (asked for again after it) a new beginning."""
    asked = (
        lambda: deliver.deliver_due(archive, discord, now=NOW),
        lambda: people.forget(archive, ADA),
        lambda: ask.reschedule(archive, INBOX, lambda old: replace(old, size=3), now=NOW),
        lambda: weekly.turn_on(archive, INBOX, 4, NOW.time(), now=NOW),
    )
    for first in range(len(asked)):
        await channel(archive, INBOX, "agent", person=ADA)
        work: list[Callable[[], object]] = [*asked[first:], *asked[:first]]
        made = await asyncio.gather(*(each() for each in work), return_exceptions=True)  # type: ignore[call-overload]
        errors = [error for error in made if isinstance(error, BaseException)]
        assert all(isinstance(error, UserError) for error in errors), errors
        assert await channels.get(archive, INBOX) is None
        await nothing_of_ada(archive)
        async with archive.read() as connection:
            assert list(await connection.execute_fetchall("PRAGMA foreign_key_check")) == []


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_two_people_do_at_once_each_keeps_to_their_own(archive: Database, seed: int) -> None:
    """Eighty rounds of three acts at the same moment, at random; Discord fails now and then."""
    chance, discord, now = Random(seed), Discord(), NOW
    await channel(archive, SERVERS, "agent")
    shown: set[int] = set()

    async def act(number: ChannelId, person: UserId) -> None:
        """One of the person's, in their inbox. What is refused is refused in words."""
        found = await channels.get(archive, number)
        topics = await channels.topics(archive, number)
        match chance.randrange(9 if found else 1):
            case 0 | 1:
                word = chance.choice(("agent", "robot", "trending"))
                await ask.subscribe(archive, number, Owner(person=person), word, "UTC", now=now, inboxes=2)
            case 2 if topics:
                await channels.unsubscribe(archive, chance.choice(topics).id)
            case 3:
                await channels.pause(archive, number, "by hand", now=now, by=person)
            case 4 if found:
                await ask.resume(archive, found, now=now)
            case 5 if found:
                await deliver.deliver_now(archive, discord, found, now=now)
            case 6:
                await weekly.turn_on(archive, number, chance.randrange(7), NOW.time(), now=now)
            case 7:
                await people.forget(archive, person)

    for round_ in range(80):
        now += timedelta(hours=chance.choice((0, 1, 5, 24)))
        discord.mend()
        if chance.random() < 0.3:
            number = chance.choice((INBOX, OTHER))
            later, closed = TryLater(number, "a 503"), PostRefused(number, "closed")
            way, error = chance.choice(((discord.before, later), (discord.after, later), (discord.before, closed)))
            way[number] = error
        news = entry(f"Agent and Robot {round_}", url=f"https://c.example/{round_}", on=now.date())
        await store(archive, HF, news, at=now)
        made = await asyncio.gather(
            act(INBOX, ADA),
            act(OTHER, EVE),
            deliver.deliver_due(archive, discord, now=now),
            weekly.deliver_weekly_due(archive, discord, now=now),
            return_exceptions=True,
        )
        errors = [error for error in made if isinstance(error, BaseException)]
        assert all(isinstance(error, UserError | DeliveryError) for error in errors), errors
        owners = {found.id: found.owner for found in await channels.every(archive)}
        known = {INBOX: Owner(person=ADA), OTHER: Owner(person=EVE), SERVERS: Owner(guild_id=GuildId(7))}
        assert owners.items() <= known.items()
        async with archive.read() as connection:
            assert list(await connection.execute_fetchall("PRAGMA foreign_key_check")) == []
        before, shown = shown, {*await papers_shown(archive, SERVERS)}
        assert before <= shown
    assert discord.told == []
    assert len(shown) > 8
    for person in (ADA, EVE):
        await people.forget(archive, person)
    assert [found.id for found in await channels.every(archive)] == [SERVERS]


# --- moving house --------------------------------------------------------------------------------------


async def test_an_inbox_moves_with_its_person_and_what_it_was_shown(
    archive: Database, db: Database, discord: Discord, tmp_path: Path
) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await channel(archive, OTHER, "robot", person=EVE)
    await deliver.deliver_due(archive, discord, now=NOW)
    await people.forget(archive, EVE)
    folder = await pack(archive, tmp_path / "moves")
    told = "".join(file.read_text() for file in folder.iterdir())
    assert '"person": "41"' in told
    assert '"42"' not in told


async def test_what_comes_in_of_an_inbox_is_its_persons_whatever_was_here(
    archive: Database, tmp_path: Path, discord: Discord
) -> None:
    await channel(archive, INBOX, "agent", person=ADA)
    await deliver.deliver_due(archive, discord, now=NOW)
    folder = await pack(archive, tmp_path / "moves")
    async with Database(tmp_path / "new.sqlite") as house:
        await channel(house, INBOX, "robot", person=ADA)
        await channel(house, SERVERS, "robot", guild=ADA)
        await unpack(house, folder)
        assert (await get(house, INBOX)).owner == Owner(person=ADA)
        assert [topic.text for topic in await channels.topics(house, INBOX)] == ["robot", "agent"]
        assert [found.id for found in await channels.of(house, Owner(person=ADA))] == [INBOX]
        assert (await people.traces(house, ADA)).papers == len(await papers_shown(archive, INBOX)) > 0
        assert [found.kind for found in await verdicts.latest(house, INBOX)] == [VerdictKind.POSTED]
        assert await deliveries.count(house, INBOX) == 1
        async with house.write() as tx:  # as if it had been a server's, and known longer
            await tx.execute(
                "UPDATE channels SET guild_id = 9, person = NULL, last_due = 1 WHERE id = ?", (INBOX,)
            )
        await unpack(house, folder)
        assert (await get(house, INBOX)).owner == Owner(person=ADA)
        await people.forget(house, ADA)
        await unpack(house, folder)  # an old export remembers, as a backup does
        assert (await people.traces(house, ADA)).inbox
