"""What the operator's model said is kept with its paper, and its calls are counted."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.models import PaperId, Rewritten
from storage import rewritings
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, committed, entry, rows, store

M = "small:3b"


async def paper(db: Database) -> PaperId:
    await store(db, ARXIV, entry("A Title", arxiv_id="2603.00001", abstract="An abstract."))
    ((number,),) = await rows(db, "SELECT id FROM papers")
    return PaperId(number)


async def keep(db: Database, number: PaperId, text: str | None = "A text.", model: str = M) -> bool:
    made_of = ("A Title", "An abstract.")
    why = "" if text else "no good"
    return await rewritings.keep(db, model, number, made_of, text=text, why=why, now=NOW)


async def test_a_text_is_kept_per_paper_and_model(db: Database) -> None:
    number = await paper(db)
    assert await rewritings.known(db, M, [number]) == {}
    assert await keep(db, number)
    assert await rewritings.known(db, M, [number, PaperId(99)]) == {number: "A text."}
    assert await rewritings.known(db, "another", [number]) == {}
    assert await keep(db, number, None, "another")
    assert await rewritings.known(db, "another", [number]) == {number: None}
    assert await rewritings.known(db, M, [number]) == {}
    assert await rows(db, "SELECT text, why FROM rewritings") == [(None, "no good")]


async def test_it_goes_with_its_paper_and_with_what_it_was_made_of(db: Database) -> None:
    number = await paper(db)
    assert await keep(db, number)
    await store(db, HF, entry("A Title", arxiv_id="2603.00001", votes=9, summary="Of the source."))
    assert await rewritings.known(db, M, [number]) == {number: "A text."}
    await store(db, ARXIV, entry("A Title", arxiv_id="2603.00001", abstract="Another abstract."))
    assert await rewritings.known(db, M, [number]) == {}
    assert not await keep(db, number)  # what it was made of is not there any more
    assert not await keep(db, PaperId(99))
    await store(db, ARXIV, entry("A Title", arxiv_id="2603.00001", abstract="An abstract."))
    assert await keep(db, number)
    async with db.write() as tx:
        await tx.execute("DELETE FROM papers")
    assert committed(db, "SELECT * FROM rewritings") == []


async def test_of_two_papers_that_turn_out_to_be_one_the_row_that_stays_keeps_its_own(db: Database) -> None:
    await store(db, BLOG, entry("A Title", url="https://b.example/1", doi="10.1/x", abstract="An abstract."))
    await store(db, ARXIV, entry("A Title of Another Kind", arxiv_id="2603.00001", abstract="An abstract."))
    first, second = (PaperId(number) for (number,) in await rows(db, "SELECT id FROM papers ORDER BY id"))
    for number, title in ((first, "A Title"), (second, "A Title of Another Kind")):
        made_of = (title, "An abstract.")
        assert await rewritings.keep(db, M, number, made_of, text=f"Text {number}.", now=NOW)
    await store(db, HF, entry("A Title of Another Kind", arxiv_id="2603.00001", doi="10.1/x"))
    assert await rows(db, "SELECT id, title FROM papers") == [(second, "A Title of Another Kind")]
    assert committed(db, "SELECT paper_id, text FROM rewritings") == [(second, f"Text {second}.")]
    assert committed(db, "PRAGMA foreign_key_check") == []


async def test_calls_are_counted_by_the_day_and_never_beyond_the_budget(db: Database) -> None:
    spent = await asyncio.gather(*(rewritings.spend(db, TODAY, 5) for _ in range(9)))
    assert sum(spent) == 5
    assert await rewritings.tally(db, M, TODAY) == Rewritten(kept=0, refused=0, calls=5)
    assert await rewritings.spend(db, TODAY, 6)
    assert not await rewritings.spend(db, TODAY, 0)
    tomorrow = TODAY + timedelta(days=1)
    assert await rewritings.spend(db, tomorrow, 1)
    assert not await rewritings.spend(db, tomorrow, 1)
    # A digest that began before midnight asks on, while another one begins the new day.
    assert not await rewritings.spend(db, TODAY, 6)
    assert committed(db, "SELECT * FROM model_calls") == [(TODAY.isoformat(), 6), (tomorrow.isoformat(), 1)]
    later = TODAY + timedelta(days=9)
    assert await rewritings.spend(db, later, 1)
    assert committed(db, "SELECT * FROM model_calls") == [(later.isoformat(), 1)]


async def test_what_has_come_of_it_is_told(db: Database) -> None:
    number = await paper(db)
    await keep(db, number, None)
    assert await rewritings.tally(db, M, TODAY) == Rewritten(kept=0, refused=1, calls=0)
    await keep(db, number)
    assert await rewritings.tally(db, M, TODAY) == Rewritten(kept=1, refused=0, calls=0)
    assert await rewritings.tally(db, "another", TODAY) == Rewritten(kept=0, refused=0, calls=0)
