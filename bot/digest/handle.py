"""What opens a paper's card: the button beside it, the menu below an answer. Pure.

Owns: what both name a paper by. Refuses: the card (`bot.digest.paper`).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.identifiers import find_doi, split_arxiv_id
from bot.models import Button, Paper, Select
from bot.papers.summary import shorten

MENU = 25
"""Choices of a menu, at most."""
_NAME = 80
"""Characters; Discord takes 100 in a button's id, which holds a little more."""


def name_of(paper: Paper) -> str:
    """What names a paper for as long as its message stands: its arXiv id or DOI, for our number may become another
    paper's when the archive moves to another machine. That number for one that has neither; "" for none at all."""
    arxiv_id, doi = paper.arxiv_id or "", paper.doi or ""
    name = arxiv_id if split_arxiv_id(arxiv_id) else doi if find_doi(doi) == doi else ""
    return name if 0 < len(name) <= _NAME else str(paper.id or "")


def button(paper: Paper, place: int) -> Button | None:
    """What opens `paper`, at `place` of its message: no two buttons of one may have the same id."""
    name = name_of(paper)
    return Button(label="Details", custom_id=f"paperboy:open:{place}:{name}") if name else None


def menu(papers: Sequence[Paper]) -> tuple[Select, ...]:
    """A menu that opens one of `papers`, where there is one to open."""
    labels = {name: label(paper.title) for paper in papers if (name := name_of(paper))}
    if not labels:
        return ()
    told = "Open a paper" if len(labels) <= MENU else f"Open one of the first {MENU}"
    return (Select("paperboy:card", told, tuple(labels.items())[:MENU]),)


def label(title: str) -> str:
    """A title in a menu, which is plain text of at most 100 characters; Discord refuses one that shows nothing."""
    told = shorten(title, 100).strip()
    return told if any(sign.isprintable() and not sign.isspace() for sign in told) else "untitled"
