"""The one SQLite file: opening, closing, one writer, a few readers, and errors in words.

Owns: connections, transactions, pragmas, value adapters. Refuses: knowing any table.
Reads go through their own read-only connections, so that a long write never makes a command wait.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self
from urllib.parse import quote

import aiosqlite

from bot.errors import StorageError
from storage.migrations import APPLICATION_ID, NotOurs, TooNew, migrate

READERS = 2
BUSY_SECONDS = 5
TOKENIZER = "porter unicode61 remove_diacritics 2"
"""How the index of texts takes them apart."""
_CACHE = 32_768
"""KiB of pages that a connection keeps: a search looks at some hundred places all over the file."""
_JOIN = " ; "


class Database:
    """An open database. Use as `async with Database(path) as db`.

    One that is only to be read is not made where it is missing: `create=False`.
    """

    def __init__(self, path: Path | str, *, create: bool = True) -> None:
        self.path, self._create = Path(path), create
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        self._writer: aiosqlite.Connection | None = None

    async def __aenter__(self) -> Self:
        """Open, and migrate where the file is older. Raises StorageError; a foreign file stays untouched."""
        with worded(self.path):
            if not self._create:
                refuse_missing(self.path)
            if not self.path.parent.is_dir():
                raise StorageError(
                    f"The folder {self.path.parent} for the database does not exist: create it, "
                    "or set PAPERBOY_DATABASE to another path."
                )
            try:
                await asyncio.to_thread(_prepare, self.path)
            except OSError as error:
                raise StorageError(
                    f"The database {self.path} cannot be opened: {error.strerror or error}."
                ) from error
            try:
                self._writer = await self._connect("rwc")
                for _ in range(READERS):
                    reader = await self._connect("ro")
                    await reader.execute("PRAGMA query_only = ON")
                    self._readers.put_nowait(reader)
            except BaseException:
                await self._stack.aclose()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection, also where this is cancelled; an unclosed one would keep the process from
        ending."""
        try:
            async with self._lock:
                writer, self._writer = self._writer, None
                if writer is not None:
                    with suppress(sqlite3.Error):  # tidying only; the file is whole without it
                        # A backup at work, say, would hold up the end for as long as a lock is waited for.
                        await writer.execute("PRAGMA busy_timeout = 0")
                        await writer.execute("PRAGMA optimize")
                        await writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._writer = None
            await self._stack.aclose()

    async def _connect(self, mode: str) -> aiosqlite.Connection:
        address = f"file:{quote(str(self.path))}?mode={mode}"
        connection = await aiosqlite.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        self._stack.push_async_callback(connection.close)
        connection.row_factory = sqlite3.Row
        await connection.execute("PRAGMA foreign_keys = ON")
        await connection.execute("PRAGMA synchronous = NORMAL")
        await connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        return connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[aiosqlite.Connection]:
        """One transaction: committed at the end, rolled back by any exception. Not for nesting.

        Raises StorageError.
        """
        async with self._lock:
            if self._writer is None:
                raise StorageError("The database is closed.")
            writer = self._writer
            with worded(self.path):
                try:
                    await writer.execute("BEGIN IMMEDIATE")
                    yield writer
                    await writer.execute("COMMIT")
                except BaseException:
                    # Also where a task was cancelled in its BEGIN or COMMIT, which runs on regardless; shielded,
                    # because it must not leave its transaction to the next writer.
                    await asyncio.shield(asyncio.ensure_future(_rollback(writer)))
                    raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[aiosqlite.Connection]:
        """A read-only connection, seeing what has been committed. Raises StorageError."""
        if self._writer is None:
            raise StorageError("The database is closed.")
        reader = await self._readers.get()
        try:
            with worded(self.path):
                yield reader
        finally:
            self._readers.put_nowait(reader)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[aiosqlite.Connection]:
        """A read-only connection that sees one moment, whatever is committed meanwhile. Raises StorageError."""
        async with self.read() as reader:
            await reader.execute("BEGIN")
            try:
                yield reader
            finally:
                await asyncio.shield(asyncio.ensure_future(_rollback(reader)))


async def _rollback(connection: aiosqlite.Connection) -> None:
    with suppress(sqlite3.Error):  # no transaction: it never began, or has ended already
        await connection.execute("ROLLBACK")


def refuse_missing(path: Path) -> None:
    """Raises StorageError where there is no database yet."""
    try:
        if path.is_file() and path.stat().st_size:
            return
    except OSError as error:
        raise StorageError(f"The database {path} cannot be opened: {error.strerror or error}.") from error
    raise StorageError(
        f"There is no database at {path}. `python -m bot run` or `python -m bot ingest` makes one; if yours is "
        "elsewhere, set PAPERBOY_DATABASE to its path."
    )


def refuse_foreign(path: Path) -> None:
    """Raises StorageError where the file is not ours, read as bytes: opening a database would write a
    crashed program's journal back into its file."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\0"):
        raise StorageError(
            f"{path} is not a database. Nothing was changed: move it away, or set PAPERBOY_DATABASE "
            "to another path."
        )
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise _foreign(path)


def _foreign(path: Path) -> StorageError:
    return StorageError(
        f"{path} is another program's database. Nothing was changed: set PAPERBOY_DATABASE to another path."
    )


def _prepare(path: Path) -> None:
    """Refuse what is not ours before anything is written, then migrate."""
    refuse_foreign(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            migrate(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    except NotOurs:
        raise _foreign(path) from None
    except TooNew:
        raise StorageError(
            f"{path} was written by a newer Paperboy. Nothing was changed: update Paperboy, or restore a backup "
            "from before the update."
        ) from None


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """SQLite's errors in an operator's words; a mistake of ours (a constraint, bad SQL) stays a bug."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_ERROR"):
            raise  # bad SQL
        advice = {
            "SQLITE_BUSY": "another program holds a lock on it: close that program, then try again",
            "SQLITE_LOCKED": "another program holds a lock on it: close that program, then try again",
            "SQLITE_FULL": "the disk is full: free some space; nothing was half written",
            "SQLITE_READONLY": "it cannot be written: check the owner and the rights of the file and its folder",
            "SQLITE_CANTOPEN": "it cannot be opened: check that its folder exists and may be written",
            "SQLITE_CORRUPT": "it is damaged: restore a backup",
            "SQLITE_NOTADB": "it is not a database: restore a backup, or set PAPERBOY_DATABASE to another path",
            "SQLITE_IOERR": "the disk reports an error: check it, then start again",
        }
        words = next((words for code, words in advice.items() if name.startswith(code)), str(error))
        raise StorageError(f"The database {path}: {words}.") from error


# --- value adapters ---------------------------------------------------------------------------------


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value, UTC)


def known_moment(value: int) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def join(values: Iterable[str]) -> str:
    """A list as one text that both people and the index can read; ";" inside a value becomes ","."""
    return _JOIN.join(value.replace(";", ",") for value in values)


def split(text: str) -> tuple[str, ...]:
    return tuple(text.split(_JOIN)) if text else ()
