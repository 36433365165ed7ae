"""The page: one address, and what a stranger may try there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import simcord

from bot import demo
from bot.errors import UserError
from bot.models import Feed, Fetch
from cogs._demo import stage as stages

_HINTS = """
  /search diffusion            ask the archive; “Subscribe to this search” is under the answer
  Details                      beside a paper opens its card: abstract, votes over time, BibTeX, why it is there
  /demo next                   jump to the next due moment: the digest arrives, or says why it does not
  Ada, Max (top of the page)   be the admin or a member, and see what each may do
"""


class Page:
    """SimCord's Preview. It shows one conversation: for another it is opened again at the same address."""

    def __init__(self, stage: stages.Stage, port: int) -> None:
        self._stage, self._port = stage, port
        self._turning = asyncio.Lock()
        self._preview: simcord.Preview | None = None

    @property
    def url(self) -> str:
        return self._preview.url if self._preview else ""

    async def turn_to(self, actor: simcord.MemberActor | None) -> None:
        """Show the direct messages of that person with the bot; None: the channel. Raises UserError where the port
        cannot be had."""
        stage, before = self._stage, self._preview
        place = actor.user.dm_channel if actor else stage.papers
        viewers = (actor.user,) if actor else (stage.admin, stage.member)
        # Not in the stage's turn: a page closes once its clicks are answered, and one may be waiting for its own.
        async with self._turning:
            if before:
                await before.close()
            made = stage.env.preview(place, viewers=viewers, layout="channel", port=self._port)
            if before:
                made.capability = before.capability
            take_turns(made, stage.turn)
            try:
                await made.__aenter__()
            except simcord.SetupError as error:
                if not isinstance(error.__cause__, OSError):
                    raise
                why = "needs an administrator" if isinstance(error.__cause__, PermissionError) else "is taken"
                raise UserError(f"Port {self._port} {why}: without --port a free one is found.") from None
            self._preview, self._port = made, urlsplit(made.url).port or 0

    async def refresh(self) -> None:
        """Show what was sent since."""
        async with self._stage.turn:
            if self._preview:
                # It was ended meanwhile, or the bot is at work for too long.
                with suppress(simcord.SetupError, TimeoutError):
                    await self._preview.refresh()

    async def ended(self) -> None:
        """Return when somebody ends it on the page."""
        shown = None
        while shown is not self._preview:
            shown = self._preview
            if shown:
                await shown.wait_closed()
            async with self._turning:
                pass

    async def close(self) -> None:
        if self._preview:
            await self._preview.close()


async def serve(
    path: Path,
    tell: Callable[[str], None],
    *,
    show: Callable[[str], object],
    stop: asyncio.Event,
    port: int,
    now: datetime | None = None,
    feeds: Sequence[Feed] = demo.SOURCES,
    fetch: Fetch | None = None,
    guarded: Fetch | None = None,
) -> None:
    """Until `stop`, which may come before there is a page, or until it is ended on the page. `tell` prints, `show`
    opens a browser, port 0 takes a free one; the rest as in `stage.opened`. Raises UserError where the port cannot
    be had."""

    async def showing() -> None:
        async with stages.opened(path, now=now, feeds=feeds, fetch=fetch, guarded=guarded) as stage:
            page = Page(stage, port)
            try:
                await page.turn_to(None)
                stage.page = page
                tell(f"The page is at  {page.url}  (this machine only; Ctrl-C ends it)\n{_HINTS}")
                # Some browsers come back only when they are closed.
                threading.Thread(target=show, args=(page.url,), daemon=True).start()
                await _first(stage.drive(), page.ended())
            finally:
                await page.close()

    await _first(showing(), stop.wait())


async def _first(*works: Coroutine[Any, Any, object]) -> None:
    """Until the first of them ends; the others are cancelled. Raises what any of them does."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


def take_turns(page: simcord.Preview, turn: asyncio.Lock) -> None:
    """A click that comes while the driver works waits. SimCord would answer it with an error, and its page then
    takes no other click until it is loaded again."""
    act = page._action

    async def clicked(context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        async with turn:
            return await act(context_id, body)

    page._action = clicked  # type: ignore[method-assign]
