"""What many tests start from: a real database file, and papers in it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from bot import demo
from bot.models import FeedKind
from bot.pipeline import captures, ranking
from storage.database import Database
from tests import nursery

# The machines are shared and noisy: no test fails for being slow.
hypothesis.settings.register_profile("paperboy", deadline=None)
hypothesis.settings.load_profile("paperboy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: a third of the tests' time they wait for processes and clocks."""
    return (os.cpu_count() or 1) + 1


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real captures, beside the checkout where they are at all."""


@pytest.fixture(scope="session", autouse=True)
def _closed() -> Iterator[None]:
    yield
    nursery.close_shared()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "paperboy.sqlite") as database:
        yield database


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the bundled sample, 79 papers of ten days in March 2026; copied, never changed."""
    path = tmp_path_factory.mktemp("sample") / "paperboy.sqlite"

    async def fill() -> None:
        async with Database(path) as database:
            for kind in FeedKind:
                await captures.read_files(database, kind, demo.SAMPLE / kind, now=demo.NOW)
            await ranking.catch_up(database)

    asyncio.run(fill())
    return path


@pytest.fixture
async def archive(sample: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """The sample, open."""
    async with Database(shutil.copy(sample, tmp_path / "paperboy.sqlite")) as database:
        yield database


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder of real captures is not beside this checkout")
    return SHARED
