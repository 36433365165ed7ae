"""A copy of the database while others write to it.

Owns: that a backup is one moment of the database, in one file that nobody else may read, and that it is there
whole or not at all. Refuses: migrating; what is about to be updated is copied as it is.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from bot.errors import StorageError, UserError
from bot.models import Backup
from storage.database import BUSY_SECONDS, refuse_foreign, refuse_missing, worded


def write(source: Path, target: Path) -> Backup:
    """Copy the database `source` to the new file `target`; blocks, so not for the event loop.

    Raises UserError for a target that cannot be, StorageError for a source that is none, is damaged, or a full
    disk; then there is no `target`.
    """
    refuse_missing(source)
    refuse_foreign(source)
    _refuse_taken(target)
    if not target.parent.is_dir():
        raise UserError(f"The folder {target.parent} does not exist: create it, or name another file.")
    with _beside(target) as draft:
        with worded(source), closing(_connect(source)) as original:
            # A read of its own, so that the whole copy is of one moment; writers go on in the log meanwhile.
            original.execute("PRAGMA query_only = ON")
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_master").fetchall()
            with worded(target), closing(_connect(draft)) as copy:
                original.backup(copy)
        made = _look(draft, source)
        _refuse_taken(target)
        draft.rename(target)
    return made


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_SECONDS
    )


def _look(draft: Path, source: Path) -> Backup:
    """Read the copy back: a backup of a damaged database would be found out too late."""
    with worded(source), closing(_connect(draft)) as copy:
        ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise StorageError(f"The database {source} is damaged ({found}): keep your older backups.")
        ((papers, channels),) = copy.execute(
            "SELECT (SELECT count(*) FROM papers), (SELECT count(*) FROM channels)"
        ).fetchall()
    return Backup(size=draft.stat().st_size, papers=papers, channels=channels)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty file in the same folder, ours alone; gone afterwards where it was not renamed."""
    try:
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f"{target.name}.", suffix=".partial", delete=False
        ) as file:
            draft = Path(file.name)
        try:
            yield draft
        finally:
            for ending in ("", "-journal", "-wal", "-shm"):
                draft.with_name(draft.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error


def _refuse_taken(target: Path) -> None:
    if target.exists():
        raise UserError(f"{target} is there already. Nothing was changed: name a new file, or move that one away.")
