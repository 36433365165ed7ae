"""Sequences of days as they come: holidays, small categories, errors half way, stops, papers that come again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest
from aiohttp import web

from bot.fetch import Fetcher
from bot.models import FeedOutcome, HealthState
from bot.pipeline import candidates, ingest
from storage import health
from storage.database import Database
from tests.feeds.test_arxiv import rss
from tests.pipeline.sources import World, announcement, api, listed, says, serving, unless_known
from tests.pipeline.test_sources import (
    BOTH,
    DAY,
    FRI,
    HOUR,
    MON,
    THU,
    TUE,
    WED,
    arxiv_list,
    at,
    days_listed,
    poll,
    state,
    submitted,
    told,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(World()) as served:
        yield served


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, list[str]]:
    """Category -> the items of its list: each category is a call of its own."""
    lists: dict[str, list[str]] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        category = request.path.rpartition("/")[2]
        return unless_known(request, rss([category], *lists[category]))

    def calls(categories: tuple[str, ...], _: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
        return tuple((category,) for category in categories)

    monkeypatch.setattr("bot.feeds.arxiv.calls", calls)
    for category in BOTH:
        world.faults[f"/rss/{category}"] = world.faults[f"/atom/{category}"] = answer
    return lists


async def poll_of(db: Database, world: World, now: datetime, *categories: str) -> tuple[FeedOutcome, ...]:
    """A poll where other categories are followed."""
    sources = [replace(source, categories=categories) for source in world.feeds() if source.name == "arxiv"]
    async with Fetcher(version="test", pauses={}) as fetch:
        return await ingest.ingest(db, fetch, sources, now=now, poll=HOUR, backfill_days=1, jitter=lambda: 0.0)


def asked_of_the_api(world: World) -> list[str]:
    return [path for path in world.paths() if path.startswith("/api/query")]


async def note(db: Database, now: datetime, last: datetime) -> str:
    """What a verdict at `now` says of late lists; the last digest was at `last`."""
    return await candidates.Candidates(db, now).late(candidates.Reach.after(last))


# --- papers ---------------------------------------------------------------------------------------


async def test_a_cross_listing_is_news_though_another_call_says_replaced(
    db: Database, world: World, apart: dict[str, list[str]]
) -> None:
    apart["cs.CL"] = [announcement(7, day=TUE, categories=BOTH, kind="replace")]
    apart["cs.LG"] = [announcement(7, day=TUE, categories=BOTH, kind="cross")]
    await poll(db, world, at(TUE))
    assert await days_listed(db) == [(str(TUE), 1)]


# --- what is judged -------------------------------------------------------------------------------


async def test_old_papers_that_are_cross_listed_make_no_list_stale(db: Database, world: World) -> None:
    world.arxiv = [*arxiv_list(MON, 0, 10, ("cs.LG",)), *arxiv_list(MON, 50, 3, ("cs.CL",))]
    await poll(db, world, at(MON))
    crossed = [announcement(number, day=TUE, categories=("cs.LG", "cs.CL"), kind="cross") for number in range(3)]
    world.arxiv = [*arxiv_list(TUE, 20, 10, ("cs.LG",)), *arxiv_list(TUE, 60, 1, ("cs.CL",)), *crossed]
    await poll(db, world, at(TUE))
    assert await told(db, at(TUE)) == ""
    await poll(db, world, at(TUE, 18))
    assert await told(db, at(TUE, 18)) == ""


async def test_what_was_read_before_an_error_is_judged_by_what_it_holds(
    db: Database, world: World, apart: dict[str, list[str]]
) -> None:
    for first, day in ((0, MON), (40, TUE)):
        apart.update(
            {
                category: arxiv_list(day, first + at, 10, (category,))
                for at, category in ((0, "cs.CL"), (20, "cs.LG"))
            }
        )
        if day == TUE:
            world.faults["/rss/cs.LG"] = says("down", status=503)
        await poll(db, world, at(day))
    assert [found.state for found in (await state(db)).health] == [HealthState.FRESH, HealthState.BROKEN]
    world.faults["/rss/cs.LG"] = world.faults["/rss/cs.CL"]
    await poll(db, world, at(TUE, 12, 5))  # the first call is "not modified" now
    assert await told(db, at(TUE, 12, 5)) == ""


async def test_a_huggingface_list_that_was_read_before_an_error_is_not_yesterdays(
    db: Database, world: World
) -> None:
    world.days = {TUE: [listed(number, TUE) for number in range(20)]}
    await poll(db, world, at(TUE), "huggingface")
    world.days[WED] = [listed(number, WED) for number in range(30, 45)]
    answer = world._hugging_face

    async def fails_for_tuesday(request: web.Request) -> web.StreamResponse:
        day = request.query["date"]
        return await says("down", status=503)(request) if day == str(TUE) else answer(request)

    world.faults["/api/daily_papers"] = fails_for_tuesday
    await poll(db, world, at(WED), "huggingface")
    assert (await state(db, "huggingface")).health[0].state is HealthState.FRESH
    world.faults.clear()
    await poll(db, world, at(WED, 12, 5), "huggingface")
    assert await told(db, at(WED, 12, 5)) == ""
    # An end between storing and judging leaves the old judgement behind.
    async with db.write() as tx:
        await tx.execute("UPDATE health SET day = ? WHERE feed = 'huggingface'", (str(TUE),))
    await poll(db, world, at(WED, 14), "huggingface")
    assert await told(db, at(WED, 14)) == ""


async def test_a_small_category_may_have_nothing(db: Database, world: World) -> None:
    first = MON - 14 * DAY
    for number in range(5):
        day = first + number * DAY
        world.arxiv = arxiv_list(day, 10 * number, 2, ("math.HO",))
        await poll_of(db, world, at(day), "math.HO")
    world.arxiv = []
    await poll_of(db, world, at(MON - 7 * DAY), "math.HO")
    assert await told(db, at(MON - 7 * DAY)) == ""


async def test_a_category_may_be_written_without_capitals(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(MON, 0, 10)
    await poll_of(db, world, at(MON), "cs.cl", "cs.LG")
    assert [found.sighting.entries for found in (await state(db)).health] == [5, 5]


async def test_an_old_error_is_no_changed_shape(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(THU, 0, 10)
    await poll(db, world, at(THU))
    world.faults["/rss/cs.CL+cs.LG"] = says("down", status=503)
    await poll(db, world, at(FRI))
    world.submitted = submitted(40, 10, at(WED, 20))
    await poll(db, world, at(FRI + DAY))  # the API has Friday's
    world.faults["/rss/cs.CL+cs.LG"] = says("down", status=500)
    await poll(db, world, at(FRI + DAY, 20))
    assert await told(db, at(FRI + DAY, 20)) == ""
    world.faults.clear()
    (outcome,) = await poll(db, world, at(FRI + DAY, 23))
    assert outcome.not_modified
    assert await told(db, at(FRI + DAY, 23)) == ""


async def test_a_blog_is_measured_by_what_it_brought(db: Database, world: World) -> None:
    (name,) = (source.name for source in world.feeds() if source.name.startswith("rss"))
    first = date(2026, 3, 1)
    for number in range(7):
        world.posts.append((f"Post {number}", f"/{number}"))
        await poll(db, world, at(first + number * DAY), "rss")
    found = []
    for day in (20, 21, 52, 160):
        if day == 21:
            world.posts.append(("Back again", "/back"))
        await poll(db, world, at(first + day * DAY), "rss")
        (how,) = (await state(db, name)).health
        found.append((how.state, how.told.partition(";")[0]))
    assert found == [
        (HealthState.STALE, "nothing new since Saturday 7 March"),
        (HealthState.FRESH, "8 entries, the last new one today"),
        (HealthState.QUIET, "nothing new since Sunday 22 March"),
        (HealthState.STALE, "nothing new since Sunday 22 March"),
    ]


async def test_entries_without_dates_are_new_once(db: Database, world: World) -> None:
    (name,) = (source.name for source in world.feeds() if source.name.startswith("rss"))
    items = "".join(f"<item><title>T{n}</title><link>https://b.example/{n}</link></item>" for n in range(5))
    for day in (MON, TUE):
        world.faults["/feed.xml"] = says(
            f"<rss version='2.0'><channel><title>{day}</title>{items}</channel></rss>"
        )
        await poll(db, world, at(day), "rss")
    assert [batch.day for batch in await health.batches(db, name, since=MON)] == [MON]


# --- which days are asked for ---------------------------------------------------------------------


async def test_a_stop_of_three_weeks_brings_the_last_two(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(WED - 22 * DAY, 0, 4)
    await poll(db, world, at(WED - 22 * DAY))
    world.submitted = submitted(100, 4, at(MON, 10))
    world.arxiv = arxiv_list(WED, 200, 4)
    await poll(db, world, at(WED))
    assert (str(TUE), 4) in await days_listed(db)


async def test_lists_around_holidays_are_not_lost(db: Database, world: World) -> None:
    lists = {date(2026, 1, 16): 0, date(2026, 1, 19): 10, date(2026, 1, 21): 20}
    world.submitted = submitted(10, 4, at(date(2026, 1, 15), 22))
    for day in (date(2026, 1, 16), date(2026, 1, 20), date(2026, 1, 21)):  # not on Monday, a holiday with a list
        world.arxiv = arxiv_list(day, lists[day], 4) if day in lists else []
        await poll(db, world, at(day))
    assert await days_listed(db) == [(str(day), 4) for day in lists]
    # Between Christmas and New Year every day may be without.
    world.submitted = submitted(100, 4, at(date(2026, 12, 27), 22))
    for day, first in ((date(2026, 12, 23), 200), (date(2026, 12, 30), 210)):
        world.arxiv = arxiv_list(day, first, 4)
        await poll(db, world, at(day))
    assert (str(date(2026, 12, 29)), 4) in await days_listed(db)


async def test_weeks_with_a_holiday_need_no_api_and_are_not_told(db: Database, world: World) -> None:
    first = date(2026, 1, 14)
    for number in range(12):
        day = first + number * DAY
        empty = day.weekday() >= 5 or day == date(2026, 1, 20)
        world.arxiv = [] if empty else arxiv_list(day, 10 * number, 8)
        for hour in (6, 18):
            await poll(db, world, at(day, hour))
            assert await told(db, at(day, hour)) == ""
    assert asked_of_the_api(world) == []


async def test_a_category_without_a_paper_was_had(db: Database, world: World) -> None:
    for day, first, categories in ((MON, 0, BOTH), (TUE, 10, ("cs.CL",)), (WED, 20, BOTH)):
        world.arxiv = arxiv_list(day, first, 10, categories)
        await poll(db, world, at(day))
    assert asked_of_the_api(world) == []


async def test_a_day_of_which_the_api_knows_nothing_is_not_asked_for_for_ever(db: Database, world: World) -> None:
    first, asked = MON - 7 * DAY, []
    for number in (0, *range(2, 12)):
        day = first + number * DAY
        world.arxiv = arxiv_list(day, 10 * number, 2) if day.weekday() < 5 else []
        await poll(db, world, at(day))
        asked.append(len(asked_of_the_api(world)))
    assert asked == [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


async def test_a_list_that_was_incomplete_on_friday_is_incomplete_on_saturday(
    db: Database, world: World, apart: dict[str, list[str]]
) -> None:
    apart.update({"cs.CL": arxiv_list(THU, 0, 10, ("cs.CL",)), "cs.LG": arxiv_list(THU, 100, 10, ("cs.LG",))})
    await poll(db, world, at(THU))
    old = [*arxiv_list(FRI, 100, 10, ("cs.LG",)), *arxiv_list(FRI, 200, 2, ("cs.LG",))]
    apart.update({"cs.CL": arxiv_list(FRI, 20, 10, ("cs.CL",)), "cs.LG": old})
    for hour in (12, 13):
        await poll(db, world, at(FRI, hour))
    apart["cs.CL"] = []
    await poll(db, world, at(FRI, 22))
    await poll(db, world, at(FRI + DAY))
    lists = await health.batches(db, "arxiv", since=FRI)
    assert [(found.category, found.whole) for found in lists] == [("cs.CL", True), ("cs.LG", False)]


async def test_an_archive_is_asked_for_with_all_its_categories(db: Database, world: World) -> None:
    for day, first in ((MON, 0), (WED, 20)):
        world.arxiv = arxiv_list(day, first, 10)
        await poll_of(db, world, at(day), "cs", "hep-th", "cs.LG")
    assert "(cat:cs+OR+cat:cs.*+OR+" in asked_of_the_api(world)[0]


async def test_a_bug_over_the_apis_answer_stops_nobody_and_is_not_repeated_at_once(
    db: Database, world: World
) -> None:
    world.arxiv = arxiv_list(MON, 0, 4)
    await poll(db, world, at(MON))
    world.arxiv = arxiv_list(WED, 60, 10)
    body = api([(1, at(MON), ("cs.CL",))], 1).replace(b"2026-03-23T", b"9999-12-31T")  # no date is later
    world.faults["/api/query"] = says(body)
    outcomes = await poll(db, world, at(WED), "")
    assert [outcome.feed.partition(":")[0] for outcome in outcomes] == ["huggingface", "arxiv", "arxiv-api", "rss"]
    assert outcomes[2].error == "an internal error; the log tells more"
    assert (await state(db, "arxiv-api")).failures == 1


# --- what is told of late lists -------------------------------------------------------------------


async def test_what_was_listed_before_the_first_start_was_not_read_late(db: Database, world: World) -> None:
    for number in range(40):
        world.days[WED - number * DAY] = [listed(number, WED - number * DAY)]
    await poll(db, world, at(TUE), "huggingface")  # one day
    await poll(db, world, at(TUE, 13), "huggingface")  # three
    async with Fetcher(version="test", pauses={}) as fetch:
        await ingest.ingest(db, fetch, world.feeds()[:1], now=at(WED), poll=HOUR, backfill_days=1, days=20)
    assert await note(db, at(WED), last=at(TUE, 10)) == ""


async def test_of_a_long_stop_only_what_a_digest_may_hold_is_told(db: Database, world: World) -> None:
    for number in range(30):
        world.days[THU - number * DAY] = [listed(number, THU - number * DAY)]
    await poll(db, world, at(THU - 28 * DAY), "huggingface")
    await poll(db, world, at(THU), "huggingface")
    told = await note(db, at(THU), last=at(THU - 7 * DAY))
    assert told == "Hugging Face's lists of Thursday 12 March to Wednesday 25 March were read late"


async def test_an_incomplete_list_that_the_api_completes_is_told(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(MON, 0, 20)
    await poll(db, world, at(MON))
    old = [*arxiv_list(TUE, 101, 1), *arxiv_list(TUE, 0, 20)[1::2]]
    world.arxiv = [*old, *arxiv_list(TUE, 300, 8, ("cs.CL",))]
    await poll(db, world, at(TUE))
    assert await note(db, at(TUE, 13), last=at(MON, 13)) == ""
    world.submitted = submitted(140, 16, at(MON, 10))
    world.arxiv = arxiv_list(WED, 60, 20)
    await poll(db, world, at(WED))
    assert await note(db, at(WED, 13), last=at(TUE, 13)) == "arXiv's list of Tuesday 24 March was read late"


async def test_papers_that_came_with_the_next_list_were_not_read_late(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(MON, 0, 10)
    await poll(db, world, at(MON))
    world.arxiv = arxiv_list(WED, 20, 10)
    world.submitted = [(number, at(MON, 10), (BOTH[number % 2],)) for number in range(20, 30)]  # held for a day
    await poll(db, world, at(WED))
    assert await note(db, at(WED, 13), last=at(MON, 13)) == ""
    assert await days_listed(db) == [(str(MON), 10), (str(WED), 10)]
