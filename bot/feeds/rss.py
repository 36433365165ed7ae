"""Any other feed: journals, preprint servers, blogs, mirrors of lists; RSS 0.9x, 1.0, 2.0 and Atom.

Owns: telling which entry is which paper, and reading author lines that every publisher writes differently.
Refuses: arXiv's announcement conventions (arxiv.py), and following links.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from bot.addresses import without_tracking
from bot.feeds.text import clean, names, plain, read_feed, web_url, without_brackets
from bot.identifiers import find_arxiv_id, find_arxiv_ids, find_doi, find_dois
from bot.models import Entry, Paper, Parsed

LONGEST_ABSTRACT = 10_000
"""Characters kept of an entry's text; blogs put whole articles into their feeds."""

_LONGEST_TITLE = 100
_LONGEST_CATEGORY, _MOST_CATEGORIES = 60, 20
# What says that the reader came from a feed: bioRxiv's rss=1, Medium's source=rss---, campaign tags.
_EMAIL = re.compile(r"<?(?<![\w.+-])[\w.+-]++@[\w.-]++>?")
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?){1,5}[^\W\d_]?|[^\W\d_a-zß-ÿ]{1,2}")


def parse(body: bytes) -> Parsed:
    """The entries of a feed, as papers. Raises FeedError when the body is no feed."""
    document = read_feed(body)
    site = web_url(document.feed.get("link"))
    entries: dict[str, Entry] = {}
    for item in document.entries:
        entry = _entry(item, site)
        if entry is not None:
            entries.setdefault(entry.paper.url, entry)
    skipped = len(document.entries) - len(entries) + document.left_out
    return Parsed(entries=tuple(entries.values()), skipped=skipped, site=site)


def _entry(item: dict[str, Any], site: str | None) -> Entry | None:
    html = _text(item)
    abstract = _shortened(plain(html), LONGEST_ABSTRACT)
    arxiv_id, version, doi = _identifiers(item, html)
    link = _link(item, site)
    title = plain(_string(item.get("title"))) or _shortened(abstract, _LONGEST_TITLE)
    if not title and not link:
        return None
    if arxiv_id:
        url = f"https://arxiv.org/abs/{arxiv_id}"
    elif link:
        url = link
    elif doi:
        url = f"https://doi.org/{doi}"
    else:
        return None
    published_at = _moment(item.get("published_parsed")) or _moment(item.get("updated_parsed"))
    listed_on = published_at.date() if published_at else None
    return Entry(
        paper=Paper(
            title=title or url,
            url=url,
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


# --- which paper ----------------------------------------------------------------------------------


def _identifiers(item: dict[str, Any], html: str) -> tuple[str | None, int | None, str | None]:
    """(arXiv id, version, DOI): of what names the entry itself, else of links beside it, else of its text.

    A post that cites several papers is none of them: further links and the text count only when they name
    exactly one.
    """
    own = [
        _string(item.get(key)) for key in ("id", "link", "dc_identifier", "prism_doi", "prism_url", "dc_source")
    ]
    number = next((found for found in map(find_arxiv_id, own) if found), None)
    doi = next((found for found in map(find_doi, own) if found), None)
    if number or doi:
        return number[0] if number else None, number[1] if number else None, doi
    others = " ".join(_string(link.get("href")) for link in item.get("links") or ())
    for text in (others, f"{_string(item.get('title'))} {html}"):
        numbers, dois = find_arxiv_ids(text), find_dois(text)
        if len(numbers) + len(dois) == 1:
            return (*numbers[0], None) if numbers else (None, None, dois[0])
        if numbers or dois:
            break
    return None, None, None


def _link(item: dict[str, Any], site: str | None) -> str | None:
    link, guid = _string(item.get("link")).strip(), _string(item.get("id")).strip()
    # Where an entry has no link, feedparser passes its guid off as one: that may be a number or a "urn:...".
    if link and link != guid:
        try:
            link = urljoin(site or "", link)
        except ValueError:
            link = ""
    found = web_url(link) or web_url(guid)
    return without_tracking(found) if found else None


# --- its fields -----------------------------------------------------------------------------------


def _text(item: dict[str, Any]) -> str:
    summary = _string(item.get("summary"))
    if summary.strip():
        return summary
    return next((text for text in (_string(part.get("value")) for part in item.get("content") or ()) if text), "")


def _moment(value: object) -> datetime | None:
    if not isinstance(value, time.struct_time):
        return None
    try:
        return datetime(*value[:6], tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _categories(item: dict[str, Any]) -> tuple[str, ...]:
    terms = (plain(_string(tag.get("term") or tag.get("label"))) for tag in item.get("tags") or ())
    return tuple(dict.fromkeys(term for term in terms if 0 < len(term) <= _LONGEST_CATEGORY))[:_MOST_CATEGORIES]


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0] + "…"


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


# --- authors --------------------------------------------------------------------------------------


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    listed = [
        name for author in item.get("authors") or () if author and (name := _name(_string(author.get("name"))))
    ]
    if len(listed) == 1:
        return split_authors(listed[0])
    return names(_turned(name) for name in listed)


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
