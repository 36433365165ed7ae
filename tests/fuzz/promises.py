"""What holds for everything that leaves a parser, and for the archive that it was stored in."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.errors import FeedError
from bot.feeds import arxiv, huggingface, rss
from bot.feeds.text import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, MOST_AUTHORS, MOST_ENTRIES, clean, web_url
from bot.identifiers import normalise_doi, split_arxiv_id
from bot.models import Entry, Paper, Parsed
from bot.papers import identity
from storage import feeds
from storage.database import Database

NOW = datetime(2026, 4, 27, 12, tzinfo=UTC)

_HIDDEN = re.compile("[\u00ad\u034f\u115f\u1160\u200b\u200c\u2060\u3164\ufeff\uffa0\ufffe\uffff]")
_PICTURES = re.compile(
    "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{5}\U000e007f")
_VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


def parsed(parser: str, body: bytes) -> Parsed | None:
    """What a parser makes of a body, if that holds what is promised; None where it refuses in words.

    Raises AssertionError, and whatever else a parser lets through.
    """
    try:
        match parser:
            case "huggingface":
                found = huggingface.parse(body, day=NOW.date())
            case "arxiv":
                found = arxiv.parse(body)
            case _:
                found = rss.parse(body)
    except FeedError as error:
        _check_words(error)
        return None
    check(found)
    return found


def check(found: Parsed) -> None:
    assert isinstance(found, Parsed)
    items = len(found.entries) + found.skipped
    assert len(found.entries) <= MOST_ENTRIES
    assert found.skipped >= 0
    assert found.entries or not items, "a list of which nothing can be read is an error"
    assert found.fields
    assert all(0 <= number <= items for number in found.fields.values())
    assert found.site is None or found.site == web_url(found.site)
    _check_text(found.title, LONGEST_TITLE)
    assert len({entry.paper.url for entry in found.entries}) == len(found.entries)
    for entry in found.entries:
        _check_entry(entry)


def _check_words(error: FeedError) -> None:
    text = str(error)
    assert error.url == ""
    assert 10 < len(text) < 500
    _check_visible(text)


def _check_entry(entry: Entry) -> None:
    paper = entry.paper
    assert paper.title
    _check_text(paper.title, LONGEST_TITLE)
    for text in (paper.abstract, paper.summary):
        _check_text(text, LONGEST_TEXT)
    for text in (paper.organization, *paper.authors, *paper.keywords, *paper.categories):
        _check_text(text, LONGEST_NAME)
    assert all((*paper.authors, *paper.keywords, *paper.categories))
    assert len(paper.authors) <= MOST_AUTHORS
    assert paper.url == web_url(paper.url)
    for url in (paper.repository, paper.project_page, paper.thumbnail, paper.discussion):
        assert url is None or url == web_url(url)
    for count in (paper.votes, paper.comments, paper.stars):
        assert count is None or (type(count) is int and 0 <= count <= 10**9)
    _check_identifiers(paper)
    assert type(entry.listed_on) in (date, type(None))
    assert entry.listed_on == paper.listed_on
    assert type(entry.announced) is bool
    assert paper.published_at is None or paper.published_at.tzinfo is UTC


def _check_identifiers(paper: Paper) -> None:
    if paper.arxiv_id is not None:
        assert split_arxiv_id(paper.arxiv_id) == (paper.arxiv_id, None)
        assert paper.url == f"https://arxiv.org/abs/{paper.arxiv_id}"
    assert paper.version is None or (paper.arxiv_id and 0 <= paper.version <= 9_999)
    if paper.doi is not None:
        _check_text(paper.doi, 300)
        assert re.fullmatch(r"10\.\d{4,9}/\S+", paper.doi)
        assert normalise_doi(paper.doi) == paper.doi


def _check_text(text: str, longest: int) -> None:
    assert type(text) is str
    assert len(text) <= longest
    assert clean(text) == text
    _check_visible(text)


def _check_visible(text: str) -> None:
    bare = _FLAG.sub("", _PICTURES.sub("", text))
    assert not _HIDDEN.search(bare), ascii(text)
    for sign in bare if not bare.isascii() else ():
        category = unicodedata.category(sign)
        assert category not in ("Cc", "Cs", "Zl", "Zp"), ascii(sign)
        assert category != "Cf" or sign in _VISIBLE_FORMATS, ascii(sign)
    assert bare.isprintable() or not bare.isascii()


# --- stored ---------------------------------------------------------------------------------------


async def store(db: Database, feed: str, entries: tuple[Entry, ...], number: int) -> None:
    """As an ingest does, and as often as new bytes come."""
    keyed = [(entry, identity.keys(entry.paper)) for entry in entries]
    new, updated, unchanged = await feeds.record_entries(
        db, feed, keyed, seen_at=NOW + timedelta(minutes=number), validators={}
    )
    assert 0 <= new + updated + unchanged <= len(entries)


def check_archive(path: Path) -> None:
    """Nothing half stored: SQLite's own checks, and the indexes agree with the papers."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        for index in ("texts", "names"):
            connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
        orphans = "SELECT count(*) FROM papers WHERE id NOT IN (SELECT paper_id FROM {})"
        for table in ("identities", "listings"):
            assert connection.execute(orphans.format(table)).fetchone() == (0,), table
