"""Sources that are late, stale, partial or were missed, read from real servers: what is asked, stored and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.digest import status
from bot.digest.markup import as_text
from bot.digest.trouble import late, troubles
from bot.fetch import Fetcher
from bot.models import FeedOutcome, FeedState, Health, HealthState, Sighting, VerdictKind
from bot.pipeline import deliver, gap, ingest
from storage import feeds, health, verdicts
from storage.database import Database
from tests.making import channel, rows
from tests.pipeline.sources import World, announcement, listed, says, serving
from tests.pipeline.test_deliver import ONE, TWO, Discord

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MON, TUE, WED, THU, FRI = (date(2026, 3, 23) + number * DAY for number in range(5))
BOTH = ("cs.CL", "cs.LG")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(World()) as served:
        yield served


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


async def poll(db: Database, world: World, now: datetime, only: str = "arxiv") -> tuple[FeedOutcome, ...]:
    async with Fetcher(version="test", pauses={}) as fetch:
        sources = [source for source in world.feeds() if source.name.startswith(only)]
        return await ingest.ingest(db, fetch, sources, now=now, poll=HOUR, backfill_days=1, jitter=lambda: 0.0)


async def state(db: Database, name: str = "arxiv") -> FeedState:
    return (await feeds.states(db))[name]


async def told(db: Database, now: datetime) -> str:
    return troubles((await feeds.states(db)).values(), now)


def arxiv_list(day: date, first: int, count: int, categories: tuple[str, ...] = BOTH) -> list[str]:
    return [
        announcement(number, day=day, categories=(categories[number % len(categories)],))
        for number in range(first, first + count)
    ]


async def days_listed(db: Database) -> list[tuple[str, int]]:
    found = await rows(
        db, "SELECT listed_on, count(*) FROM listings WHERE announced GROUP BY listed_on ORDER BY listed_on"
    )
    return [(str(day), int(str(count))) for day, count in found]


# --- the sentinel ---------------------------------------------------------------------------------


async def test_yesterdays_list_again_is_stale_asked_for_elsewhere_and_told_until_it_is_mended(
    db: Database, world: World
) -> None:
    world.arxiv = arxiv_list(TUE, 0, 20)
    await poll(db, world, at(TUE))
    world.paths()
    times, paths = [], []
    now = at(WED, 4, 35)
    for _ in range(5):
        await poll(db, world, now)
        paths += world.paths()
        following = (await state(db)).next_poll_at
        assert following is not None
        times.append((following - now) // timedelta(minutes=1))
        now = following
    assert times == [10, 20, 40, 60, 60]
    assert paths[:4] == ["/rss/cs.CL+cs.LG", "/atom/cs.CL+cs.LG", "/rss/cs.LG+cs.CL", "/atom/cs.LG+cs.CL"]
    assert await told(db, now) == (
        "arXiv cs.CL, cs.LG: still serving Tuesday's list (none of 10 ids new), next look 07:45 UTC"
    )
    world.arxiv = arxiv_list(WED, 20, 20)
    await poll(db, world, now)
    assert await told(db, now) == ""
    assert [found.state for found in (await state(db)).health] == [HealthState.FRESH] * 2
    assert (await state(db)).next_poll_at == now + 6 * HOUR
    assert await days_listed(db) == [(str(TUE), 20), (str(WED), 20)]


async def test_one_category_may_be_stale_under_a_new_date_and_its_papers_keep_their_day(
    db: Database, world: World
) -> None:
    world.arxiv = arxiv_list(TUE, 0, 20)
    await poll(db, world, at(TUE))
    old = arxiv_list(WED, 0, 20)[1::2]
    world.arxiv = [*old, *arxiv_list(WED, 101, 2, ("cs.LG",)), *arxiv_list(WED, 200, 9, ("cs.CL",))]
    await poll(db, world, at(WED))
    assert await told(db, at(WED)) == (
        "arXiv cs.LG: still serving Tuesday's list (2 of 12 ids new), next look 12:10 UTC"
    )
    # Announced on Tuesday stays announced on Tuesday.
    assert await days_listed(db) == [(str(TUE), 20), (str(WED), 11)]
    lines = as_text(status.status_post([(world.feeds()[1], await state(db))], [], papers=0))
    assert "⚠ arXiv cs.LG still serving Tuesday's list (2 of 12 ids new), next look 2026-03-25 12:10 UTC" in lines
    assert "✓ arXiv cs.CL Wednesday's list, 9 entries; read 2026-03-25 12:00 UTC" in lines


async def test_an_unchanged_answer_where_a_new_list_is_due_is_stale(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(TUE, 0, 20)
    await poll(db, world, at(TUE))
    (outcome,) = await poll(db, world, at(TUE, 20))
    assert outcome.not_modified
    assert await told(db, at(TUE, 20)) == ""
    (outcome,) = await poll(db, world, at(WED))
    assert outcome.not_modified
    assert "still serving Tuesday's list" in await told(db, at(WED))


async def test_a_weekend_and_a_holiday_are_quiet_and_an_empty_working_day_is_not(
    db: Database, world: World
) -> None:
    world.arxiv = arxiv_list(FRI, 0, 20)
    await poll(db, world, at(FRI))
    world.arxiv = []
    for day in (FRI + DAY, FRI + 2 * DAY, date(2026, 5, 25), date(2026, 6, 19)):
        await poll(db, world, at(day, 15))
        states = {found.state for found in (await state(db)).health}
        assert states == ({HealthState.QUIET} if day != date(2026, 5, 25) else {HealthState.PARTIAL})
    assert await told(db, at(date(2026, 6, 19))) == ""
    await poll(db, world, at(date(2026, 6, 24)))
    assert "an empty list" in await told(db, at(date(2026, 6, 24)))


async def test_a_source_that_fails_is_trouble_as_soon_as_a_list_is_missed(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(TUE, 0, 20)
    await poll(db, world, at(TUE))
    path = "/rss/cs.CL+cs.LG"
    world.faults[path] = says("down", status=503)
    await poll(db, world, at(TUE, 20))
    assert (await state(db)).error == "127.0.0.1 has trouble of its own (HTTP 503)"
    assert await told(db, at(TUE, 20)) == ""  # today's list was read
    await poll(db, world, at(WED, 5))
    assert await told(db, at(WED, 5)) == (
        "arXiv could not be read since Tuesday 24 March, 12:00 UTC (127.0.0.1 has trouble of its own (HTTP 503))"
    )


async def test_a_field_that_has_gone_is_told_by_its_name(db: Database, world: World) -> None:
    world.days[TUE] = [listed(number, TUE) for number in range(4)]
    await poll(db, world, at(TUE), "huggingface")
    world.days[WED] = [listed(number, WED) for number in range(10, 14)]
    for item in world.days[WED]:
        item["paper"]["votes"] = item["paper"].pop("upvotes")
    await poll(db, world, at(WED), "huggingface")
    assert await told(db, at(WED)) == (
        "Hugging Face: its shape changed: none of 4 entries has paper.upvotes any more, next look 12:10 UTC"
    )
    # What could be read was.
    assert await rows(db, "SELECT count(*) FROM papers") == [(8,)]


async def test_categories_share_calls_until_an_answer_is_full(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(TUE, 0, 2_000)
    await poll(db, world, at(TUE))
    assert world.paths() == ["/rss/cs.CL+cs.LG", "/rss/cs.CL", "/rss/cs.LG"]
    world.arxiv = arxiv_list(WED, 3_000, 20)
    await poll(db, world, at(WED))
    assert world.paths() == ["/rss/cs.CL", "/rss/cs.LG"]


# --- missed days ----------------------------------------------------------------------------------


def submitted(first: int, count: int, when: datetime) -> list[tuple[int, datetime, tuple[str, ...]]]:
    return [(number, when, (BOTH[number % 2], "math.AG")) for number in range(first, first + count)]


async def test_missed_days_come_from_the_api_dated_as_announced_and_the_verdict_says_so(
    db: Database, world: World
) -> None:
    discord = Discord()
    await channel(db, 1, "number", due=at(MON, 13), created=at(MON - 3 * DAY))
    world.arxiv = arxiv_list(MON, 0, 4)
    await poll(db, world, at(MON, 10))
    await deliver.deliver_due(db, discord, now=at(MON, 13))
    # Down from Monday evening to Thursday.
    world.submitted = [
        *submitted(0, 4, at(FRI - 7 * DAY, 10)),
        *submitted(10, 3, at(MON, 17)),  # before Monday's deadline: Tuesday's list
        *submitted(20, 5, at(MON, 19)),  # behind it: Wednesday's
        *submitted(30, 2, at(WED, 10)),  # today's list has it
    ]
    world.arxiv = arxiv_list(THU, 30, 2)
    world.paths()
    main, filled = await poll(db, world, at(THU, 10))
    assert (main.new, filled.new, filled.late, filled.error) == (2, 8, (TUE, WED), None)
    asked = world.paths()
    assert asked[1:] == [
        "/api/query?search_query=(cat:cs.CL+OR+cat:cs.LG)+AND+submittedDate:%5B202603201800+TO+202603241800%5D"
        f"&start=0&max_results={1000}&sortBy=submittedDate&sortOrder=ascending"
    ]
    assert await days_listed(db) == [(str(MON), 4), (str(TUE), 3), (str(WED), 5), (str(THU), 2)]
    await deliver.deliver_due(db, discord, now=at(THU, 13))
    (verdict, *_) = await verdicts.latest(db, ONE)
    assert verdict.kind is VerdictKind.POSTED
    assert verdict.text == (
        "posted 8 papers, 2 more behind its button; arXiv's lists of Tuesday 24 March and Wednesday 25 March were "
        "read late"
    )

    # Once is enough.
    assert await poll(db, world, at(THU, 11)) == ()
    world.arxiv = arxiv_list(FRI, 300, 4)
    await poll(db, world, at(FRI, 11))
    assert [path for path in world.paths() if path.startswith("/api")] == []


async def test_a_list_that_stayed_stale_is_mended_the_next_day(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(TUE, 0, 10)
    await poll(db, world, at(TUE))
    world.arxiv = [*arxiv_list(WED, 1, 1), *arxiv_list(WED, 0, 10)[::2], *arxiv_list(WED, 300, 8, ("cs.LG",))]
    await poll(db, world, at(WED))
    world.submitted = submitted(40, 6, at(MON, 20))
    world.arxiv = arxiv_list(THU, 60, 10)
    _, filled = await poll(db, world, at(THU))
    assert filled.new == 3  # cs.CL alone
    assert "(cat:cs.CL)+AND" in world.paths()[-1]


async def test_the_answer_comes_in_pages_and_counts_when_it_is_whole(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.feeds.arxiv.PAGE", 10)
    world.arxiv = arxiv_list(MON, 0, 4)
    await poll(db, world, at(MON))
    world.submitted = submitted(100, 25, at(MON, 10))
    world.arxiv = arxiv_list(WED, 60, 10)
    api = world._api
    calls = 0

    async def fails_at_the_second_page(request: object) -> object:
        nonlocal calls
        calls += 1
        return await says("busy", status=503)(request) if calls == 2 else api(request)  # type: ignore[arg-type]

    world.faults["/api/query"] = fails_at_the_second_page  # type: ignore[assignment]
    _, failed = await poll(db, world, at(WED))
    assert (failed.new, failed.error) == (0, "127.0.0.1 has trouble of its own (HTTP 503)") or failed.error
    assert (await state(db, gap.FEED)).next_poll_at == at(WED) + timedelta(seconds=30)
    world.faults.clear()
    world.paths()
    (filled,) = await poll(db, world, at(WED) + timedelta(seconds=30))
    assert [path.partition("&start=")[2].partition("&")[0] for path in world.paths()] == ["0", "10", "20"]
    assert filled.new == 15
    assert filled.late == (TUE,)


async def test_an_api_that_fails_is_left_alone_longer_each_time_and_then_for_the_day(
    db: Database, world: World
) -> None:
    world.arxiv = arxiv_list(MON, 0, 4)
    await poll(db, world, at(MON))
    world.arxiv = arxiv_list(WED, 60, 10)
    world.faults["/api/query"] = says("busy", status=503)
    now, waits = at(WED, 6), []
    for _ in range(6):
        await poll(db, world, now)
        following = (await state(db, gap.FEED)).next_poll_at
        assert following is not None
        waits.append((following - now).total_seconds())
        now = following
    assert waits[:5] == [30, 60, 120, 240, 480]
    assert now == at(THU, 8)


async def test_an_index_that_lags_is_asked_again_the_next_day(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(MON, 0, 4)
    await poll(db, world, at(MON))
    world.arxiv = arxiv_list(WED, 60, 10)
    _, filled = await poll(db, world, at(WED))
    assert (filled.new, filled.error, filled.late) == (0, None, ())
    world.paths()
    await poll(db, world, at(WED, 20))
    assert [path for path in world.paths() if path.startswith("/api")] == []
    world.submitted = submitted(100, 5, at(MON, 10))
    filled = (await poll(db, world, at(THU)))[-1]
    assert (filled.new, filled.late) == (5, (TUE,))


async def test_a_first_start_and_a_new_category_miss_nothing(db: Database, world: World) -> None:
    world.arxiv = arxiv_list(MON, 0, 4, ("cs.CL",))
    await poll(db, world, at(MON))
    world.arxiv = arxiv_list(TUE, 10, 4)
    outcomes = await poll(db, world, at(TUE))
    assert len(outcomes) == 1
    assert not [path for path in world.paths() if path.startswith("/api")]


async def test_hugging_face_days_that_were_missed_are_told_too(db: Database, world: World) -> None:
    world.days[MON] = [listed(1, MON)]
    await poll(db, world, at(MON), "huggingface")
    world.days |= {TUE: [listed(2, TUE)], WED: [listed(3, WED)], THU: [listed(4, THU)]}
    await poll(db, world, at(THU), "huggingface")
    lists = await health.first_read(db, at(MON), day=MON)
    assert {feed: [batch.day for batch in found] for feed, found in lists.items()} == {
        "huggingface": [TUE, WED, THU]
    }
    assert late({"huggingface": [TUE, WED]}) == (
        "Hugging Face's lists of Tuesday 24 March and Wednesday 25 March were read late"
    )
    assert late({"arxiv": [MON], "huggingface": []}) == "arXiv's list of Monday 23 March was read late"
    assert late({"arxiv": [MON, TUE, WED, THU]}).startswith("arXiv's lists of Monday 23 March to Thursday 26")


# --- what it says to a channel --------------------------------------------------------------------


async def test_a_verdict_names_the_source_that_is_late(db: Database, world: World) -> None:
    discord = Discord()
    await channel(db, 1, "number", due=at(TUE, 13), created=at(TUE - DAY))
    await channel(db, 2, "zebra", due=at(TUE, 13), created=at(TUE - DAY))
    world.arxiv = arxiv_list(TUE, 0, 6)
    await poll(db, world, at(TUE))
    await deliver.deliver_due(db, discord, now=at(TUE, 13))
    await poll(db, world, at(WED, 12))
    await deliver.deliver_due(db, discord, now=at(WED, 13))
    stale = "arXiv cs.CL, cs.LG: still serving Tuesday's list, next look 12:10 UTC"

    verdict = (await verdicts.latest(db, ONE))[0]
    assert (verdict.kind, stale in verdict.text) == (VerdictKind.STALE, True)
    world.arxiv = [*arxiv_list(WED, 0, 6), *arxiv_list(WED, 300, 1, ("cs.LG",))]
    await poll(db, world, at(WED, 13, 5))
    verdict = (await verdicts.latest(db, TWO))[0]
    assert stale in verdict.text


def test_lists_that_are_late_alike_are_told_in_one_go() -> None:
    late = [
        Health(
            state=HealthState.STALE,
            told=f"still serving Monday's list (none of {number} ids new)",
            sighting=Sighting(category=category),
        )
        for category, number in (("cs.AI", 5), ("cs.CL", 4))
    ]
    state = FeedState(name="arxiv", polled_at=at(MON), next_poll_at=at(MON, 14), health=tuple(late))
    assert troubles([state], at(MON)) == "arXiv cs.AI, cs.CL: still serving Monday's list, next look 14:00 UTC"


def test_nobody_is_named_who_is_no_source_any_more() -> None:
    bad = Health(state=HealthState.STALE, told="still old", sighting=Sighting())
    state = FeedState(name="arxiv", polled_at=at(MON), health=(bad,))
    assert troubles([state], at(TUE)) == "arXiv: still old"
    assert troubles([state], at(FRI)) == ""
