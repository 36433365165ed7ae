"""One paper, by whatever a person has of it: a number of ours, an arXiv id, a DOI, a link, its title."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import datetime

from bot.errors import NotFound
from bot.identifiers import find_arxiv_id, find_doi, split_arxiv_id
from bot.models import Paper, PaperId, Query
from bot.papers import identity, terms
from storage import lookup as index
from storage import search
from storage.database import Database

TITLES = 25
"""Titles that are offered while somebody types: as many as Discord shows."""
_NUMBER = re.compile(r"p?(\d{1,18})", re.ASCII)


async def paper(db: Database, text: str, *, now: datetime, own: Sequence[str] = ()) -> Paper:
    """The paper that `text` names, of those that the asker may see: also a title, where one alone begins so.

    Raises NotFound.
    """
    found = await _named(db, text, now=now, own=own)
    if not found and not _NUMBER.fullmatch(text.strip()):
        offered = await titles(db, text, now=now, own=own)
        whole = [paper_id for paper_id, title in offered if terms.words(title) == terms.words(text)]
        found = tuple(whole[:1]) if whole else tuple(paper_id for paper_id, _ in offered)
        if len(found) > 1:
            raise NotFound("Several papers begin so: choose one from the list that opens while you type.")
    hits = await search.hits(db, Query(text="", root=None), found[:1], own=own)
    if not hits:
        raise NotFound(
            "No such paper is in the archive. Give an arXiv id, a DOI or a link, or begin to type the title; "
            "`/search` finds papers by their words."
        )
    return hits[0].paper


async def titles(
    db: Database, typed: str, *, now: datetime, own: Sequence[str] = ()
) -> tuple[tuple[PaperId, str], ...]:
    """(paper, title) of what somebody may mean who has typed so far: the paper that it names, else those whose
    titles have words that begin so, the latest first."""
    # "3" may become "3D": a bare number is a title's until it is sent.
    named = () if typed.strip().isdigit() else await _named(db, typed, now=now, own=own)
    if named:
        hits = await search.hits(db, Query(text="", root=None), named[:1], own=own)
        return tuple((hit.paper.id, hit.paper.title) for hit in hits if hit.paper.id)
    words = terms.words(typed)
    if typed.strip() and not words:
        return ()
    found = await index.titled(db, words, today=now.date(), own=own)
    return tuple((paper_id, title) for paper_id, title in found if _begins(title, words))[:TITLES]


def _begins(title: str, words: Sequence[str]) -> bool:
    there = terms.words(title)
    return all(any(each.startswith(word) for each in there) for word in words)


async def _named(db: Database, text: str, *, now: datetime, own: Sequence[str]) -> tuple[PaperId, ...]:
    """What `text` is the number or a key of."""
    text = text.strip()
    if number := _NUMBER.fullmatch(text):
        return await index.visible(db, (PaperId(int(number[1])),), today=now.date(), own=own)
    keys = _keys(text)
    return await index.keyed(db, keys, today=now.date(), own=own) if keys else ()


def _keys(text: str) -> tuple[str, ...]:
    doi = find_doi(text) or ""
    # What looks like an arXiv id within a DOI is a part of that.
    if arxiv := split_arxiv_id(text) or find_arxiv_id(text.lower().replace(doi, "")):
        return (f"arxiv:{arxiv[0]}",)
    keys = [f"doi:{doi}"] if doi else []
    link = re.search(r"https?://\S+", text)
    if link:
        with contextlib.suppress(ValueError):  # no address at all
            keys += identity.keys(Paper(title="", url=link[0].rstrip(">.,;"))).strong
    return tuple(keys)
