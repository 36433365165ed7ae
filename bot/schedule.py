"""The ticks: the only APScheduler import.

Owns: how often Paperboy looks whether something is due. Refuses: knowing what and when; due times are
columns, so a missed tick costs nothing and a restart loses nothing.
Started outside the Discord client, by the composition root only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

Tick = Callable[[], Awaitable[object]]

_FINISH_SECONDS = 5
"""How long a running tick may finish what it has in hand before it is cancelled."""


@asynccontextmanager
async def ticking(ticks: Mapping[str, tuple[int, Tick]], *, start: datetime) -> AsyncIterator[None]:
    """Call every tick from `start` on, at its interval in seconds, never twice at the same time.

    An exception in a tick is logged and ends nothing. Leaving the block lets running ticks finish for a
    moment, then cancels them: whatever they had claimed is settled by the next start.
    """
    running: set[asyncio.Task[object]] = set()
    ending = False
    scheduler = AsyncIOScheduler(timezone="UTC")
    for name, (seconds, tick) in ticks.items():

        async def run(tick: Tick = tick) -> None:
            if ending:
                return
            task = asyncio.ensure_future(tick())
            running.add(task)
            try:
                await task
            except asyncio.CancelledError:
                if not ending:
                    raise
            finally:
                running.discard(task)

        scheduler.add_job(
            run,
            IntervalTrigger(seconds=seconds, timezone="UTC"),
            name=name,
            next_run_time=start,
            # The default grace of one second would drop a tick behind a busy moment.
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
    scheduler.start()
    try:
        yield
    finally:
        ending = True
        scheduler.pause()
        left = set(running)
        if left:
            await asyncio.wait(left, timeout=_FINISH_SECONDS)
        # Cancelled ticks roll back before their caller closes the database.
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        scheduler.shutdown(wait=False)
