"""The page: one address, and what a stranger may try there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
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
        self._preview: simcord.Preview | None = None
        self._turning = asyncio.Lock()

    @property
    def url(self) -> str:
        return self._preview.url if self._preview else ""

    async def turn_to(self, actor: simcord.MemberActor | None) -> None:
        """Show the direct messages of that person with the bot; None: the channel."""
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
            await made.__aenter__()
            self._preview, self._port = made, urlsplit(made.url).port or 0

    async def refresh(self) -> None:
        """Show what was sent since."""
        if self._preview:
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
    """Until `stop`, or until it is ended on the page. `tell` prints, `show` opens a browser, port 0 takes a free
    one; the rest as in `stage.opened`. Raises UserError where the port is taken."""
    async with (
        stages.opened(path, now=now, feeds=feeds, fetch=fetch, guarded=guarded) as stage,
        AsyncExitStack() as held,
    ):
        page = Page(stage, port)
        held.push_async_callback(page.close)
        try:
            await page.turn_to(None)
        except simcord.SetupError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            raise UserError(f"Port {port} is taken: without --port a free one is found.") from None
        stage.page = page
        tell(f"The page is at  {page.url}  (this machine only; Ctrl-C ends it)\n{_HINTS}")
        await asyncio.to_thread(show, page.url)
        driving = asyncio.create_task(stage.drive())
        ends = (driving, asyncio.create_task(page.ended()), asyncio.create_task(stop.wait()))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if driving.done():
                driving.result()
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


def take_turns(page: simcord.Preview, turn: asyncio.Lock) -> None:
    """A click that comes while the driver works waits. SimCord would answer it with an error, and its page then
    takes no other click until it is loaded again."""
    act = page._action

    async def clicked(context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        async with turn:
            return await act(context_id, body)

    page._action = clicked  # type: ignore[method-assign]
