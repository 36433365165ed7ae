"""Why a paper is in a channel's digest, or is not: each fate is found, with its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.digest.markup import as_text
from bot.digest.why import why_post
from bot.errors import UserError
from bot.models import DeliveryKind, Fate, Floor, Heat, PaperId
from bot.papers import trending
from bot.pipeline import candidates, deliver, lookup, why
from storage import channels
from storage.database import Database
from tests.making import ARXIV, HF, NOW, TODAY, WEEKDAYS, channel, entry, rows, store
from tests.pipeline.test_deliver import ONE, Discord, get

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def fate(db: Database, title: str, *, now: datetime = NOW) -> Fate:
    ((number,),) = await rows(db, "SELECT id FROM papers WHERE title = ?", title)
    paper = await lookup.paper(db, str(number), now=NOW)
    return await why.explain(db, await channels.get(db, ONE), paper, now=now)


async def papers(db: Database, count: int, word: str = "agents", first: int = 1) -> None:
    """So many of today's, each with one vote less than the one before."""
    made = (
        entry(f"Of {word} {number}", arxiv_id=f"2603.{number:05}", on=TODAY, votes=900 - number)
        for number in range(first, first + count)
    )
    await store(db, HF, *made, at=NOW - HOUR)


async def test_what_comes_what_came_and_what_was_left_out(db: Database, discord: Discord) -> None:
    await channel(db, 1, "agents", "robots")
    await papers(db, 10)
    found = await fate(db, "Of agents 1")
    assert (found.coming, found.held, found.mentions) == (True, "", ())
    assert found.answers == (("agents", ("“agents” in the title",)),)
    assert found.misses == (("robots", "lacks “robots”"),)
    assert (found.heat.place, found.heat.of) == (1, 10)
    assert (await fate(db, "Of agents 9")).held == "all 8 places were taken"
    await deliver.deliver_due(db, discord, now=NOW)
    found = await fate(db, "Of agents 1", now=NOW + HOUR)
    assert [(each.shown, each.message_id, each.kind) for each in found.mentions] == [
        (True, 100, DeliveryKind.SCHEDULED)
    ]
    assert (found.coming, found.held) == (False, "")
    found = await fate(db, "Of agents 9", now=NOW + HOUR)
    assert [(each.shown, each.held) for each in found.mentions] == [(False, "all 8 places were taken")]
    assert found.verdict is not None
    assert "as of now" not in as_text(why_post(found)).casefold()


async def test_a_floor_is_the_rule_with_its_figures(db: Database) -> None:
    await channel(db, 1, "agents")
    (topic,) = await channels.topics(db, ONE)
    await channels.edit_topic(db, topic.id, "agents", Floor.ELITE)
    await papers(db, 20)
    found = await fate(db, "Of agents 2")
    assert found.held == "below the floor “elite”: place 2 of its day’s 20, the first 1 pass"
    assert found.heat == replace(found.heat, place=2, of=20)


async def test_what_stands_behind_all_that_is_named_has_its_rule_too(db: Database) -> None:
    await channel(db, 1, "agents")
    await papers(db, 90)
    assert (await fate(db, "Of agents 90")).held == "all 8 places were taken"


async def test_what_is_not_even_weighed_is_explained(db: Database) -> None:
    await channel(db, 1, "agents")
    await papers(db, candidates.CANDIDATES + 1)
    found = await fate(db, f"Of agents {candidates.CANDIDATES + 1}")
    assert found.held == "at least 300 others of what it answers stand before it"


async def test_a_topic_without_words_says_that_it_follows_votes(db: Database) -> None:
    await channel(db)
    await papers(db, 3)
    await store(db, ARXIV, entry("Uncounted", arxiv_id="2603.99999"), at=NOW - HOUR)
    found = await fate(db, "Uncounted")
    assert found.held == "nobody votes on it, and a topic without words follows votes"
    assert found.heat == trending.UNKNOWN == Heat()


async def test_what_is_listed_for_tomorrow_is_no_past(db: Database) -> None:
    await channel(db)
    await store(db, HF, entry("Of Tomorrow", on=TODAY + DAY, votes=1), at=NOW - HOUR)
    assert (await fate(db, "Of Tomorrow")).held == "the day of its list is still to come"


async def test_what_is_old_is_no_news_and_the_digest_of_its_day_is_named(db: Database, discord: Discord) -> None:
    await channel(db, 1, "agents", created=NOW - 3 * DAY)
    await store(db, HF, entry("Zebras", votes=1), at=NOW - HOUR)
    await deliver.deliver_due(db, discord, now=NOW)
    await store(db, HF, entry("Agents, Revised", on=TODAY - 30 * DAY, votes=3), at=NOW + HOUR)
    found = await fate(db, "Agents, Revised", now=NOW + 2 * HOUR)
    assert (found.coming, found.held, found.mentions) == (False, "", ())
    assert found.verdict is not None
    told = as_text(why_post(found))
    assert "It is no news here any more: it was listed on 1 March 2026" in told
    assert "nothing matched “agents”" in told


async def test_parts_of_a_topic_that_it_does_not_answer_are_named(db: Database) -> None:
    await channel(db, 1, "agents -survey votes:>=10", "zebras", "striped zebras -survey")
    await store(db, HF, entry("Agents, a Survey", votes=3))
    found = await fate(db, "Agents, a Survey")
    assert found.misses == (
        ("agents -survey votes:>=10", "has “survey” and lacks votes:>=10"),
        ("zebras", "lacks “zebras”"),
        ("striped zebras -survey", "lacks “striped” and “zebras” and has “survey”"),
    )


async def test_a_channel_that_follows_nothing_is_told_so(db: Database) -> None:
    await papers(db, 1)
    with pytest.raises(UserError, match="Nothing is followed here"):
        await fate(db, "Of agents 1")


async def test_the_other_servers_feeds_play_no_part(db: Database, discord: Discord) -> None:
    await channel(db)
    await papers(db, 1)
    await store(db, "added:https://b.example/rss", entry("Of agents 1", arxiv_id="2603.00001", on=TODAY))
    found = await fate(db, "Of agents 1")
    assert found.coming
    assert "b.example" not in as_text(why_post(found))
    assert "added" not in repr(found)
    assert (await get(db)).schedule == WEEKDAYS
    assert found.paper.id == PaperId(1)
