"""The inverted file says of every paper what its texts say, whatever came, changed and went meanwhile."""

from __future__ import annotations

import random
import struct
from collections import Counter

import pytest

from bot.models import PaperId, Texts
from bot.papers import terms
from bot.pipeline import ranking
from storage import postings
from storage.database import Database
from tests.making import rows

WORDS = ["graph", "graphs", "attention", "attentive", "robot", "naïve", "λ", "2024", "the", "of", "x86", "größe"]


async def put(db: Database, number: int, texts: Texts) -> None:
    async with db.write() as tx:
        await tx.execute(
            """INSERT INTO papers (id, title, abstract, summary, keywords, authors, organization, categories, url,
                first_seen_at, changed_at) VALUES (?, ?, ?, ?, ?, '', '', '', 'https://a.example', 1, 1)""",
            (number, *texts),
        )


async def change(db: Database, number: int, texts: Texts) -> None:
    async with db.write() as tx:
        await tx.execute(
            "UPDATE papers SET title = ?, abstract = ?, summary = ?, keywords = ? WHERE id = ?", (*texts, number)
        )


async def drop(db: Database, number: int) -> None:
    async with db.write() as tx:
        await tx.execute("DELETE FROM papers WHERE id = ?", (number,))


async def held(db: Database) -> tuple[dict[int, Counter[str]], dict[str, int]]:
    """(the words of each paper, the papers of each word), read from the tables by hand."""
    found: dict[int, Counter[str]] = {}
    for word, block, body in await rows(
        db, "SELECT word, block, body FROM postings JOIN words ON words.id = word_id"
    ):
        for at, times in struct.iter_unpack("<HB", body):
            assert word not in found.setdefault(block * 4096 + at, Counter()), "a paper once for each word"
            found[block * 4096 + at][word] = times
    for block, body in await rows(db, "SELECT block, body FROM lengths"):
        for at, (length,) in enumerate(struct.iter_unpack("<H", body)):
            assert length == found.get(block * 4096 + at, Counter()).total()
    known = dict(await rows(db, "SELECT word, papers FROM words WHERE papers > 0"))
    return found, known


async def agrees(db: Database) -> None:
    found, known = await held(db)
    expected = {
        number: terms.count(Texts(*texts))
        for number, *texts in await rows(db, "SELECT id, title, abstract, summary, keywords FROM papers")
    }
    assert found == {number: words for number, words in expected.items() if words}
    assert known == Counter(word for words in expected.values() for word in words)


@pytest.mark.parametrize("seed", range(4))
async def test_it_follows_the_papers(db: Database, seed: int) -> None:
    chance = random.Random(seed)

    def texts() -> Texts:
        return Texts(*(" ".join(chance.choices(WORDS, k=chance.randrange(8))) for _ in range(4)))

    alive: set[int] = set()
    for _ in range(60):
        number = chance.choice((*range(1, 9), 4095, 4096, 4097, 20_000))
        if number not in alive:
            await put(db, number, texts())
            alive.add(number)
        elif chance.random() < 0.4:
            await drop(db, number)
            alive.discard(number)
        else:
            await change(db, number, texts())
        if chance.random() < 0.3:
            await ranking.catch_up(db)
            await agrees(db)
            assert await postings.waiting(db) == 0
    await ranking.catch_up(db)
    await agrees(db)


async def test_what_changes_while_it_is_counted_is_taken_again(db: Database) -> None:
    await put(db, 1, Texts("old", "", "", ""))
    await put(db, 2, Texts("goes", "", "", ""))
    changes = await postings.unranked(db, limit=9)
    await change(db, 1, Texts("new", "", "", ""))
    await drop(db, 2)
    await postings.store(db, changes, {texts: terms.count(texts) for each in changes if (texts := each.after)})
    assert await postings.waiting(db) == 2
    assert await ranking.catch_up(db) == 2
    await agrees(db)
    assert (await held(db))[0] == {1: Counter(new=2)}


async def test_what_another_process_has_taken_is_not_taken_twice(db: Database) -> None:
    await put(db, 1, Texts("old", "", "", ""))
    await put(db, 2, Texts("same", "", "", ""))
    changes = await postings.unranked(db, limit=9)
    counted = {texts: terms.count(texts) for each in changes if (texts := each.after)}
    await postings.store(db, changes, counted)
    await change(db, 1, Texts("new", "", "", ""))
    await postings.store(db, changes, counted)
    assert await postings.waiting(db) == 1
    await ranking.catch_up(db)
    await agrees(db)


async def test_a_word_counts_up_to_255_times_and_a_length_to_65535(db: Database) -> None:
    await put(db, 1, Texts("", "word " * 70_000, "", ""))
    assert await ranking.catch_up(db) == 1
    (row,) = await rows(db, "SELECT body FROM postings")
    assert struct.unpack("<HB", row[0]) == (1, 255)
    # And is taken out again whole.
    await change(db, 1, Texts("", "word " * 300, "", ""))
    await ranking.catch_up(db)
    await drop(db, 1)
    await ranking.catch_up(db)
    assert (await held(db)) == ({}, {})


async def test_forms_are_all_words_of_the_same_stem(db: Database) -> None:
    await put(db, 1, Texts("Attention attends", "Robots in graphs.", "", ""))
    await ranking.catch_up(db)
    known = await postings.forms(db, ["attending", "robot", "zebra"])
    assert known.stems == {"attending": "attend", "robot": "robot", "zebra": "zebra"}
    assert {(form.word, form.papers) for form in known.forms} == {("attends", 1), ("robots", 1)}
    assert known.papers == 1
    found = await postings.read(db, [form.id for form in known.forms])
    assert len(found.of) == 2
    assert await postings.known(db, ["robots", "robot", "graphs"]) == {"robots": 1, "graphs": 1}
    assert await postings.neighbours(db, "robotz", papers=1) == {"robots": 1}
    assert await postings.texts(db, [PaperId(1), PaperId(9)]) == {
        1: Texts("Attention attends", "Robots in graphs.", "", "")
    }


def test_stems_are_those_of_the_index() -> None:
    assert postings.stems(["diffusing", "diffusion", "naive", "λ", "2024", "größe"]) == [
        "diffus",
        "diffus",
        "naiv",
        "λ",
        "2024",
        "groß",
    ]
