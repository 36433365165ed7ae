"""The inverted file that answers are ranked by: which papers have which words, how often.

Owns: the tables words, postings, lengths and unranked, and that they follow the papers. Refuses: taking texts
apart and weighing words (`bot.papers.terms`, `bot.papers.ranking`); who sees what.

A paper's number is its place: postings stand in blocks of 4,096 papers, so that a new paper changes one block of
each of its words. All is read from the file; nothing is kept in memory.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import aiosqlite

from bot.models import BLOCK, Form, PaperId, Postings, Texts, Vocabulary
from storage.database import TOKENIZER, Database
from storage.papers import one

_POSTING = struct.Struct("<HB")
_LENGTH = struct.Struct("<H")
_MOST, _LONGEST = 255, 65_535
_TEXTS = "title, abstract, summary, keywords"


class Change(NamedTuple):
    """A paper that the file has yet to take: its texts as the file knows them, and as they are; None for none."""

    paper: PaperId
    before: Texts | None
    after: Texts | None


async def unranked(db: Database, *, limit: int) -> tuple[Change, ...]:
    """The next papers that the file has not as they are; the newest first."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT u.paper_id, u.title, u.abstract, u.summary, u.keywords,
                p.title, p.abstract, p.summary, p.keywords
            FROM unranked u LEFT JOIN papers p ON p.id = u.paper_id ORDER BY u.paper_id DESC LIMIT ?""",
            (limit,),
        )
    return tuple(Change(PaperId(row[0]), _texts(row[1:5]), _texts(row[5:9])) for row in rows)


async def waiting(db: Database) -> int:
    """How many papers the file has not as they are."""
    async with db.read() as connection:
        return int((await one(connection, "SELECT count(*) FROM unranked", ()))[0])


async def texts(db: Database, ids: Sequence[PaperId]) -> dict[PaperId, Texts]:
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"SELECT id, {_TEXTS} FROM papers WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
        )
    return {PaperId(row[0]): Texts(*row[1:]) for row in rows}


def _texts(row: Sequence[str | None]) -> Texts | None:
    return None if row[0] is None else Texts(*map(str, row))


async def store(db: Database, changes: Sequence[Change], counted: Mapping[Texts, Counter[str]]) -> None:
    """Take what `unranked` gave into the file, with how often each word of its texts counts.

    A paper whose texts have changed meanwhile stays unranked, known by those that were taken. What another
    process, a command beside `run`, has taken meanwhile is left out.
    """
    none: Counter[str] = Counter()
    async with db.write() as tx:
        # Two may be at it at once: what the other one took is not taken twice.
        rows = await tx.execute_fetchall(
            f"SELECT paper_id, {_TEXTS} FROM unranked WHERE paper_id IN (SELECT value FROM json_each(?))",
            (json.dumps([change.paper for change in changes]),),
        )
        left = {(row[0], _texts(row[1:])) for row in rows}
        changes = [change for change in changes if (change.paper, change.before) in left]
        numbers = await _numbers(tx, {word for words in counted.values() for word in words})
        gone: dict[tuple[int, int], set[int]] = defaultdict(set)
        come: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        papers: Counter[int] = Counter()
        lengths: dict[int, int] = {}
        for change in changes:
            block, at = divmod(change.paper, BLOCK)
            before = counted[change.before] if change.before else none
            after = counted[change.after] if change.after else none
            lengths[change.paper] = after.total()
            for word, _ in before.items() - after.items():
                gone[numbers[word], block].add(at)
                papers[numbers[word]] -= 1
            for word, times in after.items() - before.items():
                come[numbers[word], block].append((at, min(times, _MOST)))
                papers[numbers[word]] += 1
        await _change(tx, gone, come)
        await tx.executemany(
            "UPDATE words SET papers = papers + ? WHERE id = ?",
            [(number, word) for word, number in papers.items() if number],
        )
        await _measure(tx, lengths)
        await tx.executemany(
            f"UPDATE unranked SET ({_TEXTS}) = (?2, ?3, ?4, ?5) WHERE paper_id = ?1",
            [(change.paper, *(change.after or (None,) * 4)) for change in changes],
        )
        await tx.execute(
            f"""DELETE FROM unranked WHERE paper_id IN (SELECT value FROM json_each(?)) AND ({_TEXTS}) IS
                (SELECT {_TEXTS} FROM papers WHERE id = paper_id)""",
            (json.dumps([change.paper for change in changes]),),
        )


async def _numbers(tx: aiosqlite.Connection, wanted: set[str]) -> dict[str, int]:
    """The number of each word; new words get one."""
    known = await _known(tx, wanted)
    missing = sorted(wanted - known.keys())
    if missing:
        await tx.executemany(
            "INSERT INTO words (word, stem, papers) VALUES (?, ?, 0)", zip(missing, stems(missing), strict=True)
        )
        known |= await _known(tx, missing)
    return known


async def _known(tx: aiosqlite.Connection, words: Iterable[str]) -> dict[str, int]:
    rows = await tx.execute_fetchall(
        "SELECT word, id FROM words WHERE word IN (SELECT value FROM json_each(?))", (json.dumps([*words]),)
    )
    return {row[0]: row[1] for row in rows}


async def _change(
    tx: aiosqlite.Connection,
    gone: Mapping[tuple[int, int], set[int]],
    come: Mapping[tuple[int, int], list[tuple[int, int]]],
) -> None:
    for (word, block), places in gone.items():
        (body,) = await one(tx, "SELECT body FROM postings WHERE word_id = ? AND block = ?", (word, block))
        left = _packed(posting for posting in _POSTING.iter_unpack(body) if posting[0] not in places)
        await tx.execute("UPDATE postings SET body = ? WHERE word_id = ? AND block = ?", (left, word, block))
    await tx.executemany(
        """INSERT INTO postings VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET body = CAST(body || excluded.body AS BLOB)""",
        [(word, block, _packed(added)) for (word, block), added in sorted(come.items())],
    )


async def _measure(tx: aiosqlite.Connection, lengths: Mapping[int, int]) -> None:
    blocks: dict[int, bytearray] = {}
    for paper, length in lengths.items():
        block, at = divmod(paper, BLOCK)
        if block not in blocks:
            rows = list(await tx.execute_fetchall("SELECT body FROM lengths WHERE block = ?", (block,)))
            blocks[block] = bytearray(rows[0][0] if rows else bytes(BLOCK * _LENGTH.size))
        _LENGTH.pack_into(blocks[block], at * _LENGTH.size, min(length, _LONGEST))
    await tx.executemany(
        "INSERT INTO lengths VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = ?2",
        [(block, bytes(body)) for block, body in blocks.items()],
    )


def _packed(postings: Iterable[Sequence[int]]) -> bytes:
    return b"".join(_POSTING.pack(*posting) for posting in postings)


# --- reading it -------------------------------------------------------------------------------------


async def forms(db: Database, words: Iterable[str]) -> Vocabulary:
    """Every word of the archive that has the stem of one of `words`."""
    asked = [*dict.fromkeys(words)]
    known, papers = await _forms(
        db, "SELECT stem FROM words WHERE word IN (SELECT value FROM json_each(?))", asked
    )
    have = {form.word: form.stem for form in known}
    # A word that no paper has so may have a stem that some have.
    if missing := [word for word in asked if word not in have]:
        have |= dict(zip(missing, await asyncio.to_thread(stems, missing), strict=True))
        more, _ = await _forms(db, "SELECT value FROM json_each(?)", [have[word] for word in missing])
        known += [form for form in more if form not in known]
    return Vocabulary(stems={word: have[word] for word in asked}, forms=tuple(known), papers=papers)


async def _forms(db: Database, having: str, asked: Sequence[str]) -> tuple[list[Form], int]:
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            f"""SELECT id, word, stem, papers FROM words WHERE papers > 0 AND stem IN ({having})
            UNION ALL SELECT 0, '', '', coalesce(max(id), 0) FROM papers""",
            (json.dumps(asked),),
        )
    every = [Form(*row) for row in rows]
    return every[:-1], every[-1].papers


async def read(db: Database, forms: Iterable[int]) -> Postings:
    """The postings of some forms, by id, and the length of every paper."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT word_id, block, body FROM postings WHERE word_id IN (SELECT value FROM json_each(?))
            UNION ALL SELECT 0, block, body FROM lengths""",
            (json.dumps([*forms]),),
        )
    of: dict[int, list[tuple[int, bytes]]] = {}
    for form, block, body in rows:
        of.setdefault(form, []).append((block, body))
    return Postings(lengths=of.pop(0, ()), of=of)


async def known(db: Database, words: Iterable[str]) -> dict[str, int]:
    """Those of `words` that papers have, and how many do."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            "SELECT word, papers FROM words WHERE papers > 0 AND word IN (SELECT value FROM json_each(?))",
            (json.dumps([*words]),),
        )
    return {row[0]: row[1] for row in rows}


async def neighbours(db: Database, word: str, *, papers: int) -> dict[str, int]:
    """The words that begin as `word` does and are about as long, where at least so many papers have them."""
    async with db.read() as connection:
        rows = await connection.execute_fetchall(
            """SELECT word, papers FROM words WHERE word >= ?1 AND word < ?2
            AND length(word) BETWEEN ?3 - 2 AND ?3 + 2 AND papers >= ?4 AND word != ?5""",
            (word[0], chr(ord(word[0]) + 1), len(word), papers, word),
        )
    return {row[0]: row[1] for row in rows}


def stems(words: Sequence[str]) -> list[str]:
    """The stem of each word, as the index of texts has it: its own tokenizer is asked."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        scratch.execute(f"CREATE VIRTUAL TABLE given USING fts5 (word, tokenize='{TOKENIZER}')")
        scratch.execute("CREATE VIRTUAL TABLE stems USING fts5vocab (given, instance)")
        scratch.executemany("INSERT INTO given (rowid, word) VALUES (?, ?)", enumerate(words))
        found = dict(scratch.execute("SELECT doc, term FROM stems").fetchall())
    return [found.get(at, word) for at, word in enumerate(words)]
