"""A server's own feeds: added up to a number, polled once for all, forgotten with their last server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import NotFound, UserError
from bot.models import FeedLink, GuildId, Validators
from storage import additions, feeds, guilds, health, upkeep
from storage.database import Database
from tests.making import NOW, entry, rows, store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ONE, TWO = GuildId(1), GuildId(2)


def link(name: str) -> FeedLink:
    return FeedLink(address=f"https://{name}.example/feed", title=f"The {name}")


def name(text: str) -> str:
    return additions.name_of(link(text).address)


async def add(db: Database, guild: GuildId, *names: str, limit: int = 10) -> list[bool]:
    return [await additions.add(db, guild, link(text), limit=limit, now=NOW) for text in names]


async def polled(db: Database, text: str) -> None:
    """Everything that a poll leaves behind."""
    vouched = {name(text): Validators(etag="e")}
    await store(db, name(text), entry(f"Paper of {text}"), validators=vouched)
    await health.record_batches(db, name(text), (), {"title": NOW.date()})
    await feeds.record_poll(db, name(text), now=NOW, next_poll_at=NOW + 60 * MINUTE, error=None, entries=1)


async def left_of(db: Database, text: str) -> list[int]:
    found = [
        await rows(db, f"SELECT count(*) FROM {table} WHERE {column} = ?", name(text))
        for table, column in (("feeds", "name"), ("validators", "url"), ("fields", "feed"))
    ]
    return [count for ((count,),) in found]


async def test_a_server_has_its_feeds_each_once_and_up_to_the_limit(db: Database) -> None:
    assert await add(db, ONE, "a", "b", "a") == [True, True, False]
    assert await add(db, TWO, "a") == [True]
    assert [feed.title for feed in await additions.of_guild(db, ONE)] == ["The a", "The b"]
    assert await additions.own(db, ONE) == (name("a"), name("b"))
    assert await additions.own_of_all(db) == {ONE: (name("a"), name("b")), TWO: (name("a"),)}
    with pytest.raises(UserError, match="2 of 2 feeds"):
        await add(db, ONE, "c", limit=2)
    assert await add(db, ONE, "a", limit=2) == [False]
    with pytest.raises(UserError, match="switched added feeds off"):
        await add(db, ONE, "c", limit=0)
    assert len(await additions.of_guild(db, ONE)) == 2


async def test_of_two_that_press_at_once_one_gets_the_last_place(db: Database) -> None:
    ended = await asyncio.gather(*(add(db, ONE, text, limit=1) for text in "abc"), return_exceptions=True)
    assert sum(isinstance(end, UserError) for end in ended) == 2
    assert len(await additions.of_guild(db, ONE)) == 1


async def test_a_feed_is_polled_once_for_all_servers_and_for_none_that_was_left(db: Database) -> None:
    await add(db, ONE, "a", "b")
    await add(db, TWO, "a", "c")
    assert [feed.address for feed in await additions.due(db, NOW)] == [link(text).address for text in "abc"]
    assert not any(feed.trusted for feed in await additions.every(db))
    await polled(db, "a")
    assert [feed.name for feed in await additions.due(db, NOW + MINUTE)] == [name("b"), name("c")]
    assert len(await additions.due(db, NOW + 61 * MINUTE)) == 3
    # The host's clock was set back.
    assert len(await additions.due(db, NOW - MINUTE)) == 3
    await guilds.leave(db, ONE, NOW)
    assert sorted(feed.name for feed in await additions.every(db)) == [name("a"), name("c")]
    await guilds.join(db, ONE)
    assert len(await additions.every(db)) == 3


async def test_what_is_remembered_of_a_feed_goes_with_its_last_server(db: Database) -> None:
    await add(db, ONE, "a", "b")
    await add(db, TWO, "a")
    await polled(db, "a")
    await polled(db, "b")
    await additions.remove(db, ONE, name("a"))
    assert (await left_of(db, "a"), await left_of(db, "b")) == ([1, 1, 1], [1, 1, 1])
    await additions.remove(db, TWO, name("a"))
    assert (await left_of(db, "a"), await left_of(db, "b")) == ([0, 0, 0], [1, 1, 1])
    with pytest.raises(NotFound, match="/feeds list"):
        await additions.remove(db, TWO, name("a"))
    with pytest.raises(NotFound):
        await additions.remove(db, TWO, name("b"))  # another server's
    assert len(await additions.of_guild(db, ONE)) == 1


async def test_a_server_that_was_left_is_forgotten_with_its_feeds_and_their_papers(db: Database) -> None:
    await add(db, ONE, "a")
    await add(db, TWO, "b")
    await polled(db, "a")
    await polled(db, "b")
    await guilds.reconcile(db, {TWO}, NOW)
    assert (await upkeep.prune(db, NOW + 29 * DAY)).guilds == 0
    assert len(await additions.of_guild(db, ONE)) == 1
    pruned = await upkeep.prune(db, NOW + 31 * DAY)
    assert (pruned.guilds, pruned.papers) == (1, 1)
    assert await additions.of_guild(db, ONE) == ()
    assert (await left_of(db, "a"), await left_of(db, "b")) == ([0, 0, 0], [1, 1, 1])
    assert await rows(db, "SELECT feed FROM listings UNION SELECT feed FROM claims") == [(name("b"),)]


async def test_a_poll_that_ends_after_the_removal_leaves_nothing_for_good(db: Database) -> None:
    await add(db, ONE, "a")
    await additions.remove(db, ONE, name("a"))
    await polled(db, "a")
    assert (await upkeep.prune(db, NOW)).papers == 1
    assert await left_of(db, "a") == [0, 0, 0]


# --- looks ------------------------------------------------------------------------------------------


async def test_a_look_is_remembered_for_its_server_for_a_day(db: Database) -> None:
    number = await additions.begin_look(db, ONE, now=NOW)
    with pytest.raises(NotFound):
        await additions.seen(db, ONE, number, 0)
    await additions.end_look(db, number, [link("a"), link("b")])
    assert await additions.seen(db, ONE, number, 1) == link("b")
    for guild, place in ((TWO, 0), (ONE, 2), (ONE, -1)):
        with pytest.raises(NotFound, match="ask again"):
            await additions.seen(db, guild, number, place)
    assert (await upkeep.prune(db, NOW + DAY)).looks == 0
    assert (await upkeep.prune(db, NOW + DAY + MINUTE)).looks == 1
    assert await additions.begin_look(db, ONE, now=NOW + DAY) > number


async def test_a_server_looks_at_five_addresses_in_ten_minutes(db: Database) -> None:
    for minute in range(5):
        await additions.begin_look(db, ONE, now=NOW + minute * MINUTE)
    for minute, wait in ((5, "5 minutes"), (9, "1 minute.")):
        with pytest.raises(UserError, match=wait):
            await additions.begin_look(db, ONE, now=NOW + minute * MINUTE)
    await additions.begin_look(db, TWO, now=NOW + 5 * MINUTE)
    await additions.begin_look(db, ONE, now=NOW + 10 * MINUTE)
    with pytest.raises(UserError, match="1 minute"):
        await additions.begin_look(db, ONE, now=NOW + 10 * MINUTE)
    # A clock that was ahead locks nobody out.
    await additions.begin_look(db, ONE, now=NOW - DAY)
