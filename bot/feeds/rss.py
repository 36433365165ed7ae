"""Any other feed: journals, preprint servers, blogs, mirrors of lists; RSS 0.9x, 1.0, 2.0 and Atom.

Owns: telling which entry is which paper, and reading author lines that every publisher writes differently.
Refuses: arXiv's announcement conventions (arxiv.py), and following links.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from bot.addresses import without_tracking
from bot.feeds.document import parts, read_feed, string
from bot.feeds.shape import is_text, nothing_read, tally
from bot.feeds.text import LONGEST_TEXT, LONGEST_TITLE, clean, names, plain, shortened, web_url, without_brackets
from bot.identifiers import find_arxiv_id, find_arxiv_ids, find_doi, find_dois
from bot.models import Entry, Paper, Parsed

_LONGEST_MADE_UP_TITLE = 100
_LONGEST_CATEGORY, _MOST_CATEGORIES = 60, 20
# What says that the reader came from a feed: bioRxiv's rss=1, Medium's source=rss---, campaign tags.
_EMAIL = re.compile(r"<?(?<![\w.+-])[\w.+-]++@[\w.-]++>?")
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?){1,5}[^\W\d_]?|[^\W\d_a-zß-ÿ]{1,2}")


def parse(body: bytes) -> Parsed:
    """The entries of a feed, as papers. Raises FeedError for what is no feed, or has no entry with a link."""
    document = read_feed(body)
    site = web_url(document.feed.get("link"))
    found = [found for item in document.entries if (found := _found(item, site))]
    entries: dict[str, Entry] = {}
    for entry in _told_apart(found, site):
        entries.setdefault(entry.paper.url, entry)
    fields: Mapping[str, Callable[[dict[str, Any]], object]] = {
        "title": lambda item: is_text(item.get("title")),
        "link": lambda item: _addresses(item, site),
        "date": _date,
        "description": lambda item: is_text(_text(item)),
        "author": _line_of_authors,
    }
    counted = tally(document.entries, fields)
    if document.items and not entries:
        raise nothing_read(len(document.items), "link", "there is nothing to read in this feed")
    return Parsed(
        entries=tuple(entries.values()),
        skipped=len(document.items) - len(entries),
        site=site,
        title=shortened(plain(string(document.feed, "title")), LONGEST_TITLE),
        fields=counted,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An entry whose address may not be its own."""

    entry: Entry
    addresses: tuple[str, ...]
    """Where else it may be found, the best first."""


def _found(item: dict[str, Any], site: str | None) -> _Found | None:
    html = _text(item)
    abstract = shortened(plain(html), LONGEST_TEXT)
    arxiv_id, version, doi = _identifiers(item, html)
    addresses = _addresses(item, site)
    title = shortened(plain(string(item, "title")), LONGEST_TITLE) or shortened(abstract, _LONGEST_MADE_UP_TITLE)
    if not title and not addresses:
        return None
    if arxiv_id:
        addresses = (f"https://arxiv.org/abs/{arxiv_id}",)
    elif doi and (address := web_url(f"https://doi.org/{doi}")):
        addresses += (address,)
    if not addresses:
        return None
    published_at = _date(item)
    listed_on = published_at.date() if published_at else None
    entry = Entry(
        paper=Paper(
            title=title or shortened(addresses[0], LONGEST_TITLE),
            url=addresses[0],
            arxiv_id=arxiv_id,
            version=version,
            doi=doi,
            authors=_authors(item),
            abstract=abstract,
            categories=_categories(item),
            published_at=published_at,
            listed_on=listed_on,
        ),
        listed_on=listed_on,
    )
    return _Found(entry=entry, addresses=addresses)


def _told_apart(found: Sequence[_Found], site: str | None) -> Iterator[Entry]:
    """The entries, each with an address of its own.

    Some feeds link all entries to one page, their home or a list of changes: there, titles tell them apart. (Not
    guids: some feeds make new ones each time, and an entry that comes twice keeps its title.)
    """
    home = (site or "").rstrip("/")
    titles: dict[str, set[str]] = {}
    for one in found:
        for address in one.addresses:
            titles.setdefault(address, set()).add(one.entry.paper.title)
    for one in found:
        paper = one.entry.paper
        own = (address for address in one.addresses if len(titles[address]) == 1 and address.rstrip("/") != home)
        url = paper.url if paper.arxiv_id else next(own, None) or _with_mark(paper)
        yield one.entry if url == paper.url else replace(one.entry, paper=replace(paper, url=url))


def _with_mark(paper: Paper) -> str:
    mark = hashlib.sha256(paper.title.encode()).hexdigest()[:16]
    return web_url(f"{paper.url.partition('#')[0]}#{mark}") or paper.url


# --- which paper ----------------------------------------------------------------------------------


def _identifiers(item: dict[str, Any], html: str) -> tuple[str | None, int | None, str | None]:
    """(arXiv id, version, DOI): of what names the entry itself, else of links beside it, else of its text.

    A post that cites several papers is none of them: further links and the text count only when they name
    exactly one.
    """
    keys = ("id", "link", "dc_identifier", "prism_doi", "prism_url", "dc_source")
    own = [clean(string(item, key)) for key in keys]
    number = next((found for found in map(find_arxiv_id, own) if found), None)
    doi = next((found for found in map(find_doi, own) if found), None)
    if number or doi:
        return number[0] if number else None, number[1] if number else None, doi
    others = " ".join(string(link, "href") for link in parts(item, "links"))
    for text in map(clean, (others, f"{string(item, 'title')} {html}")):
        numbers, dois = find_arxiv_ids(text), find_dois(text)
        if len(numbers) + len(dois) == 1:
            return (*numbers[0], None) if numbers else (None, None, dois[0])
        if numbers or dois:
            break
    return None, None, None


def _addresses(item: dict[str, Any], site: str | None) -> tuple[str, ...]:
    """Its link and its guid, as far as they are web addresses."""
    link, guid = string(item, "link").strip(), string(item, "id").strip()
    # Where an entry has no link, feedparser passes its guid off as one: that may be a number or a "urn:...".
    if link and link != guid:
        try:
            link = urljoin(site or "", link)
        except ValueError:
            link = ""
    found = (web_url(without_tracking(address)) for address in (web_url(link), web_url(guid)) if address)
    return tuple(dict.fromkeys(address for address in found if address))


# --- its fields -----------------------------------------------------------------------------------


def _text(item: dict[str, Any]) -> str:
    summary = string(item, "summary")
    if summary.strip():
        return summary
    return next((text for text in (string(part, "value") for part in parts(item, "content")) if text), "")


def _date(item: dict[str, Any]) -> datetime | None:
    return _moment(item.get("published_parsed")) or _moment(item.get("updated_parsed"))


def _moment(value: object) -> datetime | None:
    if not isinstance(value, time.struct_time):
        return None
    try:
        return datetime(*value[:6], tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _categories(item: dict[str, Any]) -> tuple[str, ...]:
    terms = (plain(string(tag, "term") or string(tag, "label")) for tag in parts(item, "tags"))
    return tuple(dict.fromkeys(term for term in terms if 0 < len(term) <= _LONGEST_CATEGORY))[:_MOST_CATEGORIES]


# --- authors --------------------------------------------------------------------------------------


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    listed = [name for author in parts(item, "authors") if (name := _name(string(author, "name")))]
    if len(listed) == 1:
        return split_authors(listed[0])
    return names(_turned(name) for name in listed)


def _line_of_authors(item: dict[str, Any]) -> bool:
    return any(is_text(author.get("name")) for author in parts(item, "authors"))


def _name(text: str) -> str:
    return re.sub(r"^by ", "", clean(_EMAIL.sub("", plain(text))), flags=re.IGNORECASE)


def split_authors(line: str) -> tuple[str, ...]:
    """The authors of one line, in reading order ("D. Kukla"), however the publisher wrote it.

    Understood: "A B, C D and E F"; "Kukla, D., Crampton, A."; "Kukla, Dorothy; Crampton, Amy"; one name.
    """
    line = without_brackets(line)
    if ";" in line:
        return names(_turned(name) for name in line.split(";"))
    pieces = [piece.strip() for piece in line.split(",") if piece.strip()]
    if any(_INITIALS.fullmatch(piece) for piece in pieces[1:]):
        return names(_last_names_first(pieces))
    if len(pieces) == 2 and " " not in pieces[1] and _turned(line) != line:
        return names([_turned(line)])
    found: list[str] = []
    for piece in pieces:
        parts = [part.strip() for part in re.split(r"\b(?:and|AND)\b|&", piece)]
        # "Ada Byron and Mary Shelley" are two; "Research and Development" is one, unless commas tell.
        several = len(pieces) > 1 or all(" " in part for part in parts)
        found += parts if several else [piece]
    return names(found)


def _last_names_first(pieces: list[str]) -> list[str]:
    """ "Kukla", "D.", "The Consortium", "Crampton", "A." -> "D. Kukla", "The Consortium", "A. Crampton"."""
    found: list[str] = []
    waiting: str | None = None
    for piece in pieces:
        if waiting is not None and _INITIALS.fullmatch(piece):
            found.append(f"{piece} {waiting}")
            waiting = None
        else:
            found += [waiting] if waiting is not None else []
            waiting = re.sub(r"^(?:and|&)\s", "", piece)
    return [*found, waiting] if waiting is not None else found


def _turned(name: str) -> str:
    """ "Kukla, Dorothy" -> "Dorothy Kukla"; anything that is not clearly last name first stays."""
    last, _, first = (part.strip() for part in name.partition(","))
    if not first or "," in first:
        return name
    one_word = len([word for word in last.split() if not word.islower()]) == 1
    return f"{first} {last}" if one_word or _INITIALS.fullmatch(first) else name
