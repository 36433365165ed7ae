"""The numbers that stand for queries behind buttons, and the signs of life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import NotFound
from storage import heartbeat, searches, upkeep
from storage.database import Database
from tests.making import NOW, rows

DAY = timedelta(days=1)


async def test_a_query_keeps_its_number(db: Database) -> None:
    one = await searches.remember(db, "agents -survey", now=NOW)
    two = await searches.remember(db, "x" * 1000, now=NOW)
    assert await searches.remember(db, "agents -survey", now=NOW + DAY) == one != two
    assert await searches.recall(db, one) == "agents -survey"
    assert await searches.recall(db, two) == "x" * 1000


async def test_the_button_of_a_forgotten_query_never_asks_another(db: Database) -> None:
    old = await searches.remember(db, "old", now=NOW)
    await upkeep.prune(db, NOW + 91 * DAY)
    assert await searches.remember(db, "new", now=NOW + 91 * DAY) != old
    with pytest.raises(NotFound):
        await searches.recall(db, old)


async def test_the_last_sign_of_life_is_the_one_kept(db: Database) -> None:
    assert await heartbeat.last(db, "tick") is None
    for beat in (NOW, NOW + DAY):
        await heartbeat.beat(db, "tick", beat)
    await heartbeat.beat(db, "other", NOW)
    assert await heartbeat.last(db, "tick") == NOW + DAY
    assert await rows(db, "SELECT count(*) FROM beats") == [(2,)]
