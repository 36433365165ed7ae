"""Hugging Face's daily papers and its paper search: their addresses, and what their JSON says.

Owns: the shape of `/api/daily_papers` and `/api/papers/search`, and the Hugging Face day. (Source of which
fields every item has: 755 items of July and August 2026.)
Refuses: fetching, paging, and trusting any field; only an id and a title are needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.errors import FeedError
from bot.feeds.encoding import describe
from bot.feeds.shape import is_text, nothing_read, tally
from bot.feeds.text import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_AUTHORS,
    MOST_ENTRIES,
    clean,
    parse_day,
    parse_time,
    shortened,
    web_url,
)
from bot.identifiers import split_arxiv_id
from bot.models import Entry, Paper, Parsed

SHORTEST_QUESTION, LONGEST_QUESTION = 3, 200
"""Characters that its search takes (hf-mcp-server, paper-search.ts)."""
PAGE = 100
"""Entries asked for at once; the default of 50 cuts off busy days (78 seen)."""

_NEW_YORK = ZoneInfo("America/New_York")
_ROLLOVER = timedelta(hours=2, minutes=30)
_HIGHEST_COUNT = 10**9
_MOST_KEYWORDS, _LONGEST_KEYWORD = 50, 100
_LONGEST_ID = 100


def day_of(now: datetime) -> date:
    """The day whose list is open at `now`. It rolls over at 21:30 in New York.

    Source: `currentDailyFeedDate` in Hugging Face's own MCP server (hf-fs-papers.ts).
    """
    return (now.astimezone(_NEW_YORK).replace(tzinfo=None) + _ROLLOVER).date()


def opens(day: date) -> datetime:
    """When the list of `day` opens."""
    return (datetime.combine(day, time(), _NEW_YORK) - _ROLLOVER).astimezone(UTC)


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


def question_address(base: str, words: str, limit: int) -> str:
    """The papers that its search finds, at most `limit`; without a limit it answers with about 120."""
    return f"{base.rstrip('/')}/api/papers/search?q={quote(words, safe='')}&limit={limit}"


def found(body: bytes) -> Parsed:
    """What its search answered, best first: papers that exist, not the news of a day. Raises FeedError."""
    parsed = parse(body)
    return replace(parsed, entries=tuple(replace(entry, announced=False) for entry in parsed.entries))


def parse(body: bytes, *, day: date | None = None) -> Parsed:
    """The papers of one answer. `day`, the one that was asked for, serves papers that do not tell their own.

    Raises FeedError when the body is not a JSON list, or a list of which no item can be read.
    """
    try:
        items = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError):
        raise FeedError("", f"expected a JSON list of papers, found {_damaged(body)}") from None
    if not isinstance(items, list):
        raise FeedError("", f"expected a JSON list of papers, found {_kind(items)}")
    entries: dict[str, Entry] = {}
    for item in items[:MOST_ENTRIES]:
        entry = _entry(item, day)
        if entry is not None:
            entries.setdefault(entry.paper.arxiv_id or entry.paper.url, entry)
    fields = tally(items[:MOST_ENTRIES], _FIELDS)
    if items and not entries:
        missing = (name for name in ("paper.id", "paper.title") if not fields[name])
        raise nothing_read(len(items), next(missing, "both paper.id and paper.title"))
    return Parsed(entries=tuple(entries.values()), skipped=len(items) - len(entries), fields=fields)


def _integer(digits: str) -> int | None:
    # Longer ones are no count of anything, and Python refuses to read those of thousands of digits.
    return int(digits) if len(digits) <= 20 else None


def _damaged(body: bytes) -> str:
    found = describe(body)
    return "JSON that breaks off or is damaged" if found == "JSON" else found


def _paper(item: object) -> dict[str, Any]:
    """A list item wraps the paper; the search and single-paper endpoints also answer with a flat one."""
    if not isinstance(item, dict):
        return {}
    inner = item.get("paper")
    return inner if isinstance(inner, dict) else item


def _outer(item: object) -> dict[str, Any]:
    return item if isinstance(item, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_FIELDS: Mapping[str, Callable[[object], object]] = {
    "paper.id": lambda item: is_text(_paper(item).get("id")),
    "paper.title": lambda item: is_text(_paper(item).get("title")),
    "paper.summary": lambda item: is_text(_paper(item).get("summary")),
    "paper.authors": lambda item: any(map(_outer, _list(_paper(item).get("authors")))),
    "paper.publishedAt": lambda item: parse_time(_paper(item).get("publishedAt")),
    "paper.submittedOnDailyAt": lambda item: parse_time(_paper(item).get("submittedOnDailyAt")),
    "paper.upvotes": lambda item: _count(_paper(item).get("upvotes")) is not None,
    "paper.discussionId": lambda item: is_text(_paper(item).get("discussionId")),
    "numComments": lambda item: _count(_outer(item).get("numComments")) is not None,
    "thumbnail": lambda item: web_url(_outer(item).get("thumbnail")),
}
"""What every item has. Not there for all: what is generated, and what only some papers have."""


def _entry(item: object, day: date | None) -> Entry | None:
    paper, outer = _paper(item), _outer(item)
    name = clean(paper.get("id"))
    title = clean(paper.get("title")) or clean(outer.get("title"))
    if not name or not title or len(name) > _LONGEST_ID:
        return None
    known = split_arxiv_id(name)
    arxiv_id, version = known if known else (None, None)
    discussion = f"https://huggingface.co/papers/{quote(arxiv_id or name)}"
    # The outer publishedAt is the inner one minus 4 or 5 hours, so the day before: only the inner one counts.
    listed_on = parse_day(paper.get("submittedOnDailyAt")) or day
    return Entry(
        paper=Paper(
            title=shortened(title, LONGEST_TITLE),
            url=f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else discussion,
            arxiv_id=arxiv_id,
            version=version,
            authors=_authors(paper.get("authors")),
            abstract=shortened(clean(paper.get("summary")) or clean(outer.get("summary")), LONGEST_TEXT),
            summary=shortened(clean(paper.get("ai_summary")), LONGEST_TEXT),
            keywords=_keywords(paper.get("ai_keywords")),
            organization=_organization(paper.get("organization")) or _organization(outer.get("organization")),
            published_at=parse_time(paper.get("publishedAt")),
            repository=_address(paper.get("githubRepo")),
            project_page=_address(paper.get("projectPage")),
            thumbnail=web_url(outer.get("thumbnail")) or web_url(paper.get("thumbnail")),
            discussion=discussion,
            votes=_count(paper.get("upvotes")),
            comments=_count(outer.get("numComments")),
            stars=_count(paper.get("githubStars")),
            listed_on=listed_on,
        ),
        listed_on=listed_on,
    )


def _authors(value: object) -> tuple[str, ...]:
    shown = (author for author in _list(value) if isinstance(author, dict) and author.get("hidden") is not True)
    found = (shortened(clean(author.get("name")), LONGEST_NAME) for author in islice(shown, MOST_AUTHORS))
    return tuple(filter(None, found))


def _keywords(value: object) -> tuple[str, ...]:
    words = map(clean, _list(value)[: 2 * _MOST_KEYWORDS])
    return tuple(dict.fromkeys(word for word in words if 0 < len(word) <= _LONGEST_KEYWORD))[:_MOST_KEYWORDS]


def _organization(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return shortened(clean(value.get("fullname")) or clean(value.get("name")), LONGEST_NAME)


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
        return f"an error: “{shortened(error, 200)}”" if error else "a JSON object"
    if isinstance(value, str):
        return "a JSON string"
    if isinstance(value, bool):
        return "a JSON boolean"
    return "JSON null" if value is None else "a JSON number"
