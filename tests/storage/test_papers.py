"""One work is one row, whatever carries it, in whatever order it comes."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.models import Entry, Hit, Paper, PaperId
from bot.papers import identity, query
from storage import deliveries, feeds, papers, search
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, answered, channel, delivery, entry, observations, rows, store

DAY = timedelta(days=1)
ADA, BOB = ("Ada Lovelace",), ("Bob Moog",)


async def every(db: Database) -> tuple[Paper, ...]:
    ids = [PaperId(number) for (number,) in await rows(db, "SELECT id FROM papers ORDER BY id")]
    return await papers.get(db, ids)


async def only(db: Database) -> Paper:
    (paper,) = await every(db)
    return paper


async def listings(db: Database) -> set[tuple[str, str, int]]:
    return set(await rows(db, "SELECT feed, listed_on, announced FROM listings"))


async def announced(db: Database, since: date = TODAY, text: str = "trending") -> tuple[Hit, ...]:
    news = await search.news(db, today=TODAY, since=since, unseen=datetime.combine(since, time(), UTC))
    return await search.announced(db, query.parse(text), today=TODAY, among=news, limit=100)


def index_faults(db: Database) -> list[str]:
    """What the indexes themselves say of their agreement with the rows."""
    faults = []
    with closing(sqlite3.connect(db.path)) as connection:
        for index in ("texts", "names"):
            try:
                connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
            except sqlite3.DatabaseError as error:
                faults.append(f"{index}: {error}")
        connection.rollback()
        faults += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    return faults


# --- round trip -----------------------------------------------------------------------------------


async def test_a_paper_comes_back_as_it_went(db: Database) -> None:
    full = entry(
        arxiv_id="2603.00001",
        version=2,
        doi="10.1000/1",
        authors=("Ada Lovelace", "Bob Moog"),
        abstract="We attend.",
        summary="It attends.",
        keywords=("attention", "transformers"),
        categories=("cs.CL", "cs.LG"),
        organization="Analytical Engines",
        published_at=NOW - DAY,
        repository="https://github.com/a/b",
        project_page="https://a.example",
        thumbnail="https://a.example/t.png",
        discussion="https://huggingface.co/papers/2603.00001",
        votes=5,
        comments=0,
        stars=12,
    )
    assert await store(db, HF, full) == (1, 0, 0)
    assert await only(db) == replace(full.paper, id=PaperId(1), feeds=(HF,))
    assert await papers.count(db) == 1


async def test_a_feed_without_dates_has_no_news_at_its_first_reading(db: Database) -> None:
    await store(db, BLOG, entry(on=None))
    found = await only(db)
    assert (found.listed_on, found.votes, found.published_at) == (None, None, None)
    assert await listings(db) == {(BLOG, TODAY.isoformat(), 0)}


async def test_later_an_entry_without_a_date_is_listed_on_the_day_it_was_seen(db: Database) -> None:
    await feeds.record_poll(db, BLOG, now=NOW - DAY, next_poll_at=NOW, error=None, entries=0)
    await store(db, BLOG, entry(on=None))
    assert (await only(db)).listed_on == TODAY
    assert await listings(db) == {(BLOG, TODAY.isoformat(), 1)}


async def test_a_date_far_ahead_is_no_later_than_tomorrow(db: Database) -> None:
    await store(db, BLOG, entry(on=date(2099, 1, 1)))
    assert (await only(db)).listed_on == TODAY + DAY


async def test_a_feeds_recurring_title_is_a_new_entry_each_time(db: Database) -> None:
    for number in (1, 2):
        await store(db, BLOG, entry("Weekly Paper Roundup", url=f"https://b.org/{number}", authors=("Jane Doe",)))
    assert await papers.count(db) == 2


async def test_the_better_source_tells_the_title_whoever_came_first(db: Database) -> None:
    told = {BLOG: "Why this blew my mind", HF: "A Wrong Tilte", ARXIV: "The True Title"}
    for feed, title in told.items():
        await store(db, feed, entry(title, arxiv_id="2603.1", authors=(feed,)))
        assert (await only(db)).title == title
    for feed, title in told.items():
        await store(db, feed, entry(title, arxiv_id="2603.1", authors=(feed,)), at=NOW + DAY)
    found = await only(db)
    assert (found.title, found.authors) == ("The True Title", (ARXIV,))


async def test_a_source_corrects_its_own_title(db: Database) -> None:
    await store(db, HF, entry("A Wrong Tilte", arxiv_id="2603.1", votes=1))
    await store(db, HF, entry("A Right Title", arxiv_id="2603.1", votes=2), at=NOW + DAY)
    await store(db, HF, entry("A Wrong Tilte", arxiv_id="2603.1", votes=1), at=NOW + DAY / 2)
    assert (await only(db)).title == "A Right Title"


async def test_papers_come_in_the_order_asked_and_unknown_ones_not_at_all(db: Database) -> None:
    await store(db, HF, *(entry(f"Paper Number {number}") for number in range(3)))
    found = await papers.get(db, [PaperId(3), PaperId(99), PaperId(1)])
    assert [paper.id for paper in found] == [3, 1]


# --- one paper is one paper -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            entry("One Title", arxiv_id="2603.00001", version=1),
            entry("Another Title", arxiv_id="2603.00001", version=3),
        ),
        (
            entry("One Title", doi="10.1000/x", url="https://one.example"),
            entry("Another Title", doi="10.1000/x", url="https://two.example"),
        ),
        (
            entry("One Title", url="https://www.one.example/a/?utm_source=rss"),
            entry("Another Title", url="https://one.example/a"),
        ),
        (
            entry("Gödel's  Proof: Revisited", arxiv_id="2603.00001", authors=("Kurt F. Gödel", "Ada Lovelace")),
            entry("Godel’s proof — revisited", url="https://journal.example/7", authors=("K. Godel",)),
        ),
        (
            entry("A Long Enough Title", url="https://one.example", authors=ADA),
            entry("A long enough title.", url="https://two.example", authors=("Bob Moog", "A. Lovelace")),
        ),
    ],
    ids=["arxiv id", "doi", "address", "title and author, one on arXiv", "title and author"],
)
@pytest.mark.parametrize("turned", [False, True])
async def test_the_same_work_from_two_sources_is_one_row_listed_by_both(
    db: Database, first: Entry, second: Entry, turned: bool
) -> None:
    one, two = (second, first) if turned else (first, second)
    assert await store(db, HF, one) == (1, 0, 0)
    new, updated, unchanged = await store(db, BLOG, two)
    assert (new, updated + unchanged) == (0, 1)
    found = await only(db)
    assert set(found.feeds) == {HF, BLOG}
    assert found.arxiv_id == (first.paper.arxiv_id or second.paper.arxiv_id)
    assert {feed for feed, _, _ in await listings(db)} == {HF, BLOG}


@pytest.mark.parametrize("together", [False, True])
async def test_what_one_source_lacks_the_other_adds(db: Database, together: bool) -> None:
    bare = entry(url="https://blog.example/attention", authors=ADA)
    full = entry(arxiv_id="2603.00001", version=2, authors=ADA, abstract="We attend.", categories=("cs.CL",))
    voted = entry(arxiv_id="2603.00001", summary="It attends.", votes=9, comments=1, stars=3, doi="10.1000/1")
    for feed, given in ((BLOG, bare), (HF, voted), (ARXIV, full)):
        await store(db, feed, given, *([given] if together else []))
    found = await only(db)
    assert found == replace(
        voted.paper,
        id=found.id,
        version=2,
        authors=ADA,
        abstract="We attend.",
        categories=("cs.CL",),
        feeds=found.feeds,
    )
    assert found.url == "https://arxiv.org/abs/2603.00001"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            entry("Annual Report", url="https://a.example", authors=ADA),
            entry("Annual Report", url="https://b.example", authors=BOB),
        ),
        (
            entry("Editorial", url="https://a.example", authors=ADA),
            entry("Editorial", url="https://b.example", authors=ADA),
        ),
        (entry("Annual Report", url="https://a.example"), entry("Annual Report", url="https://b.example")),
        (
            entry("Part One of It", arxiv_id="2603.00001", authors=ADA),
            entry("Part One of It", arxiv_id="2603.00002", authors=ADA),
        ),
        (
            entry("One Thing", arxiv_id="2603.00001", doi="10.1000/wrong"),
            entry("Another Thing", arxiv_id="2603.00002", doi="10.1000/wrong"),
        ),
    ],
    ids=["other authors", "a title of one word", "no authors", "other arXiv ids", "other arXiv ids, one DOI"],
)
@pytest.mark.parametrize("together", [False, True])
async def test_different_works_stay_two_rows(db: Database, first: Entry, second: Entry, together: bool) -> None:
    if together:
        await store(db, HF, first, second)
    else:
        await store(db, HF, first)
        await store(db, HF, second)
    for _ in range(2):
        await store(db, BLOG, second, first)
        assert [paper.title for paper in await every(db)] == [first.paper.title, second.paper.title]
    assert [paper.arxiv_id for paper in await every(db)] == [first.paper.arxiv_id, second.paper.arxiv_id]


async def test_a_row_without_arxiv_id_joins_one_work_only(db: Database) -> None:
    """Two arXiv papers of one title cannot both be the blog's; the first to come takes it."""
    await store(db, BLOG, entry("Part One of It", url="https://blog.example/1", authors=ADA))
    for number in ("2603.00001", "2603.00002"):
        await store(db, ARXIV, entry("Part One of It", arxiv_id=number, authors=ADA))
    assert [(paper.arxiv_id, len(paper.feeds)) for paper in await every(db)] == [
        ("2603.00001", 2),
        ("2603.00002", 1),
    ]


# --- a later entry shows two rows to be one work ---------------------------------------------------


async def linked(db: Database, **last: Any) -> tuple[int, int, int]:
    """A preprint and a journal's article, then a sighting with the keys of both."""
    await store(db, ARXIV, entry("The Preprint", arxiv_id="2603.00001", authors=ADA), at=NOW - 3 * DAY)
    await store(
        db,
        BLOG,
        entry("The Article", doi="10.1000/1", url="https://journal.example/1", authors=BOB, on=TODAY - DAY),
        at=NOW - DAY,
    )
    assert await papers.count(db) == 2
    return await store(db, HF, entry("The Preprint", arxiv_id="2603.00001", doi="10.1000/1", **last))


async def test_a_link_between_two_rows_joins_them_with_all_they_have(db: Database) -> None:
    assert await linked(db, votes=3) == (0, 1, 0)
    found = await only(db)
    assert (found.id, found.arxiv_id, found.doi, found.votes) == (1, "2603.00001", "10.1000/1", 3)
    assert {feed for feed, _, _ in await listings(db)} == {ARXIV, BLOG, HF}
    keys = dict(await rows(db, "SELECT key, paper_id FROM identities"))
    assert set(keys.values()) == {1}
    assert {"arxiv:2603.00001", "doi:10.1000/1", "url:journal.example/1"} <= set(keys)
    assert await store(db, BLOG, entry("The Article", doi="10.1000/1", url="https://journal.example/1")) == (
        0,
        0,
        1,
    )
    assert index_faults(db) == []


async def test_a_join_moves_what_was_observed_and_keeps_the_newest_counts(db: Database) -> None:
    await store(db, HF, entry("The Preprint", arxiv_id="2603.00001", votes=2, stars=1), at=NOW - 3 * DAY)
    await store(db, HF, entry("The Article", doi="10.1000/1", votes=7), at=NOW - DAY)
    await store(db, BLOG, entry("Both", arxiv_id="2603.00001", doi="10.1000/1"))
    found = await only(db)
    assert (found.votes, found.stars) == (7, 1)
    seen = [(at, votes) for at, votes, _ in await observations(db, PaperId(1))]
    assert seen == [(NOW - 3 * DAY, 2), (NOW - DAY, 7)]
    # The counts keep their time: a capture from between, read late, is older.
    await store(db, HF, entry("The Preprint", arxiv_id="2603.00001", votes=4), at=NOW - 2 * DAY)
    assert (await only(db)).votes == 7


async def test_a_join_keeps_shown_at_most_once_for_each_channel(db: Database) -> None:
    await channel(db, 1)
    await channel(db, 2)
    await store(db, ARXIV, entry("The Preprint", arxiv_id="2603.00001"))
    await store(db, BLOG, entry("The Article", doi="10.1000/1"))
    assert await deliveries.claim(db, delivery("both", 1, shown=(1, 2)), next_due=NOW + DAY)
    assert await deliveries.claim(db, delivery("second", 2, shown=(2,)), next_due=NOW + DAY)
    await store(db, HF, entry("Both", arxiv_id="2603.00001", doi="10.1000/1"))
    kept = await rows(
        db, "SELECT delivery_id, paper_id, shown FROM delivery_papers ORDER BY delivery_id, position"
    )
    assert kept == [("both", 1, 1), ("both", 1, 0), ("second", 1, 1)]
    for number in (1, 2):
        assert await deliveries.shown(db, delivery(number=number).channel_id, [PaperId(1)]) == {1}


async def test_rows_may_be_joined_in_the_middle_of_one_answer(db: Database) -> None:
    """Entries before the link may already have been counted for the row that goes."""
    await store(db, ARXIV, entry("The Preprint", arxiv_id="2603.00001"))
    await store(db, BLOG, entry("The Article", doi="10.1000/1", url="https://journal.example/1"))
    counted = await store(
        db,
        HF,
        entry("The Article", doi="10.1000/1", url="https://other.example/1", votes=3),
        entry("Both", arxiv_id="2603.00001", doi="10.1000/1"),
    )
    assert counted == (0, 1, 0)
    found = await only(db)
    assert (found.votes, set(found.feeds)) == (3, {ARXIV, BLOG, HF})
    keys = {key for (key,) in await rows(db, "SELECT key FROM identities WHERE paper_id = 1")}
    assert "url:other.example/1" in keys
    assert index_faults(db) == []


async def test_three_rows_become_one(db: Database) -> None:
    await store(db, BLOG, entry("First", url="https://a.example/1"), entry("Second", doi="10.1000/1"))
    await store(db, ARXIV, entry("Third", arxiv_id="2603.00001"))
    await store(db, BLOG, entry("All", url="https://a.example/1", doi="10.1000/1"))
    await store(db, HF, entry("All", arxiv_id="2603.00001", doi="10.1000/1"))
    found = await only(db)
    assert (found.arxiv_id, found.doi) == ("2603.00001", "10.1000/1")
    assert index_faults(db) == []


# --- replacements and late captures ---------------------------------------------------------------


async def test_a_replacement_updates_the_text_and_announces_nothing(db: Database) -> None:
    first = TODAY - 5 * DAY
    await store(
        db,
        ARXIV,
        entry("Old Title", arxiv_id="2603.00001", version=1, abstract="Old.", on=first),
        at=NOW - 5 * DAY,
    )
    replaced = entry("New Title", arxiv_id="2603.00001", version=2, abstract="New.", announced=False)
    assert await store(db, ARXIV, replaced) == (0, 1, 0)
    found = await only(db)
    assert (found.title, found.abstract, found.version, found.listed_on) == ("New Title", "New.", 2, first)
    assert await announced(db) == ()
    assert [hit.paper.id for hit in await announced(db, first)] == [1]
    assert len(await announced(db, first, "new")) == 1
    assert len(await announced(db, first, "old")) == 0


async def test_a_replacement_of_an_unknown_paper_is_found_but_never_news(db: Database) -> None:
    await store(db, ARXIV, entry(arxiv_id="2603.00001", version=3, announced=False))
    assert (await only(db)).listed_on is None
    assert await announced(db, TODAY - 30 * DAY) == ()
    _, total = await answered(db, query.parse("attention"), today=TODAY, limit=5)
    assert total == 1
    await store(db, HF, entry(arxiv_id="2603.00001", votes=1))
    assert (await only(db)).listed_on == TODAY
    assert len(await announced(db)) == 1


async def test_an_older_version_read_late_does_not_bring_its_text_back(db: Database) -> None:
    await store(db, ARXIV, entry("New Title", arxiv_id="2603.00001", version=2, abstract="New."))
    await store(db, ARXIV, entry("Old Title", arxiv_id="2603.00001", version=1, abstract="Old.", on=TODAY - DAY))
    found = await only(db)
    assert (found.title, found.abstract, found.version) == ("New Title", "New.", 2)


@pytest.mark.parametrize("other", [HF, BLOG])
async def test_arxiv_has_the_last_word_on_text(db: Database, other: str) -> None:
    ours = entry("From arXiv", arxiv_id="2603.00001", abstract="arXiv's.", authors=ADA)
    theirs = entry("From elsewhere", arxiv_id="2603.00001", abstract="Elsewhere's.", authors=BOB)
    for feed, given in ((other, theirs), (ARXIV, ours), (other, theirs)):
        await store(db, feed, given)
    found = await only(db)
    assert (found.title, found.abstract, found.authors) == ("From arXiv", "arXiv's.", ADA)


def voted(votes: int | None, **fields: Any) -> Entry:
    return entry(arxiv_id="2603.00001", votes=votes, **fields)


async def test_newer_counts_replace_older_ones_and_go_down_too(db: Database) -> None:
    for day, votes in enumerate((3, 8, 6)):
        await store(db, HF, voted(votes, stars=votes), at=NOW + day * DAY)
    found = await only(db)
    assert (found.votes, found.stars) == (6, 6)


async def test_an_older_capture_read_late_does_not_overwrite_newer_counts(db: Database) -> None:
    await store(db, HF, voted(9, summary="New summary."))
    await store(db, HF, voted(2, summary="Old summary.", stars=1), at=NOW - DAY)
    found = await only(db)
    assert (found.votes, found.summary, found.stars) == (9, "New summary.", 1)


async def test_counts_seen_again_unchanged_are_as_new_as_their_last_sighting(db: Database) -> None:
    await store(db, HF, voted(5), at=NOW - DAY)
    assert await store(db, HF, voted(5)) == (0, 0, 1)
    await store(db, HF, voted(4), at=NOW - DAY / 2)
    assert (await only(db)).votes == 5


async def test_a_source_without_counts_does_not_make_old_counts_new(db: Database) -> None:
    await store(db, HF, voted(9))
    await store(db, ARXIV, voted(None), at=NOW + DAY)
    await store(db, HF, voted(2), at=NOW - DAY)
    await store(db, HF, voted(10), at=NOW + timedelta(hours=1))
    assert (await only(db)).votes == 10


async def test_observations_are_kept_only_where_a_count_changed(db: Database) -> None:
    sightings = [(0, 3, None), (1, 3, None), (2, 4, None), (3, 4, 10), (4, 4, 10), (5, 3, 10)]
    for hour, votes, stars in sightings:
        await store(db, HF, voted(votes, stars=stars), at=NOW + timedelta(hours=hour))
    await store(db, ARXIV, voted(None), at=NOW + timedelta(hours=6))
    kept = [
        ((at - NOW) // timedelta(hours=1), votes, stars) for at, votes, stars in await observations(db, PaperId(1))
    ]
    assert kept == [(0, 3, None), (2, 4, None), (3, 4, 10), (5, 3, 10)]


async def test_the_same_answer_again_changes_nothing(archive: Database) -> None:
    before = await every(archive)
    entries = [Entry(paper=replace(paper, id=None), listed_on=paper.listed_on) for paper in before]
    assert await store(archive, HF, *entries) == (0, 0, len(before))
    assert [replace(paper, feeds=()) for paper in await every(archive)] == [
        replace(paper, feeds=()) for paper in before
    ]


@pytest.mark.parametrize("feed", [HF, "added:https://a.example"])
async def test_what_rows_hold_in_another_form_is_no_change(db: Database, feed: str) -> None:
    odd = voted(1, authors=("Charles; Babbage",), keywords=("a;b",), published_at=NOW + timedelta(microseconds=5))
    assert await store(db, feed, odd) == (1, 0, 0)
    assert await store(db, feed, odd, at=NOW + timedelta(hours=1)) == (0, 0, 1)


# --- listings -------------------------------------------------------------------------------------


async def test_a_feed_that_redates_its_entries_lists_them_once(db: Database) -> None:
    first = entry("A Post", url="https://blog.example/1", on=TODAY - 2 * DAY)
    assert await store(db, BLOG, first, at=NOW - 2 * DAY) == (1, 0, 0)
    for day in (TODAY - DAY, TODAY):
        again = entry("A Post", url="https://blog.example/1", on=day)
        assert await store(db, BLOG, again) == (0, 0, 1)
    assert await listings(db) == {(BLOG, (TODAY - 2 * DAY).isoformat(), 1)}
    assert (await only(db)).listed_on == TODAY - 2 * DAY
    assert await announced(db) == ()


async def test_hugging_face_may_feature_a_paper_on_a_second_day(db: Database) -> None:
    for day in (TODAY - 6 * DAY, TODAY, TODAY):
        await store(db, HF, voted(1, on=day))
    assert {day for _, day, _ in await listings(db)} == {(TODAY - 6 * DAY).isoformat(), TODAY.isoformat()}
    assert (await only(db)).listed_on == TODAY


async def test_an_older_day_read_late_does_not_move_a_paper_back(db: Database) -> None:
    await store(db, HF, voted(5))
    await store(db, HF, voted(1, on=TODAY - 3 * DAY), at=NOW - 3 * DAY)
    assert (await only(db)).listed_on == TODAY


async def test_a_journal_s_entry_of_last_week_is_news_when_it_first_comes(db: Database) -> None:
    await feeds.record_poll(db, BLOG, now=NOW - 5 * DAY, next_poll_at=NOW, error=None, entries=0)
    await store(db, BLOG, entry("A Late Post", on=TODAY - 4 * DAY))
    assert len(await announced(db)) == 1
    await store(db, HF, entry("A Late List", on=TODAY - 4 * DAY))
    assert len(await announced(db)) == 1


# --- bulk, and the indexes ------------------------------------------------------------------------


async def test_more_entries_than_one_slice_are_counted_each_once(db: Database) -> None:
    many = [entry(f"Paper Number {number}", arxiv_id=f"2603.{number:05}") for number in range(450)]
    assert await store(db, ARXIV, *many, *many[:250]) == (450, 0, 0)
    assert await store(db, ARXIV, *many[:10], entry("Changed", arxiv_id="2603.00001")) == (0, 1, 9)
    assert await papers.count(db) == 450


async def test_a_new_row_that_is_joined_away_later_in_the_same_answer_is_not_counted(db: Database) -> None:
    many = [entry(f"Paper Number {number}", arxiv_id=f"2603.{number:05}") for number in range(250)]
    split = entry("The Article", doi="10.1000/1")
    link = entry("Paper Number 0", arxiv_id="2603.00000", doi="10.1000/1")
    counted = await store(db, ARXIV, split, *many, link)
    assert counted == (250, 0, 0)
    assert await papers.count(db) == 250


async def test_the_check_of_the_indexes_finds_a_fault(db: Database) -> None:
    await store(db, HF, entry())
    assert index_faults(db) == []
    async with db.write() as tx:
        await tx.execute("INSERT INTO texts (rowid, title) VALUES (99, 'nowhere')")
    assert index_faults(db) != []


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_in_whatever_order_rows_keys_and_indexes_agree(db: Database, seed: int) -> None:
    chance = random.Random(seed)
    await channel(db, 1)
    stored: list[Entry] = []
    for step in range(25):
        feed = chance.choice([HF, ARXIV, BLOG])
        given = [anything(chance) for _ in range(chance.randint(1, 6))]
        await store(db, feed, *given, at=NOW + timedelta(hours=chance.randint(-48, 48)))
        stored += given
        if step % 5 == 0:
            known = {paper.id for paper in await every(db)} - await deliveries.shown(
                db, delivery().channel_id, [paper.id for paper in await every(db) if paper.id]
            )
            picked = tuple(sorted(number for number in known if number))[:3]
            await deliveries.claim(
                db, delivery(f"d{step}", due=NOW + step * DAY, shown=picked), next_due=NOW + (step + 5) * DAY
            )
        assert index_faults(db) == []
    found = await every(db)
    numbers = [paper.arxiv_id for paper in found if paper.arxiv_id]
    assert len(numbers) == len(set(numbers)), "one row for one arXiv id"
    assert set(numbers) == {given.paper.arxiv_id for given in stored} - {None}, "no arXiv paper is lost"
    keys = dict(await rows(db, "SELECT key, paper_id FROM identities"))
    for past in stored:
        assert keys[identity.keys(past.paper).strong[0]] in {paper.id for paper in found}
        if past.paper.arxiv_id:
            (row,) = await papers.get(db, [PaperId(keys[f"arxiv:{past.paper.arxiv_id}"])])
            assert row.arxiv_id == past.paper.arxiv_id
    for paper in found:
        _, total = await answered(db, query.parse(f'"{paper.title}"'), today=TODAY, limit=1)
        assert total >= 1


def anything(chance: random.Random) -> Entry:
    """An entry that may share keys with many others, also misleadingly."""
    number = chance.choice([None, None, "2603.00001", "2603.00002", "2603.00003"])
    return entry(
        chance.choice(["On the First Thing", "On the Second Thing", "Of a third matter", "Short"]),
        arxiv_id=number,
        doi=chance.choice([None, None, "10.1000/1", "10.1000/2"]),
        url=None if number else f"https://{chance.choice('ab')}.example/{chance.randint(1, 3)}",
        on=TODAY - chance.randint(0, 3) * DAY,
        announced=chance.random() < 0.8,
        version=chance.choice([None, 1, 2]) if number else None,
        authors=chance.choice([(), ADA, BOB, ADA + BOB]),
        abstract=chance.choice(["", "Some words.", "Other words."]),
        organization=chance.choice(["", "Lab"]),
        votes=chance.choice([None, 1, 5]),
        stars=chance.choice([None, 7]),
    )
