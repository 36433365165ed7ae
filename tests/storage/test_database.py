"""Opening, refusing and closing the one file; transactions under errors, cancellation and company."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import StorageError
from storage import database, migrations
from storage.database import Database
from tests.making import NOW, committed, files, rows

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has a write transaction open on the file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for locks end at once."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)


def ours(path: Path) -> None:
    """A database with a row in it, closed properly."""
    connection = sqlite3.connect(path, isolation_level=None)
    migrations.migrate(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO beats VALUES ('tick', 1)")
    connection.close()


async def beat(db: Database, name: str) -> None:
    async with db.write() as tx:
        await tx.execute("INSERT INTO beats VALUES (?, 1)", (name,))


async def beats(db: Database) -> set[str]:
    return {name for (name,) in await rows(db, "SELECT name FROM beats")}


# --- what is refused ------------------------------------------------------------------------------


def text_file(path: Path) -> None:
    path.write_text("Dear diary, this is no database.\n" * 100)


def short_text_file(path: Path) -> None:
    path.write_text("x")


def another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("INSERT INTO bookmarks VALUES ('https://example.org')")
    connection.close()


def another_program_by_id(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 1234")
    connection.close()


def another_program_that_crashed(path: Path) -> None:
    """Its last transaction is in a -wal file, which a careless look would write back."""
    source = path.with_suffix(".running")
    connection = sqlite3.connect(source, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.execute("PRAGMA wal_checkpoint")
    connection.execute("INSERT INTO bookmarks VALUES ('https://example.org')")
    for ending in ("", "-wal"):
        path.with_name(path.name + ending).write_bytes(source.with_name(source.name + ending).read_bytes())
    connection.close()


def newer(path: Path) -> None:
    ours(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    connection.close()


def cut(share: float) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        ours(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (text_file, "is not a database. Nothing was changed"),
        (short_text_file, "is not a database. Nothing was changed"),
        (another_program, "another program's database. Nothing was changed"),
        (another_program_by_id, "another program's database. Nothing was changed"),
        (another_program_that_crashed, "another program's database. Nothing was changed"),
        (newer, "was written by a newer Paperboy. Nothing was changed"),
        (cut(0.5), "it is damaged: restore a backup"),
        (cut(0.001), "restore a backup"),
    ],
)
async def test_a_file_that_is_not_ours_is_refused_in_words_and_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "file"
    make(path)
    before = files(tmp_path)
    with pytest.raises(StorageError) as refused:
        async with Database(path):
            pass
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert files(tmp_path) == before


async def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist: create it, or set PAPERBOY_DATABASE"):
        async with Database(tmp_path / "nowhere" / "file"):
            pass
    assert files(tmp_path) == {}


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        async with Database(tmp_path / "folder"):
            pass
    assert files(tmp_path / "folder") == {}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("closed", ["file", "folder"])
async def test_a_file_or_folder_that_may_not_be_written_is_refused(tmp_path: Path, closed: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "file"
    ours(path)
    before = path.read_bytes()
    (path if closed == "file" else folder).chmod(0o500)
    try:
        with pytest.raises(StorageError, match=r"may be written|cannot be written"):
            async with Database(path) as db:
                await beat(db, "other")
        assert path.read_bytes() == before
    finally:
        folder.chmod(0o700)


@pytest.mark.usefixtures("impatient")
async def test_a_new_file_that_another_process_has_locked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with held(path), pytest.raises(StorageError, match="another program holds a lock on it"):
        async with Database(path):
            pass
    assert path.read_bytes() == b""


@pytest.mark.usefixtures("impatient")
async def test_while_another_process_writes_ours_reads_and_a_write_ends_in_words(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ours(path)
    before = path.read_bytes()
    with held(path):
        async with Database(path) as db:
            with pytest.raises(StorageError, match="close that program, then try again"):
                await beat(db, "other")
            assert await beats(db) == {"tick"}
        assert path.read_bytes() == before
    async with Database(path) as db:
        await beat(db, "other")
        assert await beats(db) == {"tick", "other"}


async def test_a_page_that_went_bad_is_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "file"
    async with Database(path) as db, db.write() as tx:
        await tx.executemany(
            "INSERT INTO searches (query, asked_at) VALUES (?, 1)",
            [(f"query {number}" * 50,) for number in range(99)],
        )
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'searches'").fetchone()
    whole = bytearray(path.read_bytes())
    whole[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(whole)
    async with Database(path) as db:
        with pytest.raises(StorageError, match="it is damaged: restore a backup"):
            await rows(db, "SELECT * FROM searches")


# --- transactions ---------------------------------------------------------------------------------


async def test_a_write_is_committed_at_its_end(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute("INSERT INTO beats VALUES ('one', 1)")
        assert committed(db, "SELECT * FROM beats") == []
    assert committed(db, "SELECT * FROM beats") == [("one", 1)]


async def write(db: Database, *statements: str) -> None:
    async with db.write() as tx:
        for statement in statements:
            await tx.execute(statement)


async def test_an_exception_undoes_the_whole_write(db: Database) -> None:
    async def half() -> None:
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES ('one', 1)")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await half()
    await beat(db, "two")
    assert await beats(db) == {"two"}


async def test_a_mistake_of_ours_stays_a_bug_and_is_undone(db: Database) -> None:
    one = "INSERT INTO beats VALUES ('one', 1)"
    with pytest.raises(sqlite3.IntegrityError):
        await write(db, one, one)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await write(db, one, "INSERT INTO nowhere VALUES (1)")
    assert await beats(db) == set()


async def test_a_full_disk_is_told_in_words_and_nothing_is_half_written(db: Database) -> None:
    many = [f"INSERT INTO searches (query, asked_at) VALUES ('{str(n) * 4000}', 1)" for n in range(50)]
    small = "PRAGMA max_page_count = 1"  # SQLite takes the present size
    with pytest.raises(StorageError, match="the disk is full: free some space"):
        await write(db, "INSERT INTO beats VALUES ('one', 1)", small, *many)
    assert await beats(db) == set()
    assert await rows(db, "SELECT count(*) FROM searches") == [(0,)]


async def test_two_writers_at_once_wait_for_each_other_and_do_not_mix(db: Database) -> None:
    inside = asyncio.Event()

    async def failing() -> None:
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES ('failing', 1)")
            inside.set()
            await asyncio.sleep(0.02)
            raise RuntimeError

    async def working() -> None:
        await inside.wait()
        await beat(db, "working")

    results = await asyncio.gather(failing(), working(), return_exceptions=True)
    assert isinstance(results[0], RuntimeError)
    assert results[1] is None
    assert await beats(db) == {"working"}


async def test_a_task_cancelled_while_it_waits_for_a_lock_leaves_no_transaction_behind(db: Database) -> None:
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(beat(db, "cancelled"))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.sleep(0.05)
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await beat(db, "next")
    assert await beats(db) == {"next"}


async def test_a_task_cancelled_between_its_statements_leaves_no_transaction_behind(db: Database) -> None:
    inside = asyncio.Event()

    async def slow() -> None:
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES ('cancelled', 1)")
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await inside.wait()
    task.cancel()
    task.cancel()  # impatient callers cancel twice
    with pytest.raises(asyncio.CancelledError):
        await task
    await beat(db, "next")
    assert await beats(db) == {"next"}


async def test_whenever_a_task_is_cancelled_its_write_is_whole_or_not_there(db: Database) -> None:
    for number in range(60):
        both = (f"INSERT INTO beats VALUES ('{number} {half}', 1)" for half in ("first", "second"))
        task = asyncio.create_task(write(db, *both))
        await asyncio.sleep(number * 0.00002)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() or task.exception() is None
    written = await beats(db)
    assert {name.split()[0] for name in written if "first" in name} == {
        name.split()[0] for name in written if "second" in name
    }
    await beat(db, "next")
    assert "next" in await beats(db)


async def test_readers_see_only_what_is_committed(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute("INSERT INTO beats VALUES ('one', 1)")
        assert await beats(db) == set()
    assert await beats(db) == {"one"}


async def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises(StorageError, match="it cannot be written"):
        async with db.read() as connection:
            await connection.execute("INSERT INTO beats VALUES ('one', 1)")
    assert await beats(db) == set()


async def test_more_readers_than_connections_take_turns(db: Database) -> None:
    await beat(db, "one")
    found = await asyncio.gather(*(beats(db) for _ in range(database.READERS * 10)))
    assert found == [{"one"}] * database.READERS * 10


# --- the end --------------------------------------------------------------------------------------


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    async with Database(tmp_path / "file") as db:
        await beat(db, "one")
        assert await beats(db) == {"one"}
        assert set(files(tmp_path)) == {"file", "file-wal", "file-shm"}
    assert set(files(tmp_path)) == {"file"}


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    async with Database(tmp_path / "file") as db:
        pass
    with pytest.raises(StorageError, match="is closed"):
        await beat(db, "one")
    with pytest.raises(StorageError, match="is closed"):
        await beats(db)


@pytest.mark.parametrize("path", ["with space", "what?", "50%", "#1", "ünï"])
async def test_any_file_name_will_do(tmp_path: Path, path: str) -> None:
    async with Database(tmp_path / path) as db:
        await beat(db, "one")
    assert set(files(tmp_path)) == {path}


ENDINGS = """
import asyncio, os, sys
from storage.database import Database

async def main():
    async with Database(sys.argv[1]) as db:
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES ('committed', 1)")
        async with db.write() as tx:
            await tx.execute("INSERT INTO beats VALUES ('half', 1)")
            {end}

asyncio.run(main())
"""


@pytest.mark.parametrize(("end", "code"), [("raise SystemExit(3)", 3), ("os._exit(4)", 4)])
async def test_a_process_ends_and_the_next_finds_what_was_committed(tmp_path: Path, end: str, code: int) -> None:
    path = tmp_path / "file"
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", ENDINGS.replace("{end}", end), str(path)],
        cwd=ROOT,
        timeout=60,
        check=False,
        stderr=subprocess.PIPE,
    )
    assert ended.returncode == code, ended.stderr
    assert (tmp_path / "file-wal").exists() == ("_exit" in end)
    async with Database(path) as db:
        assert await beats(db) == {"committed"}


def test_times_and_lists_come_back_as_they_went() -> None:
    assert database.moment(database.seconds(NOW)) == NOW
    assert (database.moment(None), database.seconds(None), database.day(None)) == (None, None, None)
    names = ("Ada Lovelace", "Charles; Babbage")
    assert database.split(database.join(names)) == ("Ada Lovelace", "Charles, Babbage")
    assert database.split(database.join(())) == ()


async def test_closing_that_is_cancelled_leaves_no_connection(tmp_path: Path) -> None:
    """Its thread would keep the process from ending."""
    before = {*threading.enumerate()}
    for turns in range(1, 12):
        db = await Database(tmp_path / "cancelled.sqlite").__aenter__()
        closing = asyncio.create_task(db.__aexit__(None, None, None))
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await asyncio.sleep(0.05)
        left = [thread.name for thread in threading.enumerate() if thread not in before]
        assert [name for name in left if not name.startswith("asyncio_")] == [], turns
