"""Late ones over weekends, pauses, outages and zones: nothing is lost, nothing comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bot.errors import UserError
from bot.models import Schedule, Verdict, VerdictKind
from bot.pipeline import ask, deliver, draft
from storage import channels, verdicts
from storage.database import Database
from tests.making import BLOG, WEEKDAYS
from tests.pipeline.test_deliver import ONE, Discord, get, judged
from tests.pipeline.test_late import (
    DAILY,
    DAY,
    FRI,
    HOUR,
    MON,
    SAT,
    SMALL,
    SUN,
    THU,
    TUE,
    WED,
    digest,
    following,
    listed,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def discord() -> Discord:
    return Discord()


async def test_over_a_weekend_nothing_of_friday_is_lost(db: Database, discord: Discord) -> None:
    await following(db, due=FRI)
    await listed(db, FRI - HOUR, {"Friday": 9})
    await digest(db, discord, FRI)
    await listed(db, FRI + 5 * HOUR, {"Friday evening": 3})
    await listed(db, MON - HOUR, {"Monday": 9})
    titles, told = await digest(db, discord, MON)
    assert titles == ["Friday evening", "Monday"]
    assert "Friday, after the digest" in told


async def test_a_daily_channel_is_told_why_a_sunday_is_silent(db: Database, discord: Discord) -> None:
    await following(db, DAILY, due=FRI)
    await listed(db, FRI - HOUR, {"Friday": 9})
    await digest(db, discord, FRI)
    await listed(db, FRI + 5 * HOUR, {"Friday evening": 3})
    assert (await digest(db, discord, SAT))[0] == ["Friday evening"]
    assert (await digest(db, discord, SUN))[0] == []
    assert [kind for kind, _ in await judged(db)] == [VerdictKind.QUIET, VerdictKind.POSTED, VerdictKind.POSTED]
    await listed(db, MON - HOUR, {"Monday": 1})
    assert (await digest(db, discord, MON))[0] == ["Monday"]


async def test_a_feed_without_votes_brings_what_is_dated_yesterday(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {"Of this morning": None}, feed=BLOG)
    assert (await digest(db, discord, TUE))[0] == ["Of this morning"]
    await listed(db, WED - 2 * HOUR, {"Dated yesterday": None}, on=TUE.date(), feed=BLOG)
    await listed(db, WED - 2 * HOUR, {"Dated last week": None}, on=TUE.date() - 6 * DAY, feed=BLOG)
    await listed(db, WED - 2 * HOUR, {"Dated tomorrow": None}, on=THU.date(), feed=BLOG)
    assert set((await digest(db, discord, WED))[0]) == {"Dated yesterday", "Dated last week"}
    assert (await digest(db, discord, THU))[0] == ["Dated tomorrow"]


@pytest.mark.parametrize("kind", [VerdictKind.FAILED, VerdictKind.STALE, VerdictKind.MISSED, VerdictKind.PAUSED])
async def test_what_a_moment_did_not_bring_folds_into_the_next(
    db: Database, discord: Discord, kind: VerdictKind
) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {"Tuesday": 9})
    await digest(db, discord, TUE)
    await listed(db, TUE + HOUR, {"Afternoon": 1})
    await listed(db, WED - HOUR, {"Wednesday": 0})
    async with db.write() as tx:
        await verdicts.judge(tx, Verdict(channel_id=ONE, due_at=WED, at=WED, kind=kind, text="not posted"))
        await tx.execute("UPDATE channels SET next_due = ?", (int(THU.timestamp()),))
    await listed(db, THU - HOUR, {"Thursday": 5})
    titles, told = await digest(db, discord, THU)
    assert titles == ["Afternoon", "Thursday", "Wednesday"]
    assert told.index("Tuesday, after the digest") < told.index("New") < told.index("Wednesday")


async def test_after_days_of_pause_the_lists_of_the_days_between_come(db: Database, discord: Discord) -> None:
    await following(db)
    await listed(db, TUE - HOUR, {"Tuesday": 9})
    await digest(db, discord, TUE)
    await channels.pause(db, ONE, "by hand", now=TUE + HOUR)
    for at, name in ((WED, "Wednesday"), (THU, "Thursday")):
        await listed(db, at - HOUR, {name: 9})
        await digest(db, discord, at)
    await ask.resume(db, await get(db), now=FRI - 2 * HOUR)
    assert set((await digest(db, discord, FRI))[0]) == {"Wednesday", "Thursday"}


async def test_one_by_hand_is_no_end_of_what_the_next_reaches(db: Database, discord: Discord) -> None:
    await following(db, SMALL)
    await listed(db, TUE - 3 * HOUR, {f"Tuesday {at}": 9 - at for at in range(6)})
    made = await deliver.deliver_now(db, discord, await get(db), now=TUE - 2 * HOUR)
    assert len(made.shown) == 2
    assert (await digest(db, discord, TUE))[0] == ["Tuesday 2", "Tuesday 3"]
    # Somebody asks for what had no place.
    made = await deliver.deliver_now(db, discord, await get(db), now=TUE + HOUR)
    assert len(made.shown) == 2
    with pytest.raises(UserError, match="everything that matched since Tuesday 31 March was shown here already"):
        await deliver.deliver_now(db, discord, await get(db), now=TUE + 90 * MINUTE)
    with pytest.raises(UserError, match="no source has listed a paper since the last digest"):
        raise UserError((await draft.upcoming(db, await get(db), now=TUE + 90 * MINUTE)).why)
    await listed(db, TUE + 2 * HOUR, {"Afternoon": 99})
    await listed(db, WED - HOUR, {"Wednesday": 1})
    assert (await digest(db, discord, WED))[0] == ["Afternoon", "Wednesday"]


async def test_from_evenings_to_mornings_nothing_is_lost(db: Database, discord: Discord) -> None:
    await following(db, replace(WEEKDAYS, post_at=time(20)), due=TUE + 7 * HOUR)
    await listed(db, TUE, {"Tuesday": 9})
    await digest(db, discord, TUE + 7 * HOUR)
    await ask.reschedule(db, ONE, lambda old: replace(old, post_at=time(6)), now=TUE + 8 * HOUR)
    await listed(db, TUE + 9 * HOUR, {"Tuesday night": 1})
    await listed(db, WED - 8 * HOUR, {"Wednesday": 1})
    assert (await digest(db, discord, WED - 7 * HOUR))[0] == ["Tuesday night", "Wednesday"]


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Pacific/Auckland", time(8)),
        ("Pacific/Auckland", time(15)),
        ("America/Los_Angeles", time(9)),
        ("America/Los_Angeles", time(20)),
        ("Asia/Kolkata", time(8)),
        ("America/New_York", time(21, 29)),
        ("America/New_York", time(21, 31)),
    ],
)
async def test_far_from_utc_each_paper_comes_once_and_in_time(
    db: Database, discord: Discord, zone: str, at: time
) -> None:
    """A list opens at 21:30 in New York, and is there bit by bit; every hour brings one paper."""
    first = datetime.combine(TUE.date(), at, ZoneInfo(zone)).astimezone(UTC)
    schedule = Schedule(post_at=at, zone=zone, days=frozenset(range(7)), size=10)
    await following(db, schedule, due=first)
    seen: dict[str, datetime] = {}
    for hours in range(72):
        now = first - 6 * HOUR + hours * HOUR
        if hours % 3 == 0:
            day = (now.astimezone(ZoneInfo("America/New_York")) + timedelta(hours=2.5)).date()
            await listed(db, now - timedelta(minutes=5), {f"Of {hours}": hours % 7}, on=day)
        titles, told = await digest(db, discord, now)
        assert not seen.keys() & set(titles)
        seen |= dict.fromkeys(titles, now)
        local = now.astimezone(ZoneInfo(zone))
        assert f"{local:%A}, after the digest" not in told
    last = max(seen.values())
    assert seen.keys() == {f"Of {hours}" for hours in range(0, 72, 3) if first + (hours - 6) * HOUR <= last}
    for title, when in seen.items():
        assert timedelta(0) <= when - (first + (int(title.split()[1]) - 6) * HOUR) < DAY + 6 * HOUR


async def test_weeks_of_growing_votes_bring_nothing_twice(db: Database, discord: Discord) -> None:
    chance, votes = Random(7), dict[str, int | None]()
    await following(db)
    days: dict[str, datetime] = {}
    every: list[str] = []
    for day in range(12):
        at = TUE + day * DAY
        if at.weekday() < 5:
            fresh = {f"{day}-{number}": 0 for number in range(20)}
            days |= dict.fromkeys(fresh, at)
            votes |= fresh
        for hour in (-3, 3):
            for title, count in votes.items():
                votes[title] = (count or 0) + chance.choice((0, 0, 1, 9))
            for on in set(days.values()):
                each = {title: votes[title] for title, when in days.items() if when == on}
                await listed(db, at + hour * HOUR, each, on=on.date())
            if hour < 0:
                titles, _ = await digest(db, discord, at)
                late = [title for title in titles if days[title] < at]
                assert titles[: len(late)] == late
                assert len(late) <= 4
                every += titles
    assert len(every) == len(set(every)) == 9 * 8  # Tuesday to Friday, Monday to Friday


async def test_a_weekly_digest_that_failed_folds_into_the_next(db: Database, discord: Discord) -> None:
    await following(db, replace(WEEKDAYS, days=frozenset({TUE.weekday()})))
    await listed(db, TUE - HOUR, {"Tuesday": 9})
    await digest(db, discord, TUE)
    await listed(db, WED, {"Of the failed week": 1})
    week = 7 * DAY
    async with db.write() as tx:
        failed = Verdict(channel_id=ONE, due_at=TUE + week, at=TUE + week, kind=VerdictKind.FAILED, text="")
        await verdicts.judge(tx, failed)
        await tx.execute("UPDATE channels SET next_due = ?", (int((TUE + 2 * week).timestamp()),))
    await listed(db, TUE + 2 * week - HOUR, {"Of the week": 1})
    assert set((await digest(db, discord, TUE + 2 * week + 5 * HOUR))[0]) == {"Of the failed week", "Of the week"}
