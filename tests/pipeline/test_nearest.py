"""What a question that found nothing would find without one of its parts."""

from __future__ import annotations

import pytest

from bot.papers.query import parse
from bot.pipeline import nearest
from storage.database import Database
from tests.making import ARXIV, NOW, entry, store


async def _filled(db: Database) -> None:
    await store(
        db,
        ARXIV,
        entry("Looms weave", arxiv_id="2603.00001", authors=("Ada Lovelace",), votes=3),
        entry("Looms again", arxiv_id="2603.00002", authors=("Ada Lovelace",)),
        entry("Engines", arxiv_id="2603.00003", authors=("Charles Babbage",)),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "author:lovelace votes:>=500",
            [("votes:>=500", 0, "author:lovelace", 2), ("author:lovelace", 2, "votes:>=500", 0)],
        ),
        ("looms author:babbage", [("author:babbage", 1, "looms", 2), ("looms", 2, "", 0)]),
        (
            "looms -weave author:babbage",
            [
                ("author:babbage", 1, "looms -weave", 1),
                ("looms", 2, "", 0),
                ("-weave", None, "looms author:babbage", 0),
            ],
        ),
        ("votes:>=500", [("votes:>=500", 0, "trending", 3)]),
        ("author:nobody", []),
        ("zebra OR gnu", []),
    ],
)  # fmt: skip
async def test_each_part_is_left_out(
    db: Database, text: str, told: list[tuple[str, int | None, str, int]]
) -> None:
    await _filled(db)
    found = await nearest.suggestions(db, parse(text), now=NOW)
    assert [(each.part, each.alone, each.rest, each.total) for each in found] == told


async def test_other_servers_papers_are_not_counted(db: Database) -> None:
    await _filled(db)
    own = "added:https://site.example/feed"
    await store(db, own, entry("Looms of one server", url="https://site.example/1", authors=("Ada Lovelace",)))
    (first, *_) = await nearest.suggestions(db, parse("author:lovelace votes:>=500"), now=NOW)
    assert first.total == 2
    (first, *_) = await nearest.suggestions(db, parse("author:lovelace votes:>=500"), now=NOW, own=(own,))
    assert first.total == 3
