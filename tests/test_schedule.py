"""The ticks, with a real scheduler and real, short intervals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest
from apscheduler.schedulers import base

from bot import schedule
from bot.errors import StorageError
from bot.schedule import ticking


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_tick_comes_at_once_and_then_at_its_interval() -> None:
    times: list[float] = []
    ticked, seldom = asyncio.Semaphore(0), asyncio.Event()

    async def tick() -> None:
        times.append(asyncio.get_running_loop().time())
        ticked.release()

    async def minute() -> None:
        seldom.set()

    start = asyncio.get_running_loop().time()
    async with asyncio.timeout(30), ticking({"tick": (1, tick), "minute": (60, minute)}, clock=now):
        await seldom.wait()
        for _ in range(3):
            await ticked.acquire()
    assert times[1] - start > 0.95
    assert times[2] - start > 1.95


async def test_a_slow_tick_never_runs_twice_at_a_time_and_holds_up_no_other() -> None:
    running, most, begun = 0, 0, 0
    others, enough = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> None:
        nonlocal running, most, begun
        begun += 1
        running += 1
        most = max(most, running)
        await enough.wait()
        running -= 1

    async def other() -> None:
        others.release()

    async with asyncio.timeout(30), ticking({"slow": (1, slow), "other": (1, other)}, clock=now):
        for _ in range(3):
            await others.acquire()
        assert begun == 1
        enough.set()
    assert (running, most) == (0, 1)


async def test_an_exception_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    times = 0
    twice = asyncio.Event()

    async def failing() -> None:
        nonlocal times
        times += 1
        if times == 2:
            twice.set()
        raise RuntimeError(f"surprise {times}")

    async with asyncio.timeout(30), ticking({"failing": (1, failing)}, clock=now):
        await twice.wait()
    assert "surprise 1" in caplog.text
    assert "surprise 2" in caplog.text


async def test_an_expected_error_is_told_in_its_words_without_code(caplog: pytest.LogCaptureFixture) -> None:
    begun = asyncio.Event()

    async def failing() -> None:
        begun.set()
        raise StorageError("the disk is full: free some space")

    async with ticking({"failing": (60, failing)}, clock=now):
        await begun.wait()
    assert [record.getMessage() for record in caplog.records] == ["failing: the disk is full: free some space"]
    assert caplog.records[0].exc_info is None


async def test_leaving_lets_a_running_tick_finish() -> None:
    begun, done = asyncio.Event(), False

    async def tick() -> None:
        nonlocal done
        begun.set()
        await asyncio.sleep(0.1)
        done = True

    async with ticking({"tick": (60, tick)}, clock=now):
        await begun.wait()
    assert done


async def test_a_tick_that_does_not_finish_is_cancelled_and_cleans_up_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "_FINISH_SECONDS", 0.1)
    begun, cleaned = asyncio.Event(), False

    async def hanging() -> None:
        nonlocal cleaned
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # a rollback takes a moment
            cleaned = True

    async with ticking({"hanging": (60, hanging)}, clock=now):
        await begun.wait()
    assert cleaned


async def test_an_error_inside_of_the_block_comes_through_after_the_ticks_ended() -> None:
    begun, ended = asyncio.Event(), False

    async def tick() -> None:
        nonlocal ended
        begun.set()
        await asyncio.sleep(0.1)
        ended = True

    async def block() -> None:
        async with ticking({"tick": (60, tick)}, clock=now):
            await begun.wait()
            raise LookupError

    with pytest.raises(LookupError):
        await block()
    assert ended


@pytest.mark.parametrize("turns", range(12))
async def test_whenever_the_block_is_left_no_tick_runs_or_begins_afterwards(turns: int) -> None:
    running = late = 0
    left = False

    async def tick() -> None:
        nonlocal running, late
        late += left
        running += 1
        try:
            await asyncio.sleep(0.01)
        finally:
            running -= 1

    async with ticking({"one": (60, tick), "two": (60, tick)}, clock=now):
        for _ in range(turns):
            await asyncio.sleep(0)
    left = True
    assert running == 0
    await asyncio.sleep(0.02)
    assert late == 0
    assert len(asyncio.all_tasks()) == 1


async def test_a_tick_cancelled_at_the_end_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(schedule, "_FINISH_SECONDS", 0.05)
    begun = asyncio.Event()

    async def hanging() -> None:
        begun.set()
        await asyncio.sleep(60)

    async with ticking({"hanging": (60, hanging)}, clock=now):
        await begun.wait()
    await asyncio.sleep(0.05)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


# --- the host's clock is set ------------------------------------------------------------------------


class Host:
    """The host's clock, as Paperboy and APScheduler read it."""

    ahead = timedelta()

    def now(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + found.ahead

    monkeypatch.setattr(base, "datetime", Shifted)
    monkeypatch.setattr(schedule, "_LOOK_SECONDS", 0.05)
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "bot.schedule"]


@pytest.mark.parametrize(
    ("jump", "told"),
    [
        (timedelta(hours=-1), "went back by 1:00:00"),
        (timedelta(hours=1), "went forward by 1:00:00"),
        (timedelta(days=-400), "went back by 400 days, 0:00:00"),
        (timedelta(days=20_000), "went forward by 20000 days, 0:00:00"),
    ],
)
async def test_a_jump_of_the_clock_holds_up_no_tick(
    host: Host, caplog: pytest.LogCaptureFixture, jump: timedelta, told: str
) -> None:
    minutes, seconds = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def minute() -> None:
        minutes.release()

    async def second() -> None:
        seconds.release()

    async with asyncio.timeout(30), ticking({"minute": (60, minute), "second": (1, second)}, clock=host.now):
        await minutes.acquire()
        await seconds.acquire()
        assert warnings(caplog) == []
        host.ahead = jump
        # Behind the jump each comes at once, and goes on at its interval.
        await minutes.acquire()
        for _ in range(3):
            await seconds.acquire()
        assert minutes.locked()
    assert warnings(caplog) == [f"the host's clock {told} (it was set, or the host slept): looking at once"]


async def test_a_small_step_of_the_clock_is_no_jump(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    ticked = asyncio.Semaphore(0)

    async def tick() -> None:
        ticked.release()

    async with asyncio.timeout(30), ticking({"tick": (1, tick)}, clock=host.now):
        for step in (0.5, -0.5, 2):
            await ticked.acquire()
            host.ahead += timedelta(seconds=step)
        await ticked.acquire()
    assert warnings(caplog) == []


async def test_a_tick_that_runs_while_the_clock_is_set_is_not_run_twice(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    running, most, others = 0, 0, asyncio.Semaphore(0)
    jumped = asyncio.Event()

    async def long() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await jumped.wait()
        running -= 1

    async def other() -> None:
        others.release()

    async with asyncio.timeout(30), ticking({"long": (60, long), "other": (60, other)}, clock=host.now):
        await others.acquire()
        host.ahead = timedelta(hours=-1)
        await others.acquire()
        jumped.set()
    assert most == 1
    assert len(warnings(caplog)) == 1
