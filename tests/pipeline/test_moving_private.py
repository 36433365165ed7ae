"""Moving house with what one server's feed alone carries: it stays that server's, whatever the other side has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.models import Batch, FeedLink, GuildId, MessageId
from bot.papers import query
from bot.papers.legibility import legible
from storage import additions, deliveries, feeds, health
from storage.database import Database
from tests.making import ARXIV, HF, NOW, TODAY, answered, channel, delivery, entry, rows, store
from tests.pipeline.house import DAY, HOUR, LINE, dump, pack, shown, unpack, write

EVE, ANN = "added:https://evil.example/feed", "added:https://ann.example/feed"
PRIVATE = """SELECT title, private_papers.feed FROM private_papers JOIN papers ON id = paper_id
    ORDER BY title, private_papers.feed"""
CLAIMED = "SELECT DISTINCT feed, title FROM claims JOIN papers ON id = paper_id ORDER BY feed, title"
TRUE: dict[str, Any] = {"arxiv_id": "2603.00001", "authors": ("Ada Lo",), "abstract": "We attend."}
LIE: dict[str, Any] = {**TRUE, "abstract": "Buy eels.", "doi": "10.1000/eels", "votes": 9_999}


@pytest.fixture(autouse=True)
async def followed(db: Database, house: Database) -> None:
    """Both feeds were read on either side before."""
    for there in (db, house):
        for guild, feed in enumerate((EVE, ANN), start=1):
            link = FeedLink(address=feed.removeprefix("added:"), title="Feed")
            await additions.add(there, GuildId(guild), link, limit=10, now=NOW - DAY)
            await feeds.record_poll(there, feed, now=NOW - DAY, next_poll_at=NOW, error=None, entries=0)


async def moved(old: Database, new: Database, folder: Path) -> int:
    """New papers; the second time nothing may change any more."""
    made = await unpack(new, await pack(old, folder))
    once = dump(new.path)
    assert (await unpack(new, folder)).taken.papers == 0
    assert dump(new.path) == once
    return made.taken.papers


async def found(db: Database, *own: str) -> list[str]:
    hits, _ = await answered(db, query.parse("trending"), today=TODAY, limit=100, own=own)
    return sorted(hit.paper.title for hit in hits)


async def test_what_is_one_server_s_own_stays_so_beside_other_papers(
    db: Database, house: Database, tmp_path: Path
) -> None:
    await store(house, HF, *(entry(f"Filler {at}", arxiv_id=f"2601.0000{at}") for at in range(3)))
    await store(db, EVE, entry("Secret Plan", url="https://evil.example/1"), entry("The Work", **LIE))
    await store(db, ANN, entry("The Work", **TRUE))
    await store(db, HF, entry("Of Everybody", arxiv_id="2603.00002"))
    assert await moved(db, house, tmp_path / "moved") == 4
    everybodys = ["Filler 0", "Filler 1", "Filler 2", "Of Everybody"]
    assert await found(house) == everybodys
    assert await found(house, ANN) == [*everybodys, "The Work"]
    assert await found(house, EVE) == [*everybodys, "Secret Plan", "The Work"]
    assert await rows(house, PRIVATE) == [("Secret Plan", EVE), ("The Work", ANN), ("The Work", EVE)]
    assert await rows(house, CLAIMED) == [(ANN, "The Work"), (EVE, "Secret Plan"), (EVE, "The Work")]


@pytest.mark.parametrize("private_there", [True, False])
async def test_what_is_everybody_s_on_one_side_learns_nothing_of_a_private_paper(
    db: Database, house: Database, tmp_path: Path, *, private_there: bool
) -> None:
    """It gives way, as it does when a source of the operator comes to carry the work; that it was shown stays."""
    with_private, with_public = (db, house) if private_there else (house, db)
    await store(with_private, EVE, entry("A Lying Title", **LIE))
    await store(with_public, ARXIV, entry("A True Title", **TRUE))
    for there in (db, house):
        await channel(there, guild=1)
    told = delivery("d1", shown=(1,))
    await deliveries.claim(with_private, told, next_due=NOW + DAY)
    await deliveries.mark_sent(with_private, told, MessageId(5), None)

    assert await moved(db, house, tmp_path / "moved") == (0 if private_there else 1)

    assert await rows(house, "SELECT title, abstract, doi, votes FROM papers") == [
        ("A True Title", "We attend.", None, None)
    ]
    assert await rows(house, "SELECT key FROM identities WHERE key LIKE 'doi:%'") == []
    assert await rows(house, PRIVATE) == []
    assert await rows(house, CLAIMED) == [(EVE, "A True Title")]
    assert await shown(house) == ["A True Title"]


@pytest.mark.parametrize("later", ["theirs", "ours"])
async def test_a_feed_of_both_sides_has_each_of_its_papers_once(
    db: Database, house: Database, tmp_path: Path, later: str
) -> None:
    """As the feed told it last. Titles join nothing within a feed, and what contradicts stays two."""
    for there, name in ((db, "theirs"), (house, "ours")):
        at = NOW + HOUR if later == name else NOW
        await store(
            there,
            EVE,
            entry(f"One of {name}", url="https://evil.example/1"),
            entry("Weekly Round-up", url=f"https://evil.example/{name}", authors=("Eve",)),
            entry("Same Doi", arxiv_id=f"2603.0000{len(name)}", doi="10.1000/same"),
            at=at,
        )
    await store(house, ARXIV, entry("Public", **TRUE))
    await store(house, EVE, entry("Public", **TRUE))
    await moved(db, house, tmp_path / "moved")
    assert await rows(house, PRIVATE) == [
        (f"One of {later}", EVE),
        ("Same Doi", EVE),
        ("Same Doi", EVE),
        ("Weekly Round-up", EVE),
        ("Weekly Round-up", EVE),
    ]
    assert await rows(
        house, "SELECT count(*), count(DISTINCT feed || key) FROM claims WHERE key LIKE 'doi:%'"
    ) == [(1, 1)]
    assert await found(house) == ["Public"]


async def test_days_lists_are_those_of_both(db: Database, house: Database, tmp_path: Path) -> None:
    def batch(days: int, entries: int, at: datetime, *, whole: bool = True) -> Batch:
        return Batch(category="cs.AI", day=TODAY - days * DAY, entries=entries, items=9, first_at=at, whole=whole)

    early, late = NOW - HOUR, NOW
    theirs = (batch(4, 5, late), batch(3, 5, early), batch(2, 7, late), batch(1, 2, early, whole=False))
    ours = (batch(3, 6, late), batch(2, 3, early, whole=False), batch(1, 5, late), batch(0, 5, late))
    for there, lists, seen in ((db, theirs, TODAY), (house, ours, TODAY - DAY)):
        await health.record_batches(there, ARXIV, lists, {"title": seen})
    await moved(db, house, tmp_path / "moved")
    assert await health.batches(house, ARXIV, since=TODAY - 9 * DAY) == (
        batch(4, 5, late),
        batch(3, 6, early),
        batch(2, 7, late),
        batch(1, 5, late),
        batch(0, 5, late),
    )
    assert await health.fields(house, ARXIV) == {"title": TODAY}


async def test_what_comes_in_is_read_as_a_feed_s_entry_is(house: Database, tmp_path: Path) -> None:
    title = "On the $L^2$ Norm of Agents"
    line = {**LINE, "title": title, "arxiv_id": None, "authors": ["P. Erd\\H{o}s"]}
    await unpack(house, write(tmp_path / "mine", papers=[line]))
    read = legible(entry(title, authors=("P. Erd\\H{o}s",)).paper)
    assert read.written
    (row,) = await rows(house, "SELECT title, authors, json(written) FROM papers")
    assert row[:2] == (read.title, *read.authors)
    assert title in row[2].replace("\\\\", "\\")
    known = entry(title, url="https://elsewhere.example", authors=("P. Erd\\H{o}s",))
    assert await store(house, HF, replace(known, paper=legible(known.paper))) == (0, 1, 0)
