"""How counts went over time, as they are read back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.models import Observation, PaperId
from storage.database import Database
from storage.observations import history
from tests.making import ARXIV, HF, NOW, entry, store

HOUR = timedelta(hours=1)
ONE = PaperId(1)


async def test_counts_are_known_at_every_change_and_when_they_were_last_seen(db: Database) -> None:
    for hours, votes in ((0, 3), (1, 3), (2, 9), (3, 9), (4, 9)):
        await store(db, HF, entry("One", votes=votes, stars=2), at=NOW + hours * HOUR)
    found = (await history(db, [ONE]))[ONE]
    assert [(each.seen_at - NOW, each.votes) for each in found] == [(0 * HOUR, 3), (2 * HOUR, 9), (4 * HOUR, 9)]
    assert found[0] == Observation(seen_at=NOW, votes=3, comments=None, stars=2)


async def test_what_falls_and_what_a_clock_set_back_saw_are_in_order(db: Database) -> None:
    for hours, votes in ((5, 7), (0, 3), (2, 2)):
        await store(db, HF, entry("One", votes=votes), at=NOW + hours * HOUR)
    found = (await history(db, [ONE]))[ONE]
    assert [(each.seen_at - NOW, each.votes) for each in found] == [(0 * HOUR, 3), (2 * HOUR, 2), (5 * HOUR, 7)]


async def test_only_those_that_are_asked_for_and_were_counted_are_there(db: Database) -> None:
    await store(db, HF, *(entry(f"Paper {number}", votes=number) for number in range(3)))
    await store(db, ARXIV, entry("Uncounted", arxiv_id="2603.00001"))
    assert await history(db, []) == {}
    assert set(await history(db, [PaperId(2), PaperId(4), PaperId(99)])) == {2}
    many = await history(db, [PaperId(number) for number in range(1, 5_000)])
    assert {number: seen[0].votes for number, seen in many.items()} == {1: 0, 2: 1, 3: 2}


async def test_a_work_that_two_sources_have_has_the_counts_of_both(db: Database) -> None:
    given: dict[str, Any] = {"arxiv_id": "2603.00001", "authors": ("Ada",)}
    await store(db, ARXIV, entry("One", **given))
    await store(db, HF, entry("One", votes=5, **given), at=NOW + HOUR)
    await store(db, ARXIV, entry("One", **given), at=NOW + 2 * HOUR)
    found = await history(db, [ONE])
    assert [(each.seen_at, each.votes) for each in found[ONE]] == [(NOW + HOUR, 5)]
