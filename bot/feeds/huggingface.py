"""Hugging Face's daily papers: the address of a day's list, and what its JSON says.

Owns: the shape of `/api/daily_papers` and the Hugging Face day.
Refuses: fetching, paging, and trusting any field; only an id and a title are needed.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.errors import FeedError
from bot.feeds.text import MOST_ENTRIES, clean, describe, parse_day, parse_time, web_url
from bot.identifiers import split_arxiv_id
from bot.models import Entry, Paper, Parsed

PAGE = 100
"""Entries asked for at once; the default of 50 cuts off busy days (78 seen)."""

_NEW_YORK = ZoneInfo("America/New_York")
_ROLLOVER = timedelta(hours=2, minutes=30)
_HIGHEST_COUNT = 10**9
_MOST_KEYWORDS = 50


def day_of(now: datetime) -> date:
    """The day whose list is open at `now`. It rolls over at 21:30 in New York.

    Source: `currentDailyFeedDate` in Hugging Face's own MCP server (hf-fs-papers.ts).
    """
    return (now.astimezone(_NEW_YORK).replace(tzinfo=None) + _ROLLOVER).date()


def address(base: str, day: date, page: int = 0) -> str:
    """A day's list, sorted by votes; pages count from 0."""
    start = f"{base.rstrip('/')}/api/daily_papers?date={day.isoformat()}&limit={PAGE}"
    return f"{start}&p={page}" if page else start


def days(now: datetime, count: int) -> tuple[date, ...]:
    """The last `count` days with a list up to the one open at `now`, newest first; weekends have none."""
    found: list[date] = []
    day = day_of(now)
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return tuple(found)


def page(day: date) -> str:
    """A day's list, for people."""
    return f"https://huggingface.co/papers/date/{day.isoformat()}"


def parse(body: bytes, *, day: date | None = None) -> Parsed:
    """The papers of one answer. `day`, the one that was asked for, serves papers that do not tell their own.

    Raises FeedError when the body is not a JSON list.
    """
    try:
        items = json.loads(body)
    except (ValueError, RecursionError):
        raise FeedError("", f"expected a JSON list of papers, found {describe(body)}") from None
    if not isinstance(items, list):
        raise FeedError("", f"expected a JSON list of papers, found {_kind(items)}")
    entries: dict[str, Entry] = {}
    for item in items[:MOST_ENTRIES]:
        entry = _entry(item, day)
        if entry is not None:
            entries.setdefault(entry.paper.arxiv_id or entry.paper.url, entry)
    return Parsed(entries=tuple(entries.values()), skipped=len(items) - len(entries))


def _entry(item: object, day: date | None) -> Entry | None:
    if not isinstance(item, dict):
        return None
    # A list item wraps the paper; the search and single-paper endpoints also answer with a flat one.
    inner = item.get("paper")
    paper: dict[str, Any] = inner if isinstance(inner, dict) else item
    name = clean(paper.get("id"))
    title = clean(paper.get("title")) or clean(item.get("title"))
    if not name or not title:
        return None
    known = split_arxiv_id(name)
    arxiv_id, version = known if known else (None, None)
    discussion = f"https://huggingface.co/papers/{quote(arxiv_id or name)}"
    # The outer publishedAt is the inner one minus 4 or 5 hours, so the day before: only the inner one counts.
    listed_on = parse_day(paper.get("submittedOnDailyAt")) or day
    return Entry(
        paper=Paper(
            title=title,
            url=f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else discussion,
            arxiv_id=arxiv_id,
            version=version,
            authors=_authors(paper.get("authors")),
            abstract=clean(paper.get("summary")) or clean(item.get("summary")),
            summary=clean(paper.get("ai_summary")),
            keywords=_keywords(paper.get("ai_keywords")),
            organization=_organization(paper.get("organization")) or _organization(item.get("organization")),
            published_at=parse_time(paper.get("publishedAt")),
            repository=_address(paper.get("githubRepo")),
            project_page=_address(paper.get("projectPage")),
            thumbnail=web_url(item.get("thumbnail")) or web_url(paper.get("thumbnail")),
            discussion=discussion,
            votes=_count(paper.get("upvotes")),
            comments=_count(item.get("numComments")),
            stars=_count(paper.get("githubStars")),
            listed_on=listed_on,
        ),
        listed_on=listed_on,
    )


def _authors(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    shown = (author for author in value if isinstance(author, dict) and author.get("hidden") is not True)
    return tuple(name for name in (clean(author.get("name")) for author in shown) if name)


def _keywords(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(word for word in map(clean, value) if word))[:_MOST_KEYWORDS]


def _organization(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return clean(value.get("fullname")) or clean(value.get("name"))


def _address(value: object) -> str | None:
    # Typed in by people: some hold a line break, which browsers leave out of addresses.
    return web_url("".join(value.splitlines())) if isinstance(value, str) else None


def _count(value: object) -> int | None:
    # JSON's true is an int to Python.
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _HIGHEST_COUNT else None


def _kind(value: object) -> str:
    if isinstance(value, dict):
        error = clean(value.get("error")) or clean(value.get("message"))
        return f"an error: “{error[:200]}”" if error else "a JSON object"
    if isinstance(value, str):
        return "a JSON string"
    if isinstance(value, bool):
        return "a JSON boolean"
    return "JSON null" if value is None else "a JSON number"
