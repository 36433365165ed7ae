"""What many tests start from: a real database file, and papers in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest

from bot import demo
from bot.models import FeedKind
from bot.pipeline import captures
from storage.database import Database

# The machines are shared and noisy: no test fails for being slow.
hypothesis.settings.register_profile("paperboy", deadline=None)
hypothesis.settings.load_profile("paperboy")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real captures, beside the checkout where they are at all."""


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "paperboy.sqlite") as database:
        yield database


@pytest.fixture
async def archive(db: Database) -> Database:
    """The bundled sample, stored: 79 papers of ten days in March 2026."""
    for kind in FeedKind:
        await captures.read_files(db, kind, demo.SAMPLE / kind, now=demo.NOW)
    return db


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder of real captures is not beside this checkout")
    return SHARED
