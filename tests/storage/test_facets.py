"""What a search may be narrowed by."""

from __future__ import annotations

import pytest

from storage import facets
from storage.database import Database
from tests.making import ARXIV, entry, store

SECRET = "added:https://secret.example/feed"


@pytest.fixture
async def few(db: Database) -> Database:
    for number, authors in enumerate((("Ada Lovelace", "Yann LeCun"), ("Yann LeCun",), ("Jean-Luc Étoile",)), 1):
        paper = entry(f"Paper {number}", arxiv_id=f"2603.{number:05}", authors=authors, categories=("cs.CL",))
        await store(db, ARXIV, paper)
    secret = entry("Secret", url="https://secret.example/1", authors=("Eve Adams",), categories=("x.Y",))
    await store(db, SECRET, secret)
    return db


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", {"Yann LeCun", "Jean-Luc Étoile", "Ada Lovelace"}),
        ("le", {"Yann LeCun"}),
        ("lov", {"Ada Lovelace"}),
        ("yann le", {"Yann LeCun"}),
        ("luc", {"Jean-Luc Étoile"}),
        ("eve", set()),
        ('"', set()),
        (";*", set()),
    ],
)
async def test_authors_that_begin_so(few: Database, typed: str, found: set[str]) -> None:
    assert {*await facets.names(few, "authors", typed, limit=9)} == found


async def test_the_most_common_come_first(few: Database) -> None:
    assert await facets.names(few, "authors", "", limit=1) == ("Yann LeCun",)


async def test_who_may_see_it_gets_what_a_servers_feed_carries(few: Database) -> None:
    assert await facets.names(few, "authors", "eve", limit=9, own=(SECRET,)) == ("Eve Adams",)
    assert await facets.names(few, "categories", "", limit=9) == ("cs.CL",)
    assert {*await facets.names(few, "categories", "", limit=9, own=(SECRET,))} == {"cs.CL", "x.Y"}
