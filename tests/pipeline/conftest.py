"""What the tests of moving house start from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.pipeline.house import live, pack


@pytest.fixture
async def lived(archive: Database) -> Database:
    """The sample, read by live feeds; channels in three servers, with digests in every state."""
    await live(archive)
    return archive


@pytest.fixture
async def packed(lived: Database, tmp_path: Path) -> Path:
    """Its export."""
    return await pack(lived, tmp_path / "moved")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Database]:
    """Another machine's database."""
    async with Database(tmp_path / "house.sqlite") as db:
        yield db
