"""arXiv's announcements (RSS, its Atom twin) and the answers of its API (Atom).

Owns: the conventions of rss.arxiv.org and export.arxiv.org.
Refuses: other feeds (rss.py reads those), and turning LaTeX into Unicode: text stays as arXiv has it.
Sources: arXiv's own server code (arXiv/arxiv-feed) and arxiv-docs help/rss_specifications.md, help/api.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import FeedError
from bot.feeds.document import parts, read_feed, string
from bot.feeds.shape import is_text, nothing_read, tally
from bot.feeds.text import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    clean,
    names,
    parse_time,
    plain,
    shortened,
    without_brackets,
)
from bot.identifiers import find_arxiv_id, find_doi
from bot.models import Entry, Paper, Parsed

# "arXiv:2508.13426v1 Announce Type: new \nAbstract: ..."
_PREFIX = re.compile(
    r"\s*arXiv:(?P<id>\S+)\s+Announce Type:\s*(?P<type>[\w-]+)\s+(?:Abstract:\s*)?", re.IGNORECASE
)
# "Title. (arXiv:2207.06591v3 [cs.CL] UPDATED)", as arXiv wrote them until 2024 and mirrors still do.
_SUFFIX = re.compile(r"\.?\s?\((?P<id>arXiv:\S{9,30}) \[[^\[\]]{0,40}\]\s?(?P<mark>[A-Z -]{0,20})\)$")


MOST_ITEMS = 2_000
"""Of a feed; what would come behind is left out (help/rss.md)."""
PAGE = 1_000
"""Entries of one answer of the API, which allows 2,000 at most (help/api/user-manual.md)."""

_FULL = 1_500
_UNKNOWN = 300


def calls(categories: Sequence[str], usual: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """The categories in as few calls as the cap on a feed's items allows. `usual`: the most items that each had
    on one day; a paper of two categories counts in both, so the sum is on the safe side."""
    found: list[tuple[str, ...]] = []
    room = 0
    for category in categories:
        items = usual.get(category, _UNKNOWN)
        if not found or items > room:
            found.append(())
            room = _FULL
        found[-1] += (category,)
        room -= items
    return tuple(found)


def address(base: str, categories: Sequence[str], *, attempt: int = 0) -> str:
    """Today's announcements of some categories, e.g. https://rss.arxiv.org/rss/cs.AI+cs.CL .

    A cache on the way may keep an old list under one address until midnight: further attempts ask for the same
    list under another one, by turns.
    """
    kind = "atom" if attempt % 2 else "rss"
    order = categories if attempt % 4 < 2 else tuple(reversed(categories))
    return f"{base.rstrip('/')}/{kind}/{'+'.join(order)}"


def within(categories: Sequence[str], wanted: str) -> bool:
    """Whether a paper of these categories is in a wanted one, or in one of a wanted archive ("cs"). arXiv does not
    mind capitals in what it is asked for."""
    name = wanted.casefold()
    return any(own == name or own.startswith(f"{name}.") for own in map(str.casefold, categories))


def past(base: str, categories: Sequence[str], start: datetime, end: datetime, offset: int = 0) -> str:
    """What was submitted to some categories from `start` to `end`, from arXiv's API, oldest first."""
    # The API knows an archive's categories by "cs.*" alone.
    names = (name for own in categories for name in ((own,) if "." in own else (own, f"{own}.*")))
    any_of = "+OR+".join(f"cat:{name}" for name in names)
    span = f"submittedDate:[{start:%Y%m%d%H%M}+TO+{end:%Y%m%d%H%M}]"
    return (
        f"{base.rstrip('/')}/api/query?search_query=({any_of})+AND+{span}"
        f"&start={offset}&max_results={PAGE}&sortBy=submittedDate&sortOrder=ascending"
    )


def page(category: str, day: date) -> str:
    """A day's announcements, for people."""
    return f"https://arxiv.org/catchup/{category}/{day.isoformat()}"


def parse(body: bytes) -> Parsed:
    """The papers of one answer. An empty list is a normal one: nothing is announced on weekends and holidays.

    Raises FeedError when the body is no feed, when none of its items can be read, or when arXiv used a feed to say
    what is wrong.
    """
    document = read_feed(body)
    _raise_what_arxiv_says(document.feed, document.entries)
    announcements = document.version.startswith("rss")
    entries: dict[str, Entry] = {}
    for item in document.entries:
        entry = _entry(item, document.feed, announcements)
        if entry is not None and entry.paper.arxiv_id is not None:
            entries.setdefault(entry.paper.arxiv_id, entry)
    fields = tally(document.entries, _RSS if announcements else _TWIN if _is_twin(document.items) else _API)
    if document.items and not entries:
        missing = (name for name in ("title", "guid" if announcements else "id") if not fields[name])
        raise nothing_read(len(document.items), next(missing, "both a title and an arXiv id"))
    return Parsed(
        entries=tuple(entries.values()),
        skipped=len(document.items) - len(entries),
        title=shortened(clean(document.feed.get("title")), LONGEST_TITLE),
        total=_total(document.feed.get("opensearch_totalresults")),
        fields=fields,
    )


_Test = Callable[[dict[str, Any]], object]
_BOTH: Mapping[str, _Test] = {
    "title": lambda item: is_text(item.get("title")),
    # Where an item has none, feedparser passes its id off as one.
    "link": lambda item: any(is_text(link.get("href")) for link in parts(item, "links")),
    "category": lambda item: any(is_text(tag.get("term")) for tag in parts(item, "tags")),
}
_ANNOUNCED: Mapping[str, _Test] = {
    "arxiv:announce_type": lambda item: is_text(item.get("arxiv_announce_type")),
    "dc:creator": lambda item: is_text(item.get("author")),
}
_RSS: Mapping[str, _Test] = {
    **_BOTH,
    **_ANNOUNCED,
    "guid": lambda item: is_text(item.get("id")),
    "description": lambda item: is_text(item.get("summary")),
    "pubDate": lambda item: item.get("published_parsed"),
}
_ATOM: Mapping[str, _Test] = {
    **_BOTH,
    "id": lambda item: is_text(item.get("id")),
    "summary": lambda item: is_text(item.get("summary")),
    "published": lambda item: item.get("published_parsed"),
}
_TWIN: Mapping[str, _Test] = {**_ATOM, **_ANNOUNCED}
_API: Mapping[str, _Test] = {
    **_ATOM,
    "author": lambda item: any(is_text(author.get("name")) for author in parts(item, "authors")),
}
"""What every item of the three kinds of answers has, by its name there."""


def _is_twin(items: Iterable[dict[str, Any]]) -> bool:
    return any(_is_announced(item) for item in items)


def _is_announced(item: dict[str, Any]) -> bool:
    """The Atom twin of the RSS feed tells the announcement; the API's Atom tells the submission, days earlier."""
    return string(item, "id").startswith("oai:") or is_text(item.get("arxiv_announce_type"))


def _total(value: object) -> int | None:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else None


def _raise_what_arxiv_says(feed: dict[str, Any], items: tuple[dict[str, Any], ...]) -> None:
    title = clean(feed.get("title"))
    if title.startswith("Feed error for query"):
        words = plain(string(feed, "subtitle"))
        raise FeedError("", f"arXiv says: {shortened(words or title, 300)}")
    if len(items) == 1 and clean(items[0].get("title")) == "Error" and not find_arxiv_id(string(items[0], "id")):
        words = plain(string(items[0], "summary"))
        raise FeedError("", f"arXiv says: {shortened(words, 300) or 'the query failed, without a reason'}")


def _entry(item: dict[str, Any], feed: dict[str, Any], announcements: bool) -> Entry | None:
    title = clean(item.get("title"))
    suffix = _SUFFIX.search(title)
    description = string(item, "summary")
    prefix = _PREFIX.match(description)
    number = _number(
        string(item, "id"),
        string(item, "link"),
        f"arXiv:{prefix['id']}" if prefix else "",
        suffix["id"] if suffix else "",
    )
    title = title[: suffix.start()] if suffix else title
    if number is None or not title:
        return None
    arxiv_id, version = number
    kind = clean(item.get("arxiv_announce_type")).lower() or (prefix["type"].lower() if prefix else "")
    replaced = kind.startswith("replace") or (suffix is not None and suffix["mark"] == "UPDATED")
    announced = announcements or bool(kind) or _is_announced(item)
    published_at = None if announced else parse_time(item.get("published"))
    listed_on = _announcement_day(item, feed) if announced else published_at.date() if published_at else None
    # Abstracts are plain text, in which "<SEG>" or "<s>" is meant; only the old feeds had HTML.
    abstract = description[prefix.end() :] if prefix else description
    abstract = plain(abstract) if abstract.lstrip().startswith("<p") else clean(abstract)
    return Entry(
        paper=Paper(
            title=shortened(title, LONGEST_TITLE),
            url=f"https://arxiv.org/abs/{arxiv_id}",
            arxiv_id=arxiv_id,
            version=version,
            doi=find_doi(clean(item.get("arxiv_doi"))),
            authors=_authors(item, announced),
            abstract=shortened(abstract, LONGEST_TEXT),
            categories=_categories(item),
            published_at=published_at,
            listed_on=listed_on,
        ),
        listed_on=listed_on,
        announced=not replaced,
    )


def _number(*places: str) -> tuple[str, int | None] | None:
    """The id that the first place names, with the version that any place names for it."""
    found = [number for number in map(find_arxiv_id, places) if number]
    if not found:
        return None
    arxiv_id = found[0][0]
    return arxiv_id, next((version for name, version in found if name == arxiv_id and version), None)


def _announcement_day(item: dict[str, Any], feed: dict[str, Any]) -> date | None:
    # Midnight in New York, so the day is only right in the date's own offset. The feed has the same date.
    for value in (item.get("published"), feed.get("published"), item.get("updated"), feed.get("updated")):
        time = _own_time(clean(value))
        if time:
            return time.date()
    return None


def _own_time(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _categories(item: dict[str, Any]) -> tuple[str, ...]:
    primary = item.get("arxiv_primary_category")
    terms = [primary.get("term")] if isinstance(primary, dict) else []
    terms += [tag.get("term") for tag in parts(item, "tags")]
    return tuple(dict.fromkeys(term for term in map(clean, terms) if 0 < len(term) <= LONGEST_NAME))


# --- authors --------------------------------------------------------------------------------------


def _authors(item: dict[str, Any], announced: bool) -> tuple[str, ...]:
    listed = [string(author, "name") for author in parts(item, "authors")]
    if not announced:
        return names(map(without_brackets, listed))
    # Announcements have one string for all; `authors` has lost from it what looks like an e-mail address.
    return split_names(plain(string(item, "author")) or ", ".join(listed))


def split_names(text: str) -> tuple[str, ...]:
    """The authors of "A B (X, Y), C D": split at commas outside brackets, bracketed affiliations dropped."""
    return names(without_brackets(text).split(","))
