"""What came or rose after a digest opens the next one: nothing is lost, nothing twice, whatever the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.digest import post as posts
from bot.digest.markup import as_text
from bot.models import ChannelId, DeliveryId, FeedLink, Floor, GuildId, Occasion, Schedule, Verdict, VerdictKind
from bot.pipeline import ask, deliver
from storage import additions, channels, feeds, verdicts
from storage.database import Database
from tests.making import ARXIV, HF, NOW, WEEKDAYS, channel, entry, rows, store
from tests.pipeline.test_deliver import ONE, TWO, Discord

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUE, WED, THU, FRI, SAT, SUN, MON = (NOW + days * DAY for days in range(7))
"""When the digests are due."""
DAILY = replace(WEEKDAYS, days=frozenset(range(7)))
SMALL = replace(WEEKDAYS, size=2)


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def listed(
    db: Database, at: datetime, votes: Mapping[str, int | None], *, on: date | None = None, feed: str = HF
) -> None:
    """What a feed's list of a day has at a moment; it was read before."""
    if not await rows(db, "SELECT 1 FROM feeds WHERE name = ?", feed):
        await store(db, feed, entry("Long Ago", on=NOW.date() - 90 * DAY), at=NOW - 30 * DAY)
        await feeds.record_poll(db, feed, now=NOW - 30 * DAY, next_poll_at=NOW, error=None, entries=1)
    entries = (entry(title, on=on or at.date(), votes=count) for title, count in votes.items())
    await store(db, feed, *entries, at=at)


async def digest(db: Database, discord: Discord, at: datetime) -> tuple[list[str], str]:
    """(the titles that the tick at a moment brought to the channel, late ones first; the message)"""
    before = discord.count(ONE)
    await deliver.deliver_due(db, discord, now=at)
    if discord.count(ONE) == before:
        return [], ""
    found = await rows(
        db,
        """SELECT title FROM delivery_papers JOIN papers ON papers.id = paper_id
        WHERE shown AND delivery_id = ? ORDER BY position""",
        list(discord.posts[ONE])[-1],
    )
    return [title for (title,) in found], text(discord)


def text(discord: Discord, number: ChannelId = ONE) -> str:
    return as_text(list(discord.posts[number].values())[-1])


async def following(db: Database, schedule: Schedule = WEEKDAYS, due: datetime = TUE) -> None:
    """A channel that follows everything since the day before."""
    await channel(db, due=due, created=due - 25 * HOUR, schedule=schedule)


# --- what rose, and what came ----------------------------------------------------------------------------


async def test_what_rose_after_a_digest_opens_the_next_one(db: Database, discord: Discord) -> None:
    await following(db, SMALL)
    tuesday = {f"Tuesday {at}": 40 - at for at in range(5)}
    await listed(db, TUE - HOUR, tuesday | {"Slow": 1})
    assert (await digest(db, discord, TUE))[0] == ["Tuesday 0", "Tuesday 1"]
    await listed(db, WED - HOUR, tuesday | {"Slow": 90}, on=TUE.date())
    await listed(db, WED - HOUR, {"Wednesday 0": 9, "Wednesday 1": 8})
    titles, told = await digest(db, discord, WED)
    assert titles == ["Slow", "Wednesday 0"]
    assert told.index("Yesterday, after the digest") < told.index("Slow") < told.index("New\n")
    assert told.index("New\n") < told.index("Wednesday 0")
    assert "(+89 since yesterday)" in told


async def test_what_was_listed_after_a_digest_is_never_lost(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {f"Tuesday {at}": 9 for at in range(8)})
    await digest(db, discord, TUE)
    await listed(db, TUE + 2 * HOUR, {"Afternoon": 0})
    await listed(db, WED - HOUR, {"Wednesday": 9})
    assert (await digest(db, discord, WED))[0] == ["Afternoon", "Wednesday"]


async def test_risers_take_their_share_and_late_news_what_they_are_worth(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {f"Tuesday {at}": 50 - at for at in range(20)})
    assert (await digest(db, discord, TUE))[0] == [f"Tuesday {at}" for at in range(8)]
    await listed(db, TUE + HOUR, {f"Late {at}": 99 for at in range(3)}, on=TUE.date())
    await listed(db, WED - HOUR, {f"Tuesday {at}": 500 - at for at in range(20)}, on=TUE.date())
    await listed(db, WED - HOUR, {f"Wednesday {at}": 9 for at in range(9)})
    titles, _ = await digest(db, discord, WED)
    # Of the twenty-three of Tuesday's list ten may rise; eight of them were shown.
    assert [title.split()[0] for title in titles] == ["Tuesday"] * 2 + ["Late"] * 3 + ["Wednesday"] * 3


@pytest.mark.parametrize("due", [TUE, MON - 4 * DAY])
async def test_a_first_digest_has_nothing_late(db: Database, discord: Discord, due: datetime) -> None:
    await following(db, due=due)
    await listed(db, due - 3 * DAY, {"Before the channel": 900})
    await listed(db, due - 26 * HOUR, {"Of the channel's first day": 5})
    await listed(db, due - HOUR, {"Of today": 7})
    titles, told = await digest(db, discord, due)
    assert titles == ["Of today", "Of the channel's first day"]
    assert "Late" not in told
    await listed(db, due + 20 * HOUR, {"Before the channel": 9_000}, on=(due - 3 * DAY).date())
    await listed(db, due + 20 * HOUR, {"Of tomorrow": 1}, on=(due + DAY).date())
    assert (await digest(db, discord, due + DAY))[0] == ["Of tomorrow"]


async def test_a_channel_can_turn_it_off_and_loses_nothing(db: Database, discord: Discord) -> None:
    await following(db, replace(SMALL, late_risers=False))
    tuesday = {f"Tuesday {at}": 40 - at for at in range(5)}
    await listed(db, TUE - HOUR, tuesday | {"Slow": 1})
    await digest(db, discord, TUE)
    await listed(db, WED - HOUR, tuesday | {"Slow": 90}, on=TUE.date())
    await listed(db, TUE + HOUR, {"Afternoon": 1})
    await listed(db, WED - HOUR, {"Wednesday": 9})
    titles, told = await digest(db, discord, WED)
    assert titles == ["Wednesday", "Afternoon"]
    assert "after the digest" not in told


async def test_a_place_is_among_the_whole_day_where_only_few_of_it_are_news(
    db: Database, discord: Discord
) -> None:
    """The floor of a channel without late risers is that of any other."""
    await following(db, replace(WEEKDAYS, late_risers=False))
    (topic,) = await channels.topics(db, ONE)
    await channels.edit_topic(db, topic.id, topic.text, Floor.ELITE)
    await listed(db, TUE - HOUR, {f"Tuesday {at}": 40 - at for at in range(20)})
    assert (await digest(db, discord, TUE))[0] == ["Tuesday 0"]
    await listed(db, TUE + HOUR, {"Afternoon": 1})
    assert (await digest(db, discord, WED))[0] == []
    (verdict, _) = await verdicts.latest(db, ONE)
    assert verdict.kind is VerdictKind.NOTHING
    assert "nearest: “Afternoon” (below the floor “elite”: place 21 of its day’s 21" in verdict.text


# --- two sources, two servers, a wrong clock -------------------------------------------------------------


async def test_a_work_that_two_sources_list_comes_once(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {"Elsewhere": 1})
    both = entry("A Work of Both", arxiv_id="2603.00001", on=TUE.date())
    await store(db, ARXIV, entry("Old", arxiv_id="2603.00009", on=TUE.date() - 9 * DAY), at=TUE - 9 * DAY)
    await store(db, ARXIV, both, at=TUE - HOUR)
    await digest(db, discord, TUE)
    again = entry("A Work of Both", arxiv_id="2603.00001", on=WED.date(), votes=3)
    await store(db, HF, again, at=WED - HOUR)
    assert (await digest(db, discord, WED))[0] == ["A Work of Both"]
    await store(db, HF, replace(again, listed_on=THU.date()), at=THU - HOUR)
    assert (await digest(db, discord, THU))[0] == []


async def test_another_servers_feed_neither_leaks_nor_raises(db: Database, discord: Discord) -> None:
    feed = "added:https://b.example/rss"
    await following(db)
    await channel(db, 2, guild=8, created=TUE - 25 * HOUR)
    for number in (1, 2):
        await channel(db, number, "secrets", guild=6 + number)
    link = FeedLink(address=feed.removeprefix("added:"), title="B")
    assert await additions.add(db, GuildId(8), link, limit=10, now=TUE - 30 * DAY)
    await listed(db, TUE - HOUR, {"Everybody's": 4})
    await listed(db, TUE - HOUR, {"Nothing Much": None}, feed=feed)
    await digest(db, discord, TUE)
    await listed(db, TUE + HOUR, {"Of secrets": None}, on=TUE.date(), feed=feed)
    assert (await digest(db, discord, WED))[0] == []
    assert "secrets" not in text(discord).replace("trending, secrets", "")
    assert "Yesterday, after the digest" in text(discord, TWO)


async def test_a_verdict_from_a_wrong_clock_does_not_silence_a_channel(db: Database, discord: Discord) -> None:
    await following(db)
    future = TUE + 90 * DAY
    async with db.write() as tx:
        wrong = Verdict(channel_id=ONE, due_at=future, at=future, kind=VerdictKind.POSTED, text="posted")
        await verdicts.judge(tx, wrong)
        await verdicts.judge(tx, replace(wrong, occasion=Occasion.WEEKLY))
    await listed(db, TUE - HOUR, {"Tuesday": 9})
    assert (await digest(db, discord, TUE))[0] == ["Tuesday"]
    await listed(db, TUE + HOUR, {"Afternoon": 9})
    assert (await digest(db, discord, WED))[0] == ["Afternoon"]


async def test_what_did_not_rise_is_behind_the_button_of_its_digest_alone(db: Database, discord: Discord) -> None:
    await following(db, replace(DAILY, size=2), due=FRI)
    friday = {f"Friday {at}": 9 - at for at in range(9)}
    await listed(db, FRI - HOUR, friday)
    await digest(db, discord, FRI)
    await listed(db, SAT - HOUR, friday, on=FRI.date())
    assert (await digest(db, discord, SAT))[0] == []
    await listed(db, SUN - HOUR, friday | {"Friday 2": 8}, on=FRI.date())
    assert (await digest(db, discord, SUN))[0] == ["Friday 2"]


async def test_the_button_counts_what_it_does_not_name(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {f"Paper {at}": 99 - at for at in range(90)})
    _, told = await digest(db, discord, TUE)
    assert "8 of 90 papers" in told
    assert "[82 more]" in told
    left, day, beyond = await ask.more(db, DeliveryId(list(discord.posts[ONE])[-1]))
    assert (len(left), day, beyond) == (60, TUE, 22)
    lines = as_text(posts.more_post(left, day, beyond)).splitlines()
    named = sum("site.example" in line for line in lines)
    assert f"and {82 - named} more" in lines[-2]
    assert lines[-1] == "[Open one of the first 25]"
