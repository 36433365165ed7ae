"""Every older database becomes today's, once, whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import migrations
from storage.database import Database
from tests.storage.test_database import ROOT

# What a person loses if a step forgets it: for each version, rows that such a database may hold, in SQL of
# that version. Add an element with each new step; never edit one.
_FIRST = (
    """INSERT INTO papers (id, title, abstract, summary, keywords, authors, organization, categories, url,
           first_seen_at, changed_at)
       VALUES (5, 'A Title', 'An abstract', '', '', 'Ada', 'Lab', 'cs.CL', 'https://a.example', 1, 1)""",
    "INSERT INTO identities VALUES ('url:a.example', 5)",
    "INSERT INTO listings VALUES (5, 'huggingface', '2026-03-31', 1, 1)",
    "INSERT INTO observations VALUES (5, 1, 3, 0, NULL)",
    """INSERT INTO channels (id, guild_id, post_at, zone, days, size, next_due, created_at)
       VALUES (1, 7, '13:00', 'UTC', '01234', 8, 100, 1)""",
    "INSERT INTO topics VALUES (3, 1, 'title', 1)",
    """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post)
       VALUES ('d', 1, 'scheduled', 1, 1, 'sent', '{"blocks": []}')""",
    "INSERT INTO delivery_papers VALUES ('d', 0, 1, 5, 1)",
    "INSERT INTO verdicts VALUES (1, 1, 1, 'posted', 'posted 1')",
    "INSERT INTO feeds (name) VALUES ('huggingface')",
    "INSERT INTO validators VALUES ('https://a.example', 'e', NULL, 1)",
    "INSERT INTO searches VALUES (9, 'title', 1)",
    "INSERT INTO beats VALUES ('tick', 1)",
)


def _with_columns(statements: tuple[str, ...]) -> tuple[str, ...]:
    """The same rows, by the names of the columns that there were at first."""
    named = {
        "INSERT INTO topics ": "INSERT INTO topics (id, channel_id, query, created_at) ",
        "INSERT INTO delivery_papers ": (
            "INSERT INTO delivery_papers (delivery_id, position, channel_id, paper_id, shown) "
        ),
        "INSERT INTO verdicts ": "INSERT INTO verdicts (channel_id, due_at, at, kind, text) ",
    }
    return tuple(
        next((long + row.removeprefix(short) for short, long in named.items() if row.startswith(short)), row)
        for row in statements
    )


ROWS: tuple[tuple[str, ...], ...] = (
    (),
    _FIRST,
    (
        *_FIRST,
        "INSERT INTO guilds VALUES (7, 1, NULL)",
        "UPDATE channels SET alerted_at = 5, paused_by = 9",
    ),
    _THIRD := (
        *_FIRST,
        "INSERT INTO guilds VALUES (7, 1, NULL)",
        "INSERT INTO guild_feeds VALUES (7, 'added:https://a.example', 'https://a.example', 'A', 1)",
        "INSERT INTO health VALUES ('arxiv', 'cs.CL', 'fresh', 'well', 1, '2026-03-31', 3, 3, 3, NULL)",
        "INSERT INTO batches VALUES ('arxiv', 'cs.CL', '2026-03-31', 3, 3, 1, 1)",
        "INSERT INTO fields VALUES ('huggingface', 'paper.id', '2026-03-31')",
        "INSERT INTO readings VALUES (1, 5)",
        "INSERT INTO private_papers VALUES (5, 'added:https://a.example')",
        "INSERT INTO claims VALUES ('added:https://a.example', 'url:a.example', 5, 1)",
        "INSERT INTO looks VALUES (1, 7, 1, '[]')",
    ),
    _FOURTH := (
        *_THIRD,
        "INSERT INTO words VALUES (1, 'title', 'titl', 1)",
        "INSERT INTO lengths VALUES (0, zeroblob(8192))",
        "INSERT INTO postings VALUES (1, 0, x'050001')",
        "INSERT INTO embeddings VALUES (5, 'm', x'0000803f7f')",
        "INSERT INTO meaning VALUES (1, 'm', '')",
        "INSERT INTO questions VALUES (1, 7, 1, 'title', '[5]')",
    ),
    _FIFTH := (
        *_with_columns(_FOURTH),
        "UPDATE topics SET floor = 'elite'",
        "UPDATE channels SET late_risers = 0",
        "UPDATE delivery_papers SET held = 'floor'",
        "UPDATE deliveries SET beyond = 3",
        "INSERT INTO rewritings VALUES (5, 'm', 'A summary.', '', 1)",
        "INSERT INTO model_calls VALUES ('2026-03-31', 3)",
        "INSERT INTO round_ups VALUES (1, 4, '17:00', 100, 1)",
        """INSERT INTO deliveries (id, channel_id, kind, due_at, claimed_at, state, post)
           VALUES ('w', 1, 'weekly', 1, 1, 'sent', '{"blocks": []}')""",
        "INSERT INTO verdicts VALUES (1, 1, 'weekly', 1, 'posted', 'posted')",
    ),
    (
        *_FIFTH,
        """INSERT INTO channels (id, person, post_at, zone, days, size, next_due, created_at)
           VALUES (2, 42, '09:00', 'UTC', '0', 5, 100, 1)""",
    ),
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "file", isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys = ON")
        yield opened


def schema(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())


def counts(connection: sqlite3.Connection, tables: list[str]) -> dict[str, int]:
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_every_version_has_its_rows_here() -> None:
    assert len(ROWS) == len(migrations.STEPS) + 1


@pytest.mark.parametrize("old", range(len(migrations.STEPS) + 1))
def test_any_older_database_becomes_todays_with_its_rows(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, old: int
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:old])
        assert migrations.migrate(connection) == old
    for statement in ROWS[old]:
        connection.execute(statement)
    plain = [name for name in schema(connection) if name in {row.split()[2] for row in ROWS[old]}]
    before = counts(connection, plain)
    assert all(before.values())

    assert migrations.migrate(connection) == version(connection) == len(migrations.STEPS)

    assert counts(connection, plain) == before
    assert connection.execute("PRAGMA application_id").fetchone()[0] == migrations.APPLICATION_ID
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    if before:
        found = connection.execute("SELECT rowid FROM texts WHERE texts MATCH 'title'").fetchall()
        assert found == [(5,)]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrations.migrate(fresh)
        assert schema(connection) == schema(fresh)


def test_a_second_run_changes_nothing(connection: sqlite3.Connection, tmp_path: Path) -> None:
    migrations.migrate(connection)
    before = (tmp_path / "file").read_bytes()
    assert migrations.migrate(connection) == len(migrations.STEPS)
    assert (tmp_path / "file").read_bytes() == before


def test_only_the_missing_steps_run(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations.migrate(connection)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, ("CREATE TABLE added (a)",)))
    assert migrations.migrate(connection) == version(connection) == len(migrations.STEPS)
    assert "added" in schema(connection)


def test_a_step_that_fails_half_way_leaves_the_version_before_it(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.migrate(connection)
    before = version(connection), schema(connection)
    broken = ("CREATE TABLE added (a)", "ALTER TABLE nowhere ADD COLUMN b")
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
    with pytest.raises(sqlite3.OperationalError):
        migrations.migrate(connection)
    assert (version(connection), schema(connection)) == before
    assert not connection.in_transaction


def test_a_newer_or_foreign_database_is_left_alone(connection: sqlite3.Connection, tmp_path: Path) -> None:
    migrations.migrate(connection)
    connection.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    before = (tmp_path / "file").read_bytes()
    with pytest.raises(migrations.TooNew):
        migrations.migrate(connection)
    connection.execute("PRAGMA application_id = 77")
    with pytest.raises(migrations.NotOurs):
        migrations.migrate(connection)
    connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    assert (tmp_path / "file").read_bytes()[100:] == before[100:]


START = """
import asyncio, sys
from storage.database import Database

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    async with Database(sys.argv[1]) as db:
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES (?, 1)", (sys.argv[2],))

asyncio.run(main())
"""


async def test_two_processes_may_start_on_one_new_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    pipe = asyncio.subprocess.PIPE
    starters = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", START, str(path), name, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for name in ("one", "two")
    ]
    for process in starters:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ended = await asyncio.gather(*(process.communicate(b"go\n") for process in starters))
    assert [process.returncode for process in starters] == [0, 0], ended
    async with Database(path) as db, db.read() as connection:
        names = await connection.execute_fetchall("SELECT name FROM beats ORDER BY name")
        assert [row[0] for row in names] == ["one", "two"]


def test_a_pause_by_hand_forgets_the_name_that_older_versions_kept(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:1])
        migrations.migrate(connection)
    for number, reason in enumerate(("by Ada Lovelace with /digest pause", "I may not post there")):
        connection.execute(
            """INSERT INTO channels (id, guild_id, post_at, zone, days, size, paused, created_at)
            VALUES (?, 7, '13:00', 'UTC', '01234', 8, ?, 1)""",
            (number, reason),
        )
    migrations.migrate(connection)
    kept = connection.execute("SELECT paused, paused_by FROM channels ORDER BY id").fetchall()
    assert kept == [("by hand with /digest pause", None), ("I may not post there", None)]


def test_what_one_of_arxivs_feeds_announced_stays_announced_and_no_list_seems_late(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:2])
        migrations.migrate(connection)
    for statement in (
        _FIRST[0],
        "INSERT INTO feeds (name, first_at) VALUES ('arxiv:cs.CL', NULL), ('arxiv:cs.AI+cs.LG', 9)",
        # The same paper, in the order of the key: replaced in one, cross-listed in the other.
        "INSERT INTO listings VALUES (5, 'arxiv:cs.AI+cs.LG', '2026-03-31', 0, 20)",
        "INSERT INTO listings VALUES (5, 'arxiv:cs.CL', '2026-03-31', 1, 30)",
        "INSERT INTO listings VALUES (5, 'arxiv', '2026-03-31', 0, 40)",  # of a captured file
        "INSERT INTO listings VALUES (5, 'huggingface', '2026-03-30', 1, 50)",
        "INSERT INTO validators VALUES ('https://rss.arxiv.org/rss/cs.CL', 'e', 'l', 1)",
    ):
        connection.execute(statement)
    migrations.migrate(connection)
    assert connection.execute("SELECT announced FROM listings WHERE feed = 'arxiv'").fetchall() == [(1,)]
    assert connection.execute("SELECT name, first_at FROM feeds").fetchall() == [("arxiv", 9)]
    # A first answer "not modified" would be judged as a list without an entry.
    assert connection.execute("SELECT etag, last_modified FROM validators").fetchall() == [(None, None)]
    assert connection.execute("SELECT feed, day, entries, first_at FROM batches").fetchall() == [
        ("huggingface", "2026-03-30", 1, 50)
    ]


def test_every_verdict_of_before_round_ups_is_a_digests(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:4])
        migrations.migrate(connection)
    for statement in _FOURTH:
        connection.execute(statement)
    migrations.migrate(connection)
    kept = connection.execute("SELECT channel_id, due_at, occasion, at, kind, text FROM verdicts").fetchall()
    assert kept == [(1, 1, "digest", 1, "posted", "posted 1")]
    connection.execute("INSERT INTO verdicts VALUES (1, 1, 'weekly', 1, 'posted', 'posted')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO verdicts VALUES (1, 1, 'digest', 1, 'posted', 'posted')")
    connection.execute("DELETE FROM channels")
    assert connection.execute("SELECT count(*) FROM verdicts").fetchall() == [(0,)]


def test_every_channel_of_before_inboxes_stays_its_servers(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:5])
        migrations.migrate(connection)
    for statement in _FIFTH:
        connection.execute(statement)
    before = connection.execute("SELECT id, guild_id, next_due, late_risers FROM channels").fetchall()
    migrations.migrate(connection)
    after = connection.execute("SELECT id, guild_id, next_due, late_risers, person FROM channels").fetchall()
    assert after == [(*row, None) for row in before] == [(1, 7, 100, 0, None)]
    assert connection.execute("SELECT count(*) FROM topics").fetchall() == [(1,)]
    for change in ("guild_id = NULL", "person = 42"):  # nobody's, or two owners'
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(f"UPDATE channels SET {change}")
    connection.execute("UPDATE channels SET guild_id = NULL, person = 42")
    connection.execute("DELETE FROM channels")
    assert connection.execute("SELECT count(*) FROM round_ups").fetchall() == [(0,)]
