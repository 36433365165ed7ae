"""Which papers a digest weighs: what is news, what has votes, and what was listed before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from bot.models import PaperId
from storage import feeds
from storage.database import Database
from storage.search import listed_before, news, voted
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, entry, rows, store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MINE, THEIRS = "added:https://a.example/rss", "added:https://b.example/rss"
YESTERDAY = TODAY - DAY


async def put(db: Database, feed: str, title: str, on: date, votes: int | None = None, hours: int = 0) -> None:
    if not await rows(db, "SELECT 1 FROM feeds WHERE name = ?", feed):
        await feeds.record_poll(db, feed, now=NOW - 9 * DAY, next_poll_at=NOW, error=None, entries=0)
    await store(db, feed, entry(title, on=on, votes=votes, authors=("Ada",)), at=NOW + hours * HOUR)


async def titles(db: Database, ids: Iterable[PaperId]) -> set[str]:
    found = await rows(db, "SELECT id, title FROM papers")
    return {title for number, title in found if number in set(ids)}


async def test_voted_papers_are_those_of_everybodys_lists(db: Database) -> None:
    await put(db, HF, "Of Today", TODAY, 3)
    await put(db, HF, "Without a Vote", TODAY, 0)
    await put(db, HF, "Of Yesterday", YESTERDAY, 5)
    await put(db, HF, "Of Tomorrow", TODAY + DAY, 5)
    await put(db, HF, "Of Last Week", TODAY - 7 * DAY, 9)
    await put(db, ARXIV, "Uncounted One", TODAY)
    await put(db, MINE, "Of a Server's Own", TODAY, 7)
    ((old,),) = await rows(db, "SELECT id FROM papers WHERE title = 'Of Last Week'")
    ((uncounted,),) = await rows(db, "SELECT id FROM papers WHERE title = 'Uncounted One'")

    async def asked(since: date, *among: int) -> set[str]:
        found = await voted(db, since=since, today=TODAY, among=[PaperId(each) for each in among])
        assert all(paper.id == number for number, paper in found.items())
        return await titles(db, found)

    assert await asked(TODAY) == {"Of Today", "Without a Vote"}
    assert await asked(YESTERDAY) == {"Of Today", "Without a Vote", "Of Yesterday"}
    assert await asked(TODAY, old, uncounted) == {"Of Today", "Without a Vote", "Of Last Week"}
    # A server's own feed names an old paper today: that raises it for nobody else.
    await put(db, MINE, "Of Last Week", TODAY)
    assert await asked(TODAY) == {"Of Today", "Without a Vote"}
    (paper,) = (await voted(db, since=TODAY - 7 * DAY, today=TODAY - 7 * DAY, among=())).values()
    assert (paper.feeds, paper.listed_on) == ((HF,), TODAY - 7 * DAY)


async def test_what_was_listed_before_is_told_by_the_lists_that_one_may_see(db: Database) -> None:
    await put(db, HF, "Of Yesterday", YESTERDAY, 5)
    await put(db, HF, "Of Both Days", YESTERDAY, 5)
    await put(db, HF, "Of Both Days", TODAY, 5, hours=1)
    await put(db, BLOG, "Of Today", TODAY)
    await put(db, HF, "Told Elsewhere", TODAY - 9 * DAY, 1)
    await put(db, MINE, "Told Elsewhere", TODAY)
    await put(db, THEIRS, "Of Yesterday", TODAY)
    every = [PaperId(number) for (number,) in await rows(db, "SELECT id FROM papers ORDER BY id")]
    assert await titles(db, await listed_before(db, every, TODAY)) == {"Of Yesterday", "Told Elsewhere"}
    assert await titles(db, await listed_before(db, every, TODAY, own=(MINE,))) == {"Of Yesterday"}
    assert await titles(db, await listed_before(db, every[:1], TODAY)) == {"Of Yesterday"}
    assert await listed_before(db, [], TODAY) == ()
    assert await listed_before(db, every, TODAY - 20 * DAY) == ()


async def test_news_are_lists_since_a_day_and_what_came_late(db: Database) -> None:
    unseen = NOW - HOUR
    await put(db, BLOG, "Seen Before", YESTERDAY, hours=-2)
    await put(db, BLOG, "Came Late", YESTERDAY)
    await put(db, BLOG, "Came Very Late", TODAY - 8 * DAY)
    await put(db, BLOG, "Too Old", TODAY - 9 * DAY)
    await put(db, BLOG, "Of Today", TODAY, hours=-2)
    await put(db, BLOG, "Of Tomorrow", TODAY + DAY)
    await put(db, MINE, "My Own", YESTERDAY)
    expected = {"Came Late", "Came Very Late", "Of Today"}
    given = {"today": TODAY, "since": TODAY, "unseen": unseen}
    assert await titles(db, await news(db, **given)) == expected  # type: ignore[arg-type]
    own = await news(db, today=TODAY, since=TODAY, unseen=unseen, own=(MINE,))
    assert await titles(db, own) == expected | {"My Own"}
    only = await news(db, today=TODAY, since=TODAY, unseen=unseen, own=(MINE,), only_own=True)
    assert await titles(db, only) == {"My Own"}
