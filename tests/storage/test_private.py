"""What a server's admin added is that server's: nobody else reads it, and it changes nothing that others read.

EVE's server added a feed that lies as well as it can; ANN's added an honest one; the rest have only what the
operator reads.
"""

from __future__ import annotations

import dataclasses
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.models import Entry, FeedLink, GuildId, Paper, PaperId
from bot.papers import query
from bot.pipeline import ask, ranking
from storage import additions, deliveries, feeds, papers, private, search
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, answered, channel, delivery, entry, rows, store
from tests.storage.test_papers import index_faults

DAY = timedelta(days=1)
EVE, ANN = "added:https://evil.example/feed", "added:https://ann.example/feed"
ADA = ("Ada Lovelace",)
WEEK = TODAY - 7 * DAY

TRUE: dict[str, Any] = {
    "arxiv_id": "2603.00001",
    "authors": ADA,
    "abstract": "We attend.",
    "categories": ("cs.CL",),
}
LIE: dict[str, Any] = {
    "arxiv_id": "2603.00001",
    "version": 9,
    "authors": ("Eve",),
    "abstract": "Buy eels.",
    "summary": "Eels.",
    "keywords": ("eels",),
    "categories": ("eels",),
    "organization": "Eels Inc",
    "repository": "https://evil.example/code",
    "project_page": "https://evil.example",
    "thumbnail": "https://evil.example/t.png",
    "discussion": "https://evil.example/talk",
    "doi": "10.1000/eels",
    "votes": 9_999,
    "comments": 9_999,
    "stars": 9_999,
    "published_at": NOW - 400 * DAY,
}


@pytest.fixture(autouse=True)
async def followed(db: Database) -> None:
    """Both feeds are some server's, and were read before: what they bring from now on is news."""
    for guild, feed in enumerate((EVE, ANN), start=1):
        link = FeedLink(address=feed.removeprefix("added:"), title="Feed")
        await additions.add(db, GuildId(guild), link, limit=10, now=NOW)
        await feeds.record_poll(db, feed, now=NOW - DAY, next_poll_at=NOW, error=None, entries=0)


async def found(db: Database, text: str = "trending", *own: str) -> list[Paper]:
    hits, total = await answered(db, query.parse(text), today=TODAY, limit=100, own=own)
    assert total == len(hits)
    return [hit.paper for hit in hits]


async def news(db: Database, *own: str, since: date = TODAY, text: str = "trending") -> list[Paper]:
    """What a digest would choose from."""
    unseen = datetime.combine(since, time(), NOW.tzinfo)
    ids = await search.news(db, today=TODAY, since=since, unseen=unseen, own=own)
    hits = await search.announced(db, query.parse(text), today=TODAY, among=ids, limit=100, own=own)
    assert {hit.paper.id for hit in hits} <= set(ids)
    return [hit.paper for hit in hits]


async def titles(db: Database, *own: str) -> list[str]:
    return sorted(paper.title for paper in await found(db, "trending", *own))


# --- who sees what ----------------------------------------------------------------------------------


async def test_a_private_paper_is_there_for_its_own_servers_only(db: Database) -> None:
    await store(db, ARXIV, entry("Public", **TRUE))
    await store(db, EVE, entry("Secret Plan", abstract="zebra", authors=("Eve",), categories=("eels",)))
    for own, expected in (((), ["Public"]), ((ANN,), ["Public"]), ((EVE,), ["Public", "Secret Plan"])):
        assert await titles(db, *own) == expected
        assert sorted(paper.title for paper in await news(db, *own)) == expected
        assert await papers.count(db, own) == len(expected)
        for text in ("zebra", "author:eve", "cat:eels", "source:evil.example", "zebra OR plan", "plan -public"):
            assert [paper.title for paper in await found(db, text, *own)] == expected[1:], text
        # A wider answer to words that no paper has all of.
        await ranking.catch_up(db)
        answer = await ask.search(db, "zebra nowhere", now=NOW, own=own)
        assert (answer.wider, [hit.paper.title for hit in answer.hits]) == (len(expected) - 1, expected[1:])


async def test_a_listing_of_another_servers_feed_makes_an_old_paper_no_news(db: Database) -> None:
    await store(db, ARXIV, entry("Old", on=TODAY - 30 * DAY, **TRUE), at=NOW - 30 * DAY)
    await store(db, EVE, entry("Old", **TRUE))
    for own in ((), (ANN,)):
        assert await news(db, *own) == []
        assert await found(db, "since:7d", *own) == []
        assert await found(db, "source:evil", *own) == []
        assert [paper.feeds for paper in await found(db, "trending", *own)] == [(ARXIV,)]
    (told,) = await news(db, EVE)
    assert set(told.feeds) == {ARXIV, EVE}
    assert told.listed_on == TODAY - 30 * DAY
    assert len(await found(db, "since:7d source:evil", EVE)) == 1


async def test_what_everybody_sees_is_read_alone_or_with_the_own_or_the_own_alone(db: Database) -> None:
    await store(db, ARXIV, entry("Public", **TRUE))
    await store(db, EVE, entry("Mine"), entry("Public", **TRUE))
    asked: dict[str, Any] = {"today": TODAY, "since": TODAY, "unseen": NOW}
    assert len(await search.news(db, **asked)) == 1
    assert len(await search.news(db, **asked, own=(EVE,))) == 2
    assert len(await search.news(db, **asked, own=(EVE,), only_own=True)) == 2
    assert await search.news(db, **asked, own=(ANN,), only_own=True) == ()


async def test_the_first_reading_of_a_feed_without_dates_is_its_past(db: Database) -> None:
    feed = "added:https://new.example/feed"
    await store(db, feed, entry("Undated", on=None), entry("Dated"), at=NOW)
    assert [paper.title for paper in await news(db, feed)] == ["Dated"]
    await feeds.record_poll(db, feed, now=NOW, next_poll_at=NOW, error=None, entries=2)
    await store(db, feed, entry("Undated", on=None), entry("Later", on=None), at=NOW + timedelta(hours=1))
    assert sorted(paper.title for paper in await news(db, feed)) == ["Dated", "Later"]
    # A new date makes no old entry new.
    await store(db, feed, entry("Dated", on=TODAY + DAY), at=NOW + DAY)
    assert await rows(
        db, "SELECT listings.listed_on FROM listings JOIN papers ON id = paper_id WHERE title = 'Dated'"
    ) == [(TODAY.isoformat(),)]


# --- no poisoning -----------------------------------------------------------------------------------


async def everybodys(db: Database) -> list[tuple[Any, ...]]:
    """All that is stored of papers that everybody sees, but for added listings and claims."""
    return [
        *await rows(db, "SELECT * FROM papers WHERE id NOT IN (SELECT paper_id FROM private_papers) ORDER BY id"),
        *await rows(db, "SELECT * FROM identities ORDER BY key"),
        *await rows(db, "SELECT * FROM observations ORDER BY paper_id, seen_at"),
        *await rows(db, "SELECT * FROM listings WHERE feed NOT LIKE 'added:%' ORDER BY paper_id, feed, listed_on"),
    ]


@pytest.mark.parametrize("trusted", [ARXIV, HF, BLOG])
async def test_an_added_feed_changes_nothing_of_a_paper_that_everybody_sees(db: Database, trusted: str) -> None:
    await store(db, trusted, entry("The True Title", **TRUE), entry("Other Work", doi="10.1000/2", authors=ADA))
    before = await everybodys(db)
    lies = (
        entry("Eels", on=TODAY + DAY, **LIE),  # by its arXiv id
        entry("Eels", **{**LIE, "arxiv_id": None, "doi": "10.1000/2"}),  # by its DOI
        entry("Bridge", arxiv_id="2603.00001", doi="10.1000/2"),  # two works are one, it says
    )
    by_title = entry("The True Title", url="https://evil.example/1", authors=ADA, abstract="Eels")
    for at in (NOW, NOW + DAY):
        await store(db, EVE, *lies, at=at)
        await store(db, ANN, by_title, at=at)
    assert await everybodys(db) == before
    assert await titles(db) == ["Other Work", "The True Title"]
    assert await titles(db, EVE, ANN) == ["Other Work", "The True Title"]
    # And the operator's source goes on as if nothing had been.
    await store(db, trusted, entry("The Mended Title", **TRUE), at=NOW + 2 * DAY)
    assert await titles(db) == ["Other Work", "The Mended Title"]
    assert index_faults(db) == []


@pytest.mark.parametrize("trusted", [ARXIV, HF, BLOG])
async def test_where_a_source_carries_it_nothing_of_the_added_feeds_word_is_left(
    db: Database, trusted: str
) -> None:
    await store(db, EVE, entry("Eels", on=TODAY + DAY, **LIE), at=NOW - DAY)
    await store(db, ANN, entry("An Honest Post", arxiv_id="2603.00001"), at=NOW - DAY)
    assert await store(db, trusted, entry("The True Title", **TRUE)) == (1, 0, 0)
    for feed in ((), (EVE,), (ANN,)):
        (paper,) = await found(db, "trending", *feed)
        assert (paper.title, paper.arxiv_id, paper.listed_on) == ("The True Title", "2603.00001", TODAY)
        assert (paper.authors, paper.abstract, paper.categories) == (ADA, "We attend.", ("cs.CL",))
        assert (paper.version, paper.doi, paper.votes, paper.published_at) == (None, None, None, None)
        assert paper.url == "https://arxiv.org/abs/2603.00001"
        assert set(paper.feeds) == {trusted, *feed}
    assert await rows(db, "SELECT count(*) FROM private_papers") == [(0,)]
    assert await rows(db, "SELECT DISTINCT key FROM identities WHERE key LIKE 'doi:%'") == []
    # The next reading finds the row that took its place, also by keys that only the feed itself has.
    await store(db, EVE, entry("Eels", on=TODAY, **LIE), at=NOW + DAY)
    assert await titles(db, EVE) == ["The True Title"]
    assert index_faults(db) == []


async def test_a_blog_post_that_turns_out_to_be_a_known_title_stays_that_paper(db: Database) -> None:
    """Its own address is a key that only the feed knows: by it the entry is recognised ever after."""
    post = entry("Attention Is All", url="https://ann.example/post", authors=ADA)
    await store(db, ANN, post, at=NOW - DAY)
    await store(db, ARXIV, entry("Attention Is All", **TRUE))
    for day in range(3):
        await store(db, ANN, post, at=NOW + day * DAY)
        assert len(await found(db, "trending", ANN)) == 1
    # Two rows of the operator's that become one take it along.
    await store(db, BLOG, entry("Attention Is All", url="https://b.example/1", doi="10.1000/9"))
    await store(db, HF, entry("Another Name", arxiv_id="2603.00001", doi="10.1000/9"), at=NOW + 4 * DAY)
    await store(db, ANN, post, at=NOW + 5 * DAY)
    assert len(await found(db, "trending", ANN)) == 1


async def test_a_feed_that_lists_a_paper_has_another_entry_of_the_same_title(db: Database) -> None:
    """A title joins across feeds only: a column's next instalment is not the last one."""
    work = entry("The Weekly Roundup", **TRUE)
    await store(db, ARXIV, work)
    await store(db, ANN, work, entry("The Weekly Roundup", url="https://ann.example/2", authors=ADA))
    await store(db, ARXIV, work, at=NOW + DAY)
    assert await titles(db, ANN) == ["The Weekly Roundup"] * 2


async def test_two_added_feeds_never_share_a_row(db: Database) -> None:
    """Whoever comes first with an arXiv id, an address or a title says nothing to the other's readers."""
    await store(
        db, EVE, entry("Eels", arxiv_id="2604.00001", abstract="Buy eels."), entry("Post", url="https://x.org/1")
    )
    await store(
        db,
        ANN,
        entry("A Study", arxiv_id="2604.00001", abstract="We study."),
        entry("The Post", url="https://x.org/1"),
    )
    assert await titles(db, EVE) == ["Eels", "Post"]
    assert await titles(db, ANN) == ["A Study", "The Post"]
    assert await titles(db) == []
    await store(db, EVE, entry("Eels 2", arxiv_id="2604.00001"), at=NOW + DAY)
    assert await titles(db, ANN) == ["A Study", "The Post"]


async def test_of_one_work_in_two_feeds_of_a_server_one_is_shown(db: Database) -> None:
    await store(db, EVE, entry("First", arxiv_id="2604.00001"), entry("Else", url="https://x.org/2"))
    await store(db, ANN, entry("Second", arxiv_id="2604.00001"), entry("Third", url="https://x.org/1"))
    assert await titles(db, EVE, ANN) == ["Else", "First", "Third"]
    assert sorted(paper.title for paper in await news(db, EVE, ANN)) == ["Else", "First", "Third"]


async def test_an_entry_is_what_its_own_feed_says_of_it_today(db: Database) -> None:
    await store(db, ANN, entry("Draft", url="https://ann.example/1", abstract="zebra", categories=("a",)))
    assert await store(
        db, ANN, entry("Final", url="https://ann.example/1", abstract="okapi", categories=("b",)), at=NOW + DAY
    ) == (0, 1, 0)
    (paper,) = await found(db, "okapi", ANN)
    assert (paper.title, paper.categories, paper.listed_on) == ("Final", ("b",), TODAY)
    assert await found(db, "zebra", ANN) == []
    assert await store(
        db, ANN, entry("Final", url="https://ann.example/1", abstract="okapi", categories=("b",)), at=NOW + 2 * DAY
    ) == (0, 0, 1)


async def test_a_known_entry_that_learns_its_arxiv_id_becomes_the_known_paper(db: Database) -> None:
    await channel(db, 1, guild=2)
    await store(db, ANN, entry("A Post", doi="10.1000/1"))
    await show(db, 1)
    await store(db, ARXIV, entry("The Work", **TRUE))
    await store(db, ANN, entry("A Post", doi="10.1000/1", arxiv_id="2603.00001"), at=NOW + DAY)
    (paper,) = await found(db, "trending", ANN)
    assert (paper.title, set(paper.feeds)) == ("The Work", {ARXIV, ANN})
    assert await deliveries.shown(db, (await channel(db, 1, guild=2)), {paper.id or PaperId(0)}) == {paper.id}


def anything(chance: random.Random, liar: str) -> Entry:
    """An entry that may be the same work as any other, in any way, and says whose word it is."""
    some: dict[str, Any] = {
        "arxiv_id": chance.choice((None, None, "2603.00001", "2603.00002")),
        "doi": chance.choice((None, None, "10.1000/1", "10.1000/2")),
        "authors": chance.choice((ADA, ("Bob Moog",), ())),
        "abstract": f"{liar} {chance.random()}",
        "categories": (liar,),
        "on": chance.choice((None, TODAY, TODAY - 3 * DAY, TODAY - 30 * DAY)),
        "votes": chance.choice((None, 7)) if liar == HF else None,
    }
    url = None if some["arxiv_id"] else f"https://x.example/{chance.randrange(3)}"
    return entry(chance.choice(("The First Work", "The Second Work", f"Of {liar}")), url=url, **some)


async def view(db: Database, *own: str) -> list[tuple[object, ...]]:
    """All that can be learnt of the papers by searching and in digests, but for their numbers."""
    asked = ("trending", "since:7d", "source:evil", "author:ada", "work -first", "cat:huggingface")
    return [
        (
            kind,
            text,
            *sorted(str(dataclasses.replace(paper, id=None, feeds=tuple(sorted(paper.feeds)))) for paper in seen),
        )
        for text in asked
        for kind, seen in (
            ("search", await found(db, text, *own)),
            ("news", await news(db, *own, since=WEEK, text=text)),
        )
    ]


@pytest.mark.parametrize("seed", range(8))
async def test_nobody_can_tell_whether_another_server_added_anything(
    db: Database, tmp_path: Path, seed: int
) -> None:
    """The same readings without EVE's: what everybody sees and what ANN sees is the same, word for word."""
    chance = random.Random(seed)
    async with Database(tmp_path / "without.sqlite") as without:
        for feed in (HF, ARXIV, BLOG, ANN):
            await feeds.record_poll(without, feed, now=NOW - DAY, next_poll_at=NOW, error=None, entries=0)
            await feeds.record_poll(db, feed, now=NOW - DAY, next_poll_at=NOW, error=None, entries=0)
        for hour in range(24):
            feed = chance.choice((EVE, EVE, ANN, HF, ARXIV, BLOG))
            entries = [anything(chance, feed) for _ in range(chance.randrange(1, 4))]
            for there in (db,) if feed == EVE else (db, without):
                await store(there, feed, *entries, at=NOW + timedelta(hours=hour) - DAY)
            assert await view(db) == await view(without), hour
            assert await view(db, ANN) == await view(without, ANN), hour
    assert EVE not in str(await view(db, ANN))
    assert index_faults(db) == []


# --- once, ever -------------------------------------------------------------------------------------


async def show(db: Database, *ids: int, name: str = "d1", number: int = 1) -> None:
    made = delivery(name, number, shown=ids)
    assert await deliveries.claim(db, made, next_due=NOW + DAY)


async def test_what_a_channel_was_shown_privately_is_not_shown_again_publicly(db: Database) -> None:
    here, there = await channel(db, 1, guild=1), await channel(db, 2, guild=9)
    await store(db, EVE, entry("Eels", **LIE))
    await show(db, 1)
    await store(db, ARXIV, entry("The True Title", **TRUE), at=NOW + DAY)
    (paper,) = await found(db)
    assert paper.id
    assert await deliveries.shown(db, here, {paper.id}) == {paper.id}
    assert await deliveries.shown(db, there, {paper.id}) == set()


# --- how much a stranger may store ------------------------------------------------------------------


def many(number: int, start: int = 0) -> list[Entry]:
    return [entry(f"Entry {n}", url=f"https://evil.example/{n}") for n in range(start, start + number)]


async def test_a_feed_stores_so_many_entries_a_day(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "MOST", 10)
    assert await store(db, EVE, *many(25)) == (10, 0, 0)
    assert await store(db, EVE, *many(10, start=100), at=NOW + timedelta(hours=2)) == (0, 0, 0)
    assert await store(db, EVE, *many(10), at=NOW + timedelta(hours=3)) == (0, 0, 10)
    assert await store(db, EVE, *many(10, start=100), at=NOW + DAY) == (10, 0, 0)
    assert await rows(db, "SELECT count(*) FROM papers") == [(20,)]


async def test_an_entry_that_changes_its_keys_leaves_no_trail(db: Database) -> None:
    for day in range(9):
        lie = entry(
            f"Eels of the day {day}", doi="10.1000/1", url=f"https://evil.example/{day}", authors=(f"Eve {day}",)
        )
        await store(db, EVE, lie, at=NOW + day * DAY)
    assert await rows(db, "SELECT count(*) FROM papers") == [(1,)]
    assert len(await rows(db, "SELECT key FROM claims")) == 3
    assert index_faults(db) == []


async def test_the_oldest_papers_of_a_feed_go_unless_they_were_shown(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "KEPT", 2)
    await channel(db, 1, guild=1)
    for n in range(5):
        await store(db, EVE, *many(1, start=n), at=NOW + n * DAY)
    await show(db, 2)
    assert await private.trim(db) == 2
    assert await titles(db, EVE) == ["Entry 1", "Entry 3", "Entry 4"]
    assert await private.trim(db) == 0
    assert index_faults(db) == []


async def test_a_feed_that_no_server_has_leaves_only_what_channels_were_shown(db: Database) -> None:
    here = await channel(db, 1, guild=1)
    await store(db, ARXIV, entry("Public", **TRUE))
    await store(db, EVE, *many(3), entry("Public", **TRUE))
    await show(db, 3)
    await additions.remove(db, GuildId(1), EVE)
    assert await private.trim(db) == 2
    assert await titles(db) == ["Public"]
    assert await rows(db, "SELECT feed FROM listings ORDER BY feed") == [(EVE,), (ARXIV,)]
    # Added again, it does not bring a second time what was shown.
    link = FeedLink(address=EVE.removeprefix("added:"), title="Feed")
    await additions.add(db, GuildId(1), link, limit=10, now=NOW)
    await store(db, EVE, *many(3), at=NOW + DAY)
    assert await titles(db, EVE) == ["Entry 0", "Entry 1", "Entry 2", "Public"]
    assert await deliveries.shown(db, here, {PaperId(3)}) == {PaperId(3)}
    assert index_faults(db) == []
