"""A backup is one moment of the database, made while others write, and a bot can live on it."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import StorageError, UserError
from bot.models import Backup, ChannelId
from bot.pipeline import deliver
from storage import backup, channels, migrations, verdicts
from storage.database import Database
from tests.making import HF, NOW, channel, committed, entry, files, rows, store
from tests.pipeline.test_deliver import Discord, papers_shown
from tests.storage.test_database import (
    ROOT,
    another_program,
    another_program_that_crashed,
    cut,
    newer,
    ours,
    text_file,
)

DAY = timedelta(days=1)


def test_a_backup_is_one_private_file_that_opens_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "file", tmp_path / "copies" / "file.copy"
    target.parent.mkdir()
    ours(source)
    before = source.read_bytes()
    made = backup.write(source, target)
    assert made == Backup(size=target.stat().st_size, papers=0, channels=0)
    assert list(files(target.parent)) == ["file.copy"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


async def test_it_tells_what_it_holds_beside_an_open_database(archive: Database, tmp_path: Path) -> None:
    await channel(archive)
    made = backup.write(archive.path, tmp_path / "copy")
    assert (made.papers, made.channels) == (79, 1)
    async with Database(tmp_path / "copy") as copy:
        for table in ("papers", "identities", "listings", "observations", "channels", "topics", "texts"):
            count = f"SELECT count(*) FROM {table}"
            assert await rows(copy, count) == await rows(archive, count)
    await channel(archive, 2)  # it is as usable as before
    assert sorted(files(tmp_path)) == ["copy", "paperboy.sqlite", "paperboy.sqlite-shm", "paperboy.sqlite-wal"]


def test_an_older_database_is_copied_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup before an update is made with the new program."""
    source, target = tmp_path / "file", tmp_path / "copy"
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:1])
        ours(source)
    backup.write(source, target)
    for path in (source, target):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (1,)


# A program that dies with its last transactions in the log.
CRASH = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("INSERT INTO beats VALUES ('last', 1)")
os._exit(1)
"""


def test_what_a_crashed_bot_had_committed_is_in_it(tmp_path: Path) -> None:
    source, target = tmp_path / "file", tmp_path / "copy"
    ours(source)
    subprocess.run([sys.executable, "-c", CRASH, str(source)], check=False)
    assert (tmp_path / "file-wal").stat().st_size
    backup.write(source, target)
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT name FROM beats ORDER BY name").fetchall() == [("last",), ("tick",)]


# --- while others write -----------------------------------------------------------------------------

# Each transaction moves one of a thousand along and notes it: a copy that holds half of one shows.
HAMMER = """
import asyncio, sys
from storage.database import Database

async def main():
    async with Database(sys.argv[1]) as db:
        done, ending = 0, asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        while not ending.done():
            async with db.write() as tx:
                await tx.execute("UPDATE balance SET amount = amount - 1 WHERE id = ?", (done % 1000,))
                await tx.execute("UPDATE balance SET amount = amount + 1 WHERE id = ?", ((done + 500) % 1000,))
                await tx.execute("UPDATE progress SET done = done + 1")
                await tx.execute("INSERT INTO journal (at, text) VALUES (?, ?)", (done, "x" * 3000))
            done += 1
            if done == 20:
                print("under way", flush=True)

asyncio.run(main())
"""


@contextmanager
def hammered(path: Path) -> Iterator[None]:
    """Another process writes as fast as it can."""
    with subprocess.Popen(
        [sys.executable, "-c", HAMMER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"under way\n"
        try:
            yield
            assert process.poll() is None, "it wrote to the end"
        finally:
            process.communicate()


def test_a_backup_under_a_hammering_writer_is_one_moment(tmp_path: Path) -> None:
    source = tmp_path / "file"
    ours(source)
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("CREATE TABLE balance (id INTEGER PRIMARY KEY, amount INTEGER, text TEXT)")
        connection.execute("CREATE TABLE progress (done INTEGER)")
        connection.execute("CREATE TABLE journal (at INTEGER PRIMARY KEY, text TEXT)")
        connection.execute("INSERT INTO progress VALUES (0)")
        # Some forty megabytes, so that a copy takes its time.
        connection.executemany(
            "INSERT INTO balance VALUES (?, 10, ?)", [(number, "x" * 40_000) for number in range(1000)]
        )
    seen = []
    with hammered(source):
        for number in range(3):
            before = committed_of(source)
            backup.write(source, tmp_path / f"copy{number}")
            seen.append((before, committed_of(source)))
    for number, (before, after) in enumerate(seen):
        with closing(sqlite3.connect(tmp_path / f"copy{number}")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            ((done,),) = connection.execute("SELECT done FROM progress").fetchall()
            journal = connection.execute("SELECT count(*), max(at) + 1 FROM journal").fetchall()
            assert journal == [(done, done)]
            assert connection.execute("SELECT sum(amount) FROM balance").fetchall() == [(10_000,)]
        assert before <= done <= after
        assert before < after, "nothing was written meanwhile"


def committed_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT done FROM progress").fetchone()[0])


# --- living on it -----------------------------------------------------------------------------------


async def test_a_restored_backup_posts_nothing_twice_that_it_knows(archive: Database, tmp_path: Path) -> None:
    await channel(archive, 1, "trending")
    await channel(archive, 2, "agent")
    discord = Discord()
    await deliver.deliver_due(archive, discord, now=NOW)
    backup.write(archive.path, tmp_path / "copy")
    shown = {number: await papers_shown(archive, ChannelId(number)) for number in (1, 2)}
    assert all(shown.values())
    async with Database(tmp_path / "copy") as restored:
        # The same due moment is over, and the next digest skips what was shown.
        assert await deliver.deliver_due(restored, discord, now=NOW + timedelta(minutes=5)) == 0
        assert (discord.count(ChannelId(1)), discord.count(ChannelId(2))) == (1, 1)
        await store(restored, HF, entry("A New Agent", votes=5, on=(NOW + DAY).date()), at=NOW + DAY)
        assert await deliver.deliver_due(restored, discord, now=NOW + DAY) == 2
        for number in (1, 2):
            later = await papers_shown(restored, ChannelId(number))
            assert len(later) == len(set(later)) > len(shown[number])
            assert set(shown[number]) < set(later)
            kinds = [found.kind for found in await verdicts.latest(restored, ChannelId(number))]
            assert kinds == ["posted", "posted"]


async def test_a_digest_that_was_on_its_way_is_looked_for_by_the_restored_bot(
    archive: Database, tmp_path: Path
) -> None:
    """The backup was made between sending and marking."""
    await channel(archive)
    discord = Discord()
    await deliver.deliver_due(archive, discord, now=NOW)
    async with archive.write() as tx:
        await tx.execute("UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0")
        await tx.execute("DELETE FROM verdicts")
    backup.write(archive.path, tmp_path / "copy")
    async with Database(tmp_path / "copy") as restored:
        await deliver.deliver_due(restored, discord, now=NOW + timedelta(minutes=5))
        assert discord.count(ChannelId(1)) == discord.tries == 1
        (verdict,) = await verdicts.latest(restored, ChannelId(1))
        assert verdict.kind == "posted"


# --- what is refused ------------------------------------------------------------------------------


def missing(path: Path) -> None:
    """Nothing there."""


def empty(path: Path) -> None:
    path.touch()


def scribbled(path: Path) -> None:
    """Whole but for one page in the middle."""
    ours(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"?" * 4096 + whole[12288:])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (missing, "There is no database at"),
        (empty, "There is no database at"),
        (Path.mkdir, "There is no database at"),
        (text_file, "is not a database. Nothing was changed"),
        (another_program, "another program's database. Nothing was changed"),
        (another_program_that_crashed, "another program's database. Nothing was changed"),
        (cut(0.5), "damaged"),
        (scribbled, "damaged"),
    ],
)
def test_a_source_that_is_none_is_refused_in_words_and_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    path, target = tmp_path / "here" / "file", tmp_path / "there" / "copy"
    path.parent.mkdir()
    target.parent.mkdir()
    make(path)
    before = {} if path.is_dir() else files(path.parent)
    with pytest.raises(StorageError) as refused:
        backup.write(path, target)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert path.is_dir() or files(path.parent) == before
    assert files(target.parent) == {}


def test_a_newer_database_is_copied_all_the_same(tmp_path: Path) -> None:
    """Whoever goes back to an older Paperboy wants to keep what the newer one knew."""
    newer(tmp_path / "file")
    backup.write(tmp_path / "file", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(migrations.STEPS) + 1,)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("file", "is there already. Nothing was changed"),
        ("taken", "is there already. Nothing was changed"),
        (".", "is there already. Nothing was changed"),
        ("nowhere/copy", "nowhere does not exist: create it, or name another file"),
        ("taken/copy", "does not exist"),
        ("x" * 250, "cannot be written: File name too long"),
    ],
)
def test_a_target_that_cannot_be_is_refused_in_words_and_nothing_changes(
    tmp_path: Path, name: str, words: str
) -> None:
    ours(tmp_path / "file")
    (tmp_path / "taken").write_text("dear")
    before = files(tmp_path)
    with pytest.raises(UserError) as refused:
        backup.write(tmp_path / "file", tmp_path / name)
    assert words in str(refused.value)
    assert files(tmp_path) == before


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(tmp_path / "file")
    look = backup._look

    def slow(draft: Path, source: Path) -> Backup:
        (tmp_path / "copy").write_text("dear")
        return look(draft, source)

    monkeypatch.setattr(backup, "_look", slow)
    with pytest.raises(UserError, match="is there already"):
        backup.write(tmp_path / "file", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "dear"
    assert sorted(files(tmp_path)) == ["copy", "file"]


# No disk of a test is full, but a process may be forbidden to write long files.
FULL = """
import resource, sys
from pathlib import Path
from storage import backup
from bot.errors import StorageError
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, before[1]))
try:
    backup.write(Path(sys.argv[1]), Path(sys.argv[2]))
except StorageError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    ours(tmp_path / "file")
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "file"), str(tmp_path / "copy")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith(f"The database {tmp_path / 'copy'}: the disk"), ended.stderr
    assert list(files(tmp_path)) == ["file"]


def test_sqlite_s_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(tmp_path / "file")
    connect = backup._connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        if path != tmp_path / "file":
            connection.execute("PRAGMA max_page_count = 5")
        return connection

    monkeypatch.setattr(backup, "_connect", small)
    with pytest.raises(StorageError, match="copy: the disk is full: free some space"):
        backup.write(tmp_path / "file", tmp_path / "copy")
    assert list(files(tmp_path)) == ["file"]


async def test_the_loop_stays_free_meanwhile(archive: Database, tmp_path: Path) -> None:
    copying = asyncio.create_task(asyncio.to_thread(backup.write, archive.path, tmp_path / "copy"))
    assert await channels.every(archive) == ()
    assert (await copying).papers == len(committed(archive, "SELECT id FROM papers"))
