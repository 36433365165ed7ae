"""What gains votes, out of a real archive: periods, lists, topics, and who sees what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from bot.digest.chart import chart_post
from bot.digest.markup import as_text
from bot.errors import InvalidQuery
from bot.feeds import huggingface
from bot.models import Chart, Health, HealthState, Observation, PaperId, Period, Sighting
from bot.papers.chart import Candidate, Span, of_span
from bot.pipeline import chart
from storage import feeds, health, moved, observations
from storage.database import Database
from tests.making import ARXIV, HF, NOW, TODAY, entry, rows, store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FRIDAY, SUNDAY = date(2026, 3, 27), datetime(2026, 3, 29, 13, tzinfo=UTC)
ADDED = "added:https://site.example/f"


async def seen(db: Database, title: str, votes: int | None, *, at: datetime, on: date, feed: str = HF) -> None:
    number = sum(map(ord, title))
    await store(db, feed, entry(title, arxiv_id=f"2603.{number:05}", votes=votes, on=on), at=at)


async def watch(db: Database, *moments: datetime) -> None:
    """Votes are counted before each: of a paper that is in no chart, because its one vote was taken back."""
    for moment in moments:
        for votes, at in ((1, moment - 2 * HOUR), (0, moment - HOUR)):
            await seen(db, f"Watched until {moment}", votes, at=at, on=at.date())


async def asked(
    db: Database, period: Period, text: str = "trending", now: datetime = NOW, own: tuple[str, ...] = ()
) -> Chart:
    return await chart.trending(db, text, period, now=now, own=own)


def told(made: Chart) -> list[tuple[str, int, int | None, bool]]:
    """(title, gained, place before, new) by place."""
    assert [rise.place for rise, _ in made.papers] == list(range(1, len(made.papers) + 1))
    assert all(rise.paper_id == paper.id for rise, paper in made.papers)
    return [(paper.title, rise.gained, rise.before, rise.new) for rise, paper in made.papers]


async def test_a_week_is_ranked_by_gains_and_compared_with_the_week_before(db: Database) -> None:
    await watch(db, NOW - 14 * DAY)
    old = TODAY - 10 * DAY
    for title, before, now in (("Riser", 10, 110), ("Faller", 60, 70), ("Sleeper", 40, 40)):
        await seen(db, title, 1, at=NOW - 10 * DAY, on=old)
        await seen(db, title, before, at=NOW - 8 * DAY, on=old)
        await seen(db, title, now, at=NOW - HOUR, on=old)
    await seen(db, "Newcomer", 30, at=NOW - HOUR, on=TODAY - DAY)
    await seen(db, "Voteless", None, at=NOW - HOUR, on=TODAY, feed=ARXIV)
    made = await asked(db, Period.WEEK)
    assert told(made) == [("Riser", 100, 3, False), ("Newcomer", 30, None, True), ("Faller", 10, 1, False)]
    assert (made.total, made.compared, made.counted_at) == (3, True, NOW - HOUR)
    assert [title for title, *_ in told(await asked(db, Period.MONTH))] == [
        "Riser",
        "Faller",
        "Sleeper",
        "Newcomer",
    ]


async def test_what_an_archive_reads_of_long_ago_has_gained_nothing(db: Database) -> None:
    """At the first start the lists of weeks are read at once."""
    for days in (3, 20, 50):
        await seen(db, f"Listed {days} days ago", 500 + days, at=NOW - HOUR, on=TODAY - days * DAY)
    assert [title for title, *_ in told(await asked(db, Period.WEEK))] == ["Listed 3 days ago"]
    month = await asked(db, Period.MONTH)
    assert told(month) == [("Listed 20 days ago", 520, None, True), ("Listed 3 days ago", 503, None, True)]
    assert not month.compared
    found = await moved.since(
        db, month.query, moment=NOW - 60 * DAY, listed=TODAY - 30 * DAY, today=TODAY, limit=9
    )
    assert [(votes, listed) for _, votes, listed in found] == [(520, TODAY - 20 * DAY), (503, TODAY - 3 * DAY)]


async def test_an_old_paper_that_rises_late_is_found_by_its_counts(db: Database) -> None:
    await watch(db, NOW - 7 * DAY)
    on = TODAY - 200 * DAY
    await seen(db, "Late riser", 4, at=NOW - 9 * DAY, on=on)
    await seen(db, "Late riser", 4, at=NOW - 8 * DAY, on=on)
    assert told(await asked(db, Period.WEEK)) == []
    await seen(db, "Late riser", 44, at=NOW - HOUR, on=on)
    assert told(await asked(db, Period.WEEK)) == [("Late riser", 40, None, False)]


async def test_a_young_archive_compares_nothing(db: Database) -> None:
    """It began within the week before: who stood where in that week, it does not know."""
    for votes, at in ((20, NOW - 9 * DAY), (45, NOW - 8 * DAY), (50, NOW - HOUR)):
        await seen(db, "Long known", votes, at=at, on=TODAY - 30 * DAY)
        await seen(db, "Of the week before", votes + 5, at=at, on=TODAY - 9 * DAY)
    made = await asked(db, Period.WEEK)
    assert not made.compared
    assert [rise.before for rise, _ in made.papers] == [None, None]


@pytest.mark.parametrize(("stop", "gained"), [(7 * DAY + 2 * HOUR, 50), (9 * DAY, 10)])
async def test_what_votes_came_in_a_stop_is_no_gain_of_the_week_alone(
    db: Database, stop: timedelta, gained: int
) -> None:
    on = TODAY - 13 * DAY
    for votes, at in ((30, NOW - stop), (70, NOW - 5 * DAY), (80, NOW - HOUR)):
        await seen(db, "Voted on in a stop", votes, at=at, on=on)
    assert told(await asked(db, Period.WEEK)) == [("Voted on in a stop", gained, None, False)]


@pytest.mark.parametrize(("stop", "lately"), [(25 * HOUR, 40), (48 * HOUR, None), (2 * HOUR, None)])
async def test_what_came_in_a_stop_is_not_told_as_since_yesterday(
    db: Database, stop: timedelta, lately: int | None
) -> None:
    for votes, at in ((10, SUNDAY - stop), (50, SUNDAY - HOUR)):
        await seen(db, "Of friday", votes, at=at, on=FRIDAY)
    ((rise, _),) = (await asked(db, Period.TODAY, now=SUNDAY)).papers
    assert rise.lately == lately


async def test_counts_around_moments_make_the_same_chart_as_all_counts(db: Database) -> None:
    dice = Random(4)
    for number in range(30):
        at, votes, on = NOW - dice.randint(1, 20) * DAY, dice.choice((None, 3)), TODAY - dice.randint(0, 25) * DAY
        for _ in range(dice.randint(1, 12)):
            await seen(db, f"{number} of thirty {'x' * number}", votes, at=at, on=on)
            votes = None if dice.random() < 0.1 else max(0, (votes or 0) + dice.randint(-3, 9))
            at = min(at + dice.randint(1, 60) * HOUR, NOW + 2 * HOUR)
    ids = [PaperId(number) for (number,) in await rows(db, "SELECT id FROM papers")]
    moments = (NOW - 14 * DAY, NOW - 7 * DAY, NOW)
    few, all_of_them = await observations.around(db, ids, moments), await observations.history(db, ids)
    before, span = (Span(begin=at, end=at + 7 * DAY, open=at.date()) for at in moments[:2])

    def made(history: Mapping[PaperId, tuple[Observation, ...]]) -> object:
        candidates = [
            Candidate(paper_id=number, votes=1, listed=TODAY - number % 25 * DAY, history=history.get(number, ()))
            for number in ids
        ]
        return of_span(candidates, span, before), [each.gained(before) for each in candidates]

    assert made(few) == made(all_of_them)
    assert sum(map(len, few.values())) < 0.8 * sum(map(len, all_of_them.values()))


async def test_the_first_list_with_votes_is_where_a_paper_begins(db: Database) -> None:
    """arXiv announced it long before; nobody counted then. Two rows of one work have one history."""
    await seen(db, "Known to arXiv", None, at=NOW - 20 * DAY, on=TODAY - 20 * DAY, feed=ARXIV)
    await seen(db, "Known to arXiv", 9, at=NOW - 2 * DAY, on=TODAY - 2 * DAY)
    await seen(db, "Known to arXiv", 12, at=NOW - HOUR, on=TODAY - 2 * DAY)
    assert told(await asked(db, Period.WEEK)) == [("Known to arXiv", 12, None, True)]
    # Two that prove to be one: with the counts of both.
    await store(db, HF, entry("One Work", doi="10.1/one", votes=20, on=TODAY - 20 * DAY), at=NOW - 8 * DAY)
    other = entry("One Work, told otherwise", arxiv_id="2603.77777", votes=25, on=TODAY - 20 * DAY)
    await store(db, HF, other, at=NOW - 2 * DAY)
    both = entry("One Work", doi="10.1/one", arxiv_id="2603.77777", votes=31, on=TODAY - 20 * DAY)
    await store(db, HF, both, at=NOW - HOUR)
    assert await rows(db, "SELECT count(*) FROM papers") == [(2,)]
    assert ("One Work", 11, None, False) in told(await asked(db, Period.WEEK))


async def test_today_is_the_list_that_is_open(db: Database) -> None:
    await seen(db, "Of yesterday", 99, at=NOW - DAY, on=TODAY - DAY)
    for title, votes in (("Second", 3), ("First", 30), ("Unvoted", 0)):
        await seen(db, title, votes, at=NOW - HOUR, on=TODAY)
    made = await asked(db, Period.TODAY)
    assert told(made) == [("First", 30, None, True), ("Second", 3, None, True)]
    assert (made.day, made.begin) == (TODAY, datetime(2026, 3, 31, 1, 30, tzinfo=UTC))
    # Another day's list is open, and nobody has voted on it: the last one with votes stands, and is named.
    later = NOW + 13 * HOUR
    await seen(db, "Of tomorrow", 0, at=later, on=TODAY + DAY)
    made = await asked(db, Period.TODAY, now=later)
    assert [title for title, *_ in told(made)] == ["First", "Second"]
    assert "Tuesday’s list, 31 March (the newest with votes that is known)" in as_text(chart_post(made, 1))


async def test_at_the_weekend_it_is_fridays_list_with_the_gains_since_yesterday(db: Database) -> None:
    opened = huggingface.opens(FRIDAY)
    for title, early, yesterday, last in (("Grew", 2, 30, 42), ("Stood", 3, 50, 50)):
        for votes, at in ((early, opened + HOUR), (yesterday, SUNDAY - 25 * HOUR), (last, SUNDAY - HOUR)):
            await seen(db, title, votes, at=at, on=FRIDAY)
    await seen(db, "Unseen since", 9, at=opened + HOUR, on=FRIDAY)
    made = await asked(db, Period.TODAY, now=SUNDAY)
    assert [(paper.title, rise.lately, rise.new) for rise, paper in made.papers] == [
        ("Stood", 0, False),
        ("Grew", 12, False),
        ("Unseen since", None, False),
    ]
    text = as_text(chart_post(made, 1))
    assert "Friday’s list, 27 March (the newest: the weekend has none) · 3 papers with votes" in text
    assert "▲ 42 · +12 since yesterday at this hour" in text
    assert "▲ 50 · +0 since yesterday at this hour" in text
    assert "▲ 9\n" in text


async def test_a_list_opens_in_new_york_in_winter_and_summer() -> None:
    for day, opened in (
        (date(2026, 3, 8), datetime(2026, 3, 8, 2, 30, tzinfo=UTC)),
        (date(2026, 3, 10), datetime(2026, 3, 10, 1, 30, tzinfo=UTC)),
        (date(2026, 11, 2), datetime(2026, 11, 2, 2, 30, tzinfo=UTC)),
    ):
        assert huggingface.opens(day) == opened
        assert huggingface.day_of(opened) == day
        assert huggingface.day_of(opened - timedelta(seconds=1)) == day - DAY


async def test_a_topic_is_a_query_like_any_other(archive: Database) -> None:
    everything = await asked(archive, Period.MONTH)
    assert (len(everything.papers), everything.total) == (chart.PLACES, 69)
    some = await asked(archive, Period.MONTH, "diffusion -language votes:>=5 sort:new")
    assert some.query.text == "diffusion -language votes:>=5"
    assert 0 < len(some.papers) < 10
    assert all((paper.votes or 0) >= 5 for _, paper in some.papers)
    assert {paper.title for _, paper in some.papers} <= {
        paper.title for _, paper in (await asked(archive, Period.MONTH, "diffusion")).papers
    }
    with pytest.raises(InvalidQuery):
        await asked(archive, Period.WEEK, "(diffusion")


async def test_papers_of_added_feeds_are_for_their_servers_only(db: Database) -> None:
    await store(db, ADDED, entry("Stealth loom", url="https://site.example/1"), at=NOW - HOUR)
    # A feed has no votes today. Should one ever bring some, they stay where they are seen.
    async with db.write() as tx:
        await tx.execute("UPDATE papers SET votes = 50, counted_at = ?", (int((NOW - HOUR).timestamp()),))
    for period in (Period.WEEK, Period.MONTH):
        assert told(await asked(db, period, own=(ADDED,))) == [("Stealth loom", 50, None, True)]
        for own in ((), ("added:https://other.example/f",)):
            made = await asked(db, period, own=own)
            assert (made.papers, made.total, made.answering) == ((), 0, 0)


async def test_a_listing_of_an_added_feed_tells_others_nothing(db: Database) -> None:
    """What a private list says of a paper's age is seen by those who have it."""
    await store(db, HF, entry("Found", arxiv_id="2603.00001", votes=7, on=None, announced=False), at=NOW - 2 * DAY)
    await store(db, HF, entry("Found", arxiv_id="2603.00001", votes=9, on=None, announced=False), at=NOW - HOUR)
    await store(db, ADDED, entry("Found", arxiv_id="2603.00001", on=TODAY), at=NOW - HOUR)
    assert told(await asked(db, Period.WEEK)) == [("Found", 2, None, False)]


async def test_an_empty_archive_and_one_without_votes_say_what_to_do(db: Database) -> None:
    for period in Period:
        text = as_text(chart_post(await asked(db, period), 1))
        assert "The archive is still empty: the first papers arrive within minutes" in text
    await seen(db, "Voteless", None, at=NOW - HOUR, on=TODAY, feed=ARXIV)
    made = await asked(db, Period.TODAY, "voteless")
    assert (made.answering, made.day) == (1, None)
    assert "No list has votes yet." in as_text(chart_post(made, 1))
    text = as_text(chart_post(await asked(db, Period.WEEK, "voteless"), 1))
    assert "Of 1 paper that answers this none gained a vote in the last 7 days." in text
    assert "Choose a longer period, or look at the newest papers: /search with sort:new." in text
    assert "No paper in the archive answers that." in as_text(chart_post(await asked(db, Period.WEEK, "zebra"), 1))


async def test_a_source_that_cannot_be_read_is_told(db: Database) -> None:
    await seen(db, "Of friday", 9, at=SUNDAY - 2 * DAY, on=FRIDAY)
    await feeds.record_poll(db, HF, now=NOW, next_poll_at=NOW + HOUR, error="it answers 503", entries=None)
    broken = Health(state=HealthState.BROKEN, told="it answers 503", sighting=Sighting())
    await health.record(db, HF, (broken,), now=NOW)
    text = as_text(chart_post(await asked(db, Period.TODAY), 1))
    assert "Friday’s list, 27 March (the newest with votes that is known)" in text
    assert "Hugging Face could not be read (it answers 503)" in text


async def test_of_very_many_papers_those_with_most_votes_are_looked_at(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for votes, title in enumerate(("Few", "Some", "Many"), 1):
        await seen(db, title, votes, at=NOW - HOUR, on=TODAY - DAY)
    monkeypatch.setattr(chart, "CANDIDATES", 3)
    assert (made := await asked(db, Period.WEEK)).at_least
    monkeypatch.setattr(chart, "CANDIDATES", 4)
    assert not (await asked(db, Period.WEEK)).at_least
    assert [title for title, *_ in told(made)] == ["Many", "Some", "Few"]
