"""Trouble is told to the right place, once, and again only after the channel has been well."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.models import Channel, ChannelId, GuildId, Verdict, VerdictKind
from bot.pipeline import alert
from storage import channels, deliveries, guilds, verdicts
from storage.database import Database
from tests.making import NOW, channel
from tests.pipeline.test_deliver import Discord

DAY = timedelta(days=1)
ONE = ChannelId(1)
FAILED, POSTED, NOTHING, QUIET = (
    VerdictKind.FAILED,
    VerdictKind.POSTED,
    VerdictKind.NOTHING,
    VerdictKind.QUIET,
)


@pytest.fixture
async def discord() -> Discord:
    return Discord()


async def get(db: Database) -> Channel:
    found = await channels.get(db, ONE)
    assert found is not None
    return found


class Days:
    """One verdict a day, each followed by what the pipeline does."""

    def __init__(self, db: Database, discord: Discord) -> None:
        self.db, self.discord, self.now = db, discord, NOW

    async def pass_(self, *kinds: VerdictKind) -> list[bool]:
        """Whether each day told somebody."""
        told = []
        for kind in kinds:
            judged = Verdict(channel_id=ONE, due_at=self.now, at=self.now, kind=kind, text=f"{kind} {self.day}")
            assert await deliveries.record_silence(self.db, judged, next_due=self.now + DAY)
            told.append(await alert.if_failing(self.db, self.discord, await get(self.db), self.now))
            self.now += DAY
        return told

    @property
    def day(self) -> int:
        return (self.now - NOW).days


@pytest.fixture
async def days(db: Database, discord: Discord) -> Days:
    await channel(db)
    return Days(db, discord)


async def test_the_third_failing_day_is_told_once(days: Days, discord: Discord) -> None:
    assert await days.pass_(*[FAILED] * 5) == [False, False, True, False, False]
    assert discord.told == [(7, ONE, "has failed on three due days: failed 2", None)]


@pytest.mark.parametrize("well", [POSTED, NOTHING, QUIET])
async def test_after_a_good_day_three_more_are_told_again(days: Days, well: VerdictKind) -> None:
    assert await days.pass_(FAILED, FAILED, well, FAILED, FAILED) == [False] * 5
    assert await days.pass_(FAILED, FAILED) == [True, False]
    assert await days.pass_(well, FAILED, FAILED, FAILED) == [False, False, False, True]


@pytest.mark.parametrize("kind", [VerdictKind.MISSED, VerdictKind.PAUSED, VerdictKind.STALE])
async def test_a_day_without_fault_of_the_server_is_no_failing_day(days: Days, kind: VerdictKind) -> None:
    assert await days.pass_(FAILED, FAILED, kind, FAILED, FAILED) == [False] * 5
    assert await days.pass_(FAILED) == [True]


async def test_a_day_that_is_not_over_does_not_count(days: Days) -> None:
    assert await days.pass_(FAILED, FAILED, VerdictKind.WAITING) == [False] * 3
    assert await days.pass_(FAILED) == [True]


async def test_where_nobody_was_reached_the_next_failing_day_tries_again(days: Days, discord: Discord) -> None:
    discord.deaf = True
    assert await days.pass_(FAILED, FAILED, FAILED) == [False] * 3
    discord.deaf = False
    assert await days.pass_(FAILED, FAILED) == [True, False]
    assert [sentence for _, _, sentence, _ in discord.told][-1] == "has failed on three due days: failed 3"


async def test_each_channel_is_told_for_itself(days: Days, discord: Discord) -> None:
    await channel(days.db, 2)
    await days.pass_(FAILED, FAILED, FAILED)
    assert await verdicts.failing(days.db, ChannelId(2)) is None
    assert await verdicts.failing(days.db, ChannelId(99)) is None


async def test_a_server_s_channel_for_alerts_is_the_first_to_hear(days: Days, discord: Discord) -> None:
    await guilds.set_alerts(days.db, GuildId(7), ChannelId(5))
    await guilds.set_alerts(days.db, GuildId(8), ChannelId(6))
    assert await alert.tell(days.db, discord, await get(days.db), "is paused: no permission")
    discord.deaf = True
    assert not await alert.tell(days.db, discord, await get(days.db), "is paused: no permission")
    assert discord.told == [(7, ONE, "is paused: no permission", 5)] * 2


async def test_only_what_was_told_is_marked(days: Days, discord: Discord) -> None:
    moment: datetime = days.now
    discord.deaf = True
    await days.pass_(FAILED, FAILED, FAILED)
    assert await verdicts.failing(days.db, ONE) == "failed 2"
    await channels.mark_alerted(days.db, ONE, moment + 2 * DAY)
    assert await verdicts.failing(days.db, ONE) is None
