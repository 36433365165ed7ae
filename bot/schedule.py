"""The ticks: the only APScheduler import.

Owns: how often Paperboy looks whether something is due, also while the host's clock is set. Refuses: knowing
what and when; due times are columns, so a missed tick costs nothing and a restart loses nothing.
Started outside the Discord client, by the composition root only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.errors import PaperboyError

log = logging.getLogger(__name__)

Tick = Callable[[], Awaitable[object]]
Clock = Callable[[], datetime]

_LOOK_SECONDS = 1.0
"""Between two looks whether the host's clock was set."""
_JUMP = timedelta(seconds=5)
"""A smaller step of the clock costs no more than that much delay."""
_FINISH_SECONDS = 5
"""How long a running tick may finish what it has in hand before it is cancelled."""


class _Interval(IntervalTrigger):  # type: ignore[misc]
    """One that counts no missed ticks: where the clock is set forward by years (a small computer that learns
    the time after its start), APScheduler would hold a list of them all."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        following: datetime = super().get_next_fire_time(previous, now)
        return following if following > now else now + self.interval


@asynccontextmanager
async def ticking(ticks: Mapping[str, tuple[int, Tick]], *, clock: Clock) -> AsyncIterator[None]:
    """Call every tick at once and then at its interval in seconds, never twice at the same time.

    An error in a tick is logged and ends nothing; nor does a jump of the host's clock, behind which every
    tick comes at once. Leaving the block lets running ticks finish for a moment, then cancels them: whatever
    they had claimed is settled by the next start.
    """
    start = clock()
    running: set[asyncio.Task[object]] = set()
    ending = False
    scheduler = AsyncIOScheduler(timezone="UTC")
    for name, (seconds, tick) in ticks.items():

        async def run(tick: Tick = tick, name: str = name) -> None:
            if ending:
                return
            task = asyncio.ensure_future(tick())
            running.add(task)
            try:
                await task
            except asyncio.CancelledError:
                if not ending:
                    raise
            except PaperboyError as error:  # expected, and told in words: a full disk, a locked database
                log.error("%s: %s", name, error)
            finally:
                running.discard(task)

        scheduler.add_job(
            run,
            _Interval(seconds=seconds, timezone="UTC"),
            name=name,
            next_run_time=start,
            # The default grace of one second would drop a tick behind a busy moment.
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
    scheduler.start()
    watch = asyncio.create_task(_watch(scheduler, clock))
    try:
        yield
    finally:
        ending = True
        watch.cancel()
        scheduler.pause()
        left = set(running)
        if left:
            await asyncio.wait(left, timeout=_FINISH_SECONDS)
        # Cancelled ticks roll back before their caller closes the database.
        for task in left:
            task.cancel()
        await asyncio.gather(watch, *left, return_exceptions=True)
        scheduler.shutdown(wait=False)


async def _watch(scheduler: AsyncIOScheduler, clock: Clock) -> None:
    """Let every tick come at once when the host's clock was set: APScheduler keeps the next tick as a moment,
    and would sleep until then, an hour where the clock was set back by an hour."""
    loop = asyncio.get_running_loop()
    began, looked = clock(), loop.time()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now, at = clock(), loop.time()
        jump = now - began - timedelta(seconds=at - looked)
        began, looked = now, at
        if abs(jump) > _JUMP:
            way = "forward" if jump > timedelta() else "back"
            by = timedelta(seconds=round(abs(jump).total_seconds()))
            log.warning("the host's clock went %s by %s (it was set, or the host slept): looking at once", way, by)
            for job in scheduler.get_jobs():
                job.modify(next_run_time=now)
