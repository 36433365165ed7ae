"""The file fails under the running bot: it says so in a sentence, lives, and posts once all is well again."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot import schedule
from bot.models import VerdictKind
from cogs import _client
from tests.making import TODAY, files
from tests.peer.faults import LOGIN, LOOK, SEND
from tests.peer.rest import Peer
from tests.peer.running import FAST, Running, running, verdicts
from tests.pipeline import sources
from tests.pipeline.sources import World, listed
from tests.storage.test_database import held
from tests.test_cli import TOKEN, bot

FULL = "the disk is full: free some space"
LOCKED = "another program holds a lock on it: close that program, then try again"
EARLIER, LATER = ((*FAST[:-1], f"2026-03-31T11:{minute}:00+00:00") for minute in ("00", "20"))
QUICK = ("--every", "ingest=1", "--every", "beat=1", "--lease", "2", "--busy", "0.2")
WORDLESS = ("Traceback", "Unclosed", "never retrieved", "was destroyed", "internal error", TOKEN)


def assert_in_words(bot: Running) -> None:
    for words in WORDLESS:
        assert words not in bot.log()


def assert_whole(database: Path) -> None:
    """Through a connection of the test's own, once the bot has closed its."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


# --- the end comes while everything hangs ---------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
async def test_it_ends_in_time_while_everything_hangs(peer: Peer, folder: Path) -> None:
    """The post, the source, and a gateway that does not answer the farewell: Docker waits ten seconds for us."""
    peer.gateway.deaf = True
    peer.fail(SEND, what="hang", times=None)
    peer.fail(LOOK, what="hang", times=None)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        source = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hasty = (*FAST, "--first-read", "0", "--finish", "0.5")
        async with running(peer, folder, *hasty, PAPERBOY_HUGGINGFACE_URL=source) as bot:
            await bot.until(peer.hanging.is_set)
            assert await bot.stop(10) == 0
    assert schedule._FINISH_SECONDS + _client._FAREWELL <= 8  # all that it waits for; the rest is quick
    assert_in_words(bot)
    assert_whole(bot.database)
    assert [kind for kind, _ in bot.verdicts()] == [VerdictKind.WAITING]


# --- the disk is full -----------------------------------------------------------------------------


class Disk:
    """A small one of its own, with room left or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, left: int = 0) -> None:
        """To the last byte but so many."""
        with self._ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        os.truncate(self._ballast, self._ballast.stat().st_size - left)

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"NOT TESTED, a full disk: this machine lets nobody make a small one ({made.stderr.strip()})")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def there(disk: Disk, sampled: Path) -> Path:
    """The database with channel 1, on the small disk."""
    return Path(shutil.copy(sampled, disk.folder / "paperboy.sqlite"))


def posted(database: Path) -> bool:
    return [kind for kind, _ in verdicts(database)] == [VerdictKind.POSTED]


async def test_a_disk_that_is_full_when_a_digest_is_due(
    peer: Peer, tmp_path: Path, disk: Disk, there: Path
) -> None:
    peer.fail(LOGIN, what="hang")  # nothing is posted before the disk is full
    async with running(peer, tmp_path, *FAST, *QUICK, PAPERBOY_DATABASE=str(there)) as bot:
        await bot.until(peer.hanging.is_set)
        disk.fill()
        peer.release()
        await bot.until(lambda: bot.log().count(f"deliver: The database {there}: {FULL}") > 3)
        assert rows(there, "SELECT * FROM deliveries") == rows(there, "SELECT * FROM verdicts") == []
        assert peer.messages() == []
        disk.free()
        await bot.until(lambda: posted(there))
        assert await bot.stop() == 0
    assert_in_words(bot)
    assert_whole(there)
    assert len(peer.messages()) == 1


async def test_a_disk_that_fills_up_while_a_digest_is_sent(
    peer: Peer, tmp_path: Path, disk: Disk, there: Path
) -> None:
    """It is in the channel, and nobody can write that down."""
    peer.fail(SEND, what="hang", stored=True)
    peer.nonce_window = timedelta()
    async with running(peer, tmp_path, *FAST, *QUICK, PAPERBOY_DATABASE=str(there)) as bot:
        await bot.until(peer.hanging.is_set)
        disk.fill()
        peer.release()
        await bot.until(lambda: f"a digest waits: The database {there}: {FULL}" in bot.log())
        assert [kind for kind, _ in verdicts(there)] == [VerdictKind.WAITING]
        disk.free()
        await bot.until(lambda: posted(there))
        assert await bot.stop() == 0
    assert_in_words(bot)
    assert_whole(there)
    assert len(peer.messages()) == 1


@pytest.mark.parametrize("left", [0, 200_000], ids=["nothing", "a little"])
async def test_a_disk_that_is_full_while_a_source_is_read(
    left: int, peer: Peer, tmp_path: Path, disk: Disk, there: Path
) -> None:
    """With a little room left, what went wrong can at least be noted."""
    world = World()
    world.days[TODAY] = [listed(number, TODAY, summary="Words, words. " * 500) for number in range(500, 560)]
    known = rows(there, "SELECT count(*) FROM papers")
    disk.fill(left)
    async with sources.serving(world):
        settings = {"PAPERBOY_DATABASE": str(there), "PAPERBOY_HUGGINGFACE_URL": world.base}
        async with running(peer, tmp_path, *EARLIER, *QUICK, **settings) as bot:
            await bot.until(lambda: world.asked and bot.log().count(FULL) > (0 if left else 3))
            assert rows(there, "SELECT count(*) FROM papers") == known
            assert rows(there, "SELECT * FROM validators") == []
            if left:
                await bot.until(lambda: rows(there, f"SELECT 1 FROM feeds WHERE error LIKE '%{FULL}%'"))
                assert await bot.stop() == 0
            disk.free()
            if not left:
                await bot.until(lambda: rows(there, "SELECT 1 FROM feeds WHERE error IS NULL"))
                assert await bot.stop() == 0
        assert_in_words(bot)
        if left:
            async with running(peer, tmp_path, *LATER, *QUICK, **settings) as bot:
                await bot.until(lambda: rows(there, "SELECT 1 FROM feeds WHERE error IS NULL"))
                assert await bot.stop() == 0
    assert_whole(there)
    ((stored,),) = rows(there, "SELECT count(*) FROM papers WHERE arxiv_id BETWEEN '2603.00500' AND '2603.00559'")
    assert stored == 60


# --- the file is locked ---------------------------------------------------------------------------


async def test_a_database_that_another_program_locks_when_a_digest_is_due(peer: Peer, folder: Path) -> None:
    peer.fail(LOGIN, what="hang")  # nothing is posted before the database is locked
    async with running(peer, folder, *FAST, *QUICK) as bot:
        await bot.until(peer.hanging.is_set)
        with held(bot.database):
            peer.release()
            await bot.until(lambda: bot.log().count(f"deliver: The database {bot.database}: {LOCKED}") > 3)
            assert peer.messages() == []
        await bot.until(bot.posted)
        assert await bot.stop() == 0
    assert_in_words(bot)
    assert_whole(bot.database)
    assert len(peer.messages()) == 1


# --- the file is not what it was ------------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("Dear diary, this is no database.\n" * 100)


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def head(path: Path) -> None:
    os.truncate(path, 50)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (text, "is not a database. Nothing was changed: move it away, or set PAPERBOY_DATABASE to another path."),
        (half, "it is damaged: restore a backup."),
        (head, "is another program's database. Nothing was changed: set PAPERBOY_DATABASE to another path."),
    ],
)
async def test_a_spoilt_file_is_told_at_the_start_and_stays_as_it_is(
    spoil: Callable[[Path], None], words: str, folder: Path
) -> None:
    database = folder / "paperboy.sqlite"
    spoil(database)
    before = files(folder)
    ended = await bot(folder, "run", DISCORD_TOKEN=TOKEN)
    assert (ended.code, ended.out) == (1, "")
    assert str(database) in ended.err
    assert ended.err.endswith(f"{words}\n")
    assert ended.err.count("\n") == 1
    assert files(folder) == before


async def test_a_file_that_is_taken_away_shows_in_the_probe(peer: Peer, folder: Path) -> None:
    """The open file lives on without its name, so the digest still comes; `check --alive` tells that something
    is wrong, because it looks where the next start will look."""
    peer.fail(LOGIN, what="hang")  # nothing is posted before the file is gone
    async with running(peer, folder, *FAST, *QUICK) as running_bot:
        await running_bot.until(peer.hanging.is_set)
        for ending in ("", "-wal", "-shm"):
            (folder / f"paperboy.sqlite{ending}").unlink()
        peer.release()
        await running_bot.until(lambda: len(peer.messages()) == 1)
        probed = await bot(folder, "check", "--alive")
        assert (probed.code, probed.out) == (1, "not alive: last tick never\n")
        assert await running_bot.stop() == 0
    assert_in_words(running_bot)
    assert set(files(folder)) == {"log"}
