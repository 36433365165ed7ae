"""arXiv's announcements (RSS, its Atom twin) and the answers of its API (Atom).

Owns: the conventions of rss.arxiv.org and export.arxiv.org.
Refuses: other feeds (rss.py reads those), and turning LaTeX into Unicode: text stays as arXiv has it.
Sources: arXiv's own server code (arXiv/arxiv-feed) and arxiv-docs help/rss_specifications.md, help/api.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import FeedError
from bot.feeds.text import clean, names, parse_time, plain, read_feed, without_brackets
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

    Raises FeedError when the body is no feed, or when arXiv used a feed to say what is wrong.
    """
    document = read_feed(body)
    _raise_what_arxiv_says(document.feed, document.entries)
    announcements = document.version.startswith("rss")
    entries: dict[str, Entry] = {}
    for item in document.entries:
        entry = _entry(item, document.feed, announcements)
        if entry is not None and entry.paper.arxiv_id is not None:
            entries.setdefault(entry.paper.arxiv_id, entry)
    skipped = len(document.entries) - len(entries) + document.left_out
    return Parsed(
        entries=tuple(entries.values()),
        skipped=skipped,
        total=_total(document.feed.get("opensearch_totalresults")),
    )


def _total(value: object) -> int | None:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else None


def _raise_what_arxiv_says(feed: dict[str, Any], items: tuple[dict[str, Any], ...]) -> None:
    title = clean(feed.get("title"))
    if title.startswith("Feed error for query"):
        words = plain(str(feed.get("subtitle") or ""))
        raise FeedError("", f"arXiv says: {words[:300] or title[:300]}")
    if len(items) == 1 and clean(items[0].get("title")) == "Error" and not find_arxiv_id(str(items[0].get("id"))):
        words = plain(str(items[0].get("summary") or ""))
        raise FeedError("", f"arXiv says: {words[:300] or 'the query failed, without a reason'}")


def _entry(item: dict[str, Any], feed: dict[str, Any], announcements: bool) -> Entry | None:
    title = clean(item.get("title"))
    suffix = _SUFFIX.search(title)
    description = str(item.get("summary") or "")
    prefix = _PREFIX.match(description)
    number = _number(
        str(item.get("id") or ""),
        str(item.get("link") or ""),
        f"arXiv:{prefix['id']}" if prefix else "",
        suffix["id"] if suffix else "",
    )
    title = title[: suffix.start()] if suffix else title
    if number is None or not title:
        return None
    arxiv_id, version = number
    kind = clean(item.get("arxiv_announce_type")).lower() or (prefix["type"].lower() if prefix else "")
    replaced = kind.startswith("replace") or (suffix is not None and suffix["mark"] == "UPDATED")
    # The Atom twin of the RSS feed tells the announcement; the API's Atom tells the submission, days earlier.
    announced = announcements or bool(kind) or str(item.get("id") or "").startswith("oai:")
    published_at = None if announced else parse_time(item.get("published"))
    listed_on = _announcement_day(item, feed) if announced else published_at.date() if published_at else None
    abstract = description[prefix.end() :] if prefix else description
    return Entry(
        paper=Paper(
            title=title,
            url=f"https://arxiv.org/abs/{arxiv_id}",
            arxiv_id=arxiv_id,
            version=version,
            doi=find_doi(clean(item.get("arxiv_doi"))),
            authors=_authors(item, announced),
            # Abstracts are plain text, in which "<SEG>" or "<s>" is meant; only the old feeds had HTML.
            abstract=plain(abstract) if abstract.lstrip().startswith("<p") else clean(abstract),
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
    terms += [tag.get("term") for tag in item.get("tags") or ()]
    return tuple(dict.fromkeys(term for term in map(clean, terms) if term))


# --- authors --------------------------------------------------------------------------------------


def _authors(item: dict[str, Any], announced: bool) -> tuple[str, ...]:
    listed = [str(author.get("name") or "") for author in item.get("authors") or () if author]
    if not announced:
        return names(map(without_brackets, listed))
    # Announcements have one string for all; `authors` has lost from it what looks like an e-mail address.
    return split_names(plain(str(item.get("author") or "")) or ", ".join(listed))


def split_names(line: str) -> tuple[str, ...]:
    """The authors of "A B (X, Y), C D": split at commas outside brackets, bracketed affiliations dropped."""
    return names(without_brackets(line).split(","))
