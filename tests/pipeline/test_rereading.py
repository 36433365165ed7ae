"""LaTeX on its way: read when it comes in, searched and shown as it is read, and read again after an update."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import report
from bot.digest import compose, post
from bot.digest import found as messages
from bot.digest.markup import as_text
from bot.models import DeliveryId, Entry, Paper, PaperId, Words
from bot.papers import legibility, query
from bot.pipeline import ask, draft, rereading
from bot.pipeline.reading import keys
from storage import feeds, migrations, papers, readings
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, TODAY, answered, entry, rows
from tests.storage.test_papers import index_faults

TITLE = r"Schr\"odinger Bridges in $\mathcal{O}(n\log n)$ with $\epsilon$-Greedy H$_2$O"
READ = "Schrödinger Bridges in O(n log n) with ε-Greedy H₂O"
ABSTRACT = (
    r"We need \textbf{half} the C++ code, 2.3$\times$ faster, at $10^{-3}$ of $\ell_2$. It costs $5 and $10."
)
MEANT = "We need half the C++ code, 2.3× faster, at 10⁻³ of ℓ₂. It costs $5 and $10."


def written(**fields: Any) -> Entry:
    return entry(
        TITLE,
        arxiv_id="2603.00001",
        **{"authors": (r"Andr\'e Gr{\o}n", "Ada Lovelace"), "abstract": ABSTRACT, "votes": 3, **fields},
    )


async def bring(db: Database, feed: str, *entries: Entry) -> tuple[int, int, int]:
    """As a source's answer comes in."""
    return await feeds.record_entries(db, feed, keys(entries), seen_at=NOW, validators={})


async def only(db: Database) -> Paper:
    (paper,) = await papers.get(db, [PaperId(1)])
    return paper


# --- coming in --------------------------------------------------------------------------------------


async def test_a_paper_is_stored_as_it_is_read_with_what_its_source_wrote(db: Database) -> None:
    await bring(db, ARXIV, written(), entry("Plain", arxiv_id="2603.00002"))
    paper = await only(db)
    assert (paper.title, paper.abstract, paper.authors) == (READ, MEANT, ("André Grøn", "Ada Lovelace"))
    assert paper.written == {"title": TITLE, "abstract": ABSTRACT, "authors": (r"Andr\'e Gr{\o}n", "Ada Lovelace")}
    assert legibility.legible(paper) == paper
    assert hash(paper)
    assert await rows(db, "SELECT written FROM papers WHERE title = 'Plain'") == [(None,)]
    assert await bring(db, ARXIV, written()) == (0, 0, 1)
    assert index_faults(db) == []


async def test_what_a_source_wrote_goes_with_the_text_of_whoever_is_believed(db: Database) -> None:
    await bring(db, BLOG, written(authors=()))
    await bring(db, HF, entry("Schrödinger Bridges", arxiv_id="2603.00001", authors=(r"H\"older",)))
    paper = await only(db)
    assert (paper.title, paper.abstract, paper.authors) == ("Schrödinger Bridges", MEANT, ("Hölder",))
    assert paper.written == {"abstract": ABSTRACT, "authors": (r"H\"older",)}


async def test_two_typesettings_of_a_title_are_one_work(db: Database) -> None:
    await bring(
        db, HF, entry(r"$\alpha$-Stable Schr\"odinger Bridges", url="https://a.example/1", authors=("Ada L",))
    )
    await bring(db, BLOG, entry("α-stable Schrödinger bridges", url="https://b.example/1", authors=("A. L",)))
    assert await papers.count(db) == 1


# --- searched ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("schrödinger", [("title", ("Schrödinger",))]),
        ("schrodinger", [("title", ("Schrödinger",))]),
        (r"Schr\"odinger", [("title", ("Schrödinger",))]),
        (r'"Schr\"odinger bridges"', [("title", ("Schrödinger Bridges",))]),
        ("O(n log n)", [("title", ("O(n log n",))]),
        (r"$\mathcal{O}(n\log n)$", [("title", ("O(n log n",))]),
        ("ε-greedy", [("title", ("ε-Greedy",))]),
        ("epsilon-greedy", [("title", ("ε-Greedy",))]),
        (r"\epsilon", [("title", ("ε",))]),
        ("h2o", [("title", ("H₂O",))]),
        ("H₂O", [("title", ("H₂O",))]),
        ("H_2O", [("title", ("H₂O",))]),
        ("l2", [("abstract", ("ℓ₂",))]),
        (r"\ell_2", [("abstract", ("ℓ₂",))]),
        ("10^-3", [("abstract", ("10⁻³",))]),
        ("half", [("abstract", ("half",))]),
        ("c++", [("abstract", ("C",))]),
        (r"author:Andr\'e", []),
        ("author:andre", []),
        (TITLE, None),
        ("textbf", None),
        ("mathcal", None),
        ("h3o", None),
        ("-epsilon half", None),
    ],
)
async def test_what_people_type_finds_what_they_see(
    db: Database, text: str, marks: list[tuple[str, tuple[str, ...]]] | None
) -> None:
    await bring(db, ARXIV, written(), entry("Plain", arxiv_id="2603.00002"))
    hits, total = await answered(db, query.parse(text), today=TODAY, limit=5)
    if marks is None and text != TITLE:
        assert (hits, total) == ((), 0)
        return
    assert total == 1
    if marks is not None:
        assert list(hits[0].marks) == marks


async def test_a_text_that_spells_a_letter_out_is_found_by_the_letter(db: Database) -> None:
    await bring(db, ARXIV, entry("Epsilon-greedy H2O", arxiv_id="2603.00001"))
    for text in ("ε-greedy", r"$\epsilon$-greedy", "h₂o", "H_2O"):
        assert (await answered(db, query.parse(text), today=TODAY, limit=5))[1] == 1, text


async def test_an_answer_tells_why_in_the_words_that_it_shows(db: Database) -> None:
    await bring(db, ARXIV, written())
    found = await ask.search(db, "epsilon h2o half", now=NOW)
    assert found.hits[0].reasons[:2] == ("“ε”, “h₂o” in the title", "“half” in the abstract")
    assert found.query.text == "epsilon h2o half"


# --- shown ------------------------------------------------------------------------------------------


async def test_everything_that_is_shown_is_readable(db: Database) -> None:
    await bring(db, ARXIV, written(summary=r"\emph{Half} the code."))
    digest, _ = await draft.preview(db, ["schrödinger", "half"], now=NOW + timedelta(hours=1))
    found = await ask.search(db, "author:andre", now=NOW)
    shown = (
        as_text(post.digest_post(digest, DeliveryId("d"))[0]),
        as_text(messages.answer_post(found, 1)),
        as_text(post.more_post([(await only(db), "")], NOW)),
        report.digest_text(digest, ""),
        report.digest_json(digest, ""),
        report.answer_text(found),
        report.answer_json(found),
        compose.miss(await only(db), Words("x")),
    )
    for text in shown:
        assert "\\" not in text.replace("\\n", "").replace('\\"', "")
        assert "$" not in text.replace("$5 and $10", "")
        assert "Schrödinger" in text
    assert json.loads(shown[4])["papers"][0]["title"] == READ
    assert "by André Grøn" in shown[5]
    assert "Half the code." in shown[0]


# --- after an update --------------------------------------------------------------------------------

OLD = (
    # (id, title, abstract, authors)
    (5, TITLE, ABSTRACT, r"Andr\'e Gr{\o}n ; Ada Lovelace"),
    (6, "Plain", "Nothing to read here.", "Bob Moog"),
    (9, r"Unheard \method", r"Of $\unheard{x}$.", ""),
)


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database as the last release left it."""
    path = tmp_path / "older.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with monkeypatch.context() as past:
            past.setattr(migrations, "STEPS", migrations.STEPS[:2])
            migrations.migrate(connection)
        connection.executemany(
            """INSERT INTO papers (id, title, abstract, authors, summary, keywords, organization, categories, url,
                arxiv_id, first_seen_at, changed_at)
            VALUES (?1, ?2, ?3, ?4, '', '', '', '', 'https://a.example/' || ?1, '2603.0000' || ?1, 1, 1)""",
            OLD,
        )
        connection.executemany(
            "INSERT INTO identities VALUES ('arxiv:2603.0000' || ?1, ?1)", [(number,) for number, *_ in OLD]
        )
    return path


async def test_what_an_older_version_stored_is_read_again_once(older: Path) -> None:
    async with Database(older) as db:
        assert await rereading.read_again(db) == 1
        (paper,) = await papers.get(db, [PaperId(5)])
        assert (paper.title, paper.abstract, paper.authors) == (READ, MEANT, ("André Grøn", "Ada Lovelace"))
        assert paper.written["title"] == TITLE
        found = await rows(db, "SELECT title, written FROM papers WHERE id > 5 ORDER BY id")
        assert found == [("Plain", None), (r"Unheard \method", None)]
        assert (await answered(db, query.parse("h2o"), today=TODAY, limit=5))[1] == 1
        assert (await answered(db, query.parse("author:andre"), today=TODAY, limit=5))[1] == 1
        assert (await answered(db, query.parse("mathcal OR textbf"), today=TODAY, limit=5))[1] == 0
        assert index_faults(db) == []
        assert await rereading.read_again(db) == 0
        assert await rows(db, "SELECT * FROM readings") == [(legibility.READER, 9)]
        # The source brings it again, as ever.
        again = replace(written(votes=None), paper=replace(written(votes=None).paper, arxiv_id="2603.00005"))
        assert (await bring(db, ARXIV, again))[0] == 0
        (paper,) = await papers.get(db, [PaperId(5)])
        assert (paper.title, paper.written["title"]) == (READ, TITLE)


async def test_another_way_of_reading_starts_from_what_the_source_wrote(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bring(db, ARXIV, written(), entry("Plain", arxiv_id="2603.00002"))
    assert await rereading.read_again(db) == 0
    monkeypatch.setattr(legibility, "READER", legibility.READER + 1)
    monkeypatch.setattr(legibility, "readable", lambda text: text.replace(r"\"o", "oe"))
    assert await rereading.read_again(db) == 1
    paper = await only(db)
    assert paper.title == TITLE.replace(r"\"o", "oe")
    assert paper.written == {"title": TITLE}
    assert paper.abstract == ABSTRACT
    assert await rows(db, "SELECT * FROM readings") == [(legibility.READER, 2)]
    assert index_faults(db) == []


async def test_a_pass_that_was_stopped_goes_on_where_it_was(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await bring(db, ARXIV, *(entry(f"Paper {number}", arxiv_id=f"2603.0000{number}") for number in range(1, 6)))
    async with db.write() as tx:
        await tx.execute("UPDATE papers SET title = ? || id", (r"\'E ",))
    monkeypatch.setattr(rereading, "_SLICE", 2)
    read = rereading._read
    seen: list[PaperId | None] = []

    def dies(found: tuple[Paper, ...]) -> list[tuple[Paper, Paper]]:
        if len(seen) == 2:
            seen.append(None)
            raise KeyboardInterrupt
        seen.extend(paper.id for paper in found)
        return read(found)

    monkeypatch.setattr(rereading, "_read", dies)
    with pytest.raises(KeyboardInterrupt):
        await rereading.read_again(db)
    assert await rereading.read_again(db) == 3
    assert seen == [1, 2, None, 3, 4, 5]
    assert await rows(db, "SELECT count(*) FROM papers WHERE title LIKE 'É %'") == [(5,)]


async def test_what_a_feed_changes_meanwhile_stays(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await bring(db, ARXIV, entry("Old", arxiv_id="2603.00001"))
    async with db.write() as tx:
        await tx.execute(r"UPDATE papers SET title = '\''Old'")
    old = await only(db)
    await bring(db, ARXIV, entry("New", arxiv_id="2603.00001"))
    assert await readings.record(db, legibility.READER, [(old, legibility.legible(old))]) == 0
    assert (await only(db)).title == "New"
