"""Pictures of messages, taken in a real browser of the page that SimCord draws.

Owns: what is cut out, at which widths, and that two runs give the same bytes. Refuses: knowing what is pictured.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from cogs._demo.stage import Stage
from tests.screens.scenes import Shot

WIDTHS = {"": 720, "-phone": 390}
"""What a file's name ends with -> CSS pixels of the page."""
_SHARPNESS = 1.25
"""Pixels of a picture for each CSS pixel."""
_COLOURS = 32
_PLANE, _APART = 0.001, 16
"""A colour of so much of a picture is kept as it is; the others are so far apart at least, in steps of red, green
and blue together."""
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_HEIGHT = 900
_PATIENCE = 30_000
"""Milliseconds until a page that is not drawn counts as broken."""

# Beside what is of SimCord's own: Discord calls no answer edited that only came after a while.
_STYLE = """
    [data-workbench], .channel-header, .channel-composer, .history-button, .message-actions,
    .message-edited, .channel-message, .timeline-day-divider { display: none !important }
    .preview-shell, .preview-workspace, .preview-stage, .preview-app, .channel-layout, .channel-timeline {
        height: auto !important; min-height: 0 !important; max-height: none !important;
        overflow: visible !important;
    }
    .preview-app { padding: 10px 0 14px !important }
    .channel-message-list { padding: 0 !important }
    * {
        caret-color: transparent !important; transition: none !important; animation: none !important;
        outline: none !important; box-shadow: none !important;
    }
"""
_SHOWN = '.channel-message[data-message-id="{}"] {{ display: block !important }}'
_FIRST = '.channel-message[data-message-id="{}"] {{ margin-top: 0 !important }}'
_READY = "() => window.simcordPreview?.ready && document.fonts.status === 'loaded'"
_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Camera:
    """A browser: `async with Camera() as camera`."""

    async def __aenter__(self) -> Self:
        path = next(filter(None, map(shutil.which, _CHROMIUM)), None)
        if path is None:
            raise SystemExit("No Chromium here: install it (Debian, Ubuntu: apt install chromium).")
        self._held = AsyncExitStack()
        playwright = await self._held.enter_async_context(async_playwright())
        # Root gets no sandbox from Chromium; the others keep letters alike on every machine.
        arguments = ["--font-render-hinting=none", "--disable-lcd-text"]
        arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
        self._browser: Browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        self._held.push_async_callback(self._browser.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._held.aclose()

    async def take(self, stage: Stage, shot: Shot, folder: Path, name: str) -> None:
        """A PNG for each of WIDTHS."""
        several = len(shot.messages) > 1
        page = stage.env.preview(
            shot.channel, viewers=[shot.viewer], layout="channel" if several else "message", locale="en-GB"
        )
        async with page:
            target = shot.form or next(
                each for each in shot.channel.history(viewer=shot.viewer) if each.id == shot.messages[-1]
            )
            await page.show(target)
            pictures = await self._pictures(page.url, shot)
        for ending, png in zip(WIDTHS, pictures, strict=True):
            (folder / f"{name}{ending}.png").write_bytes(small(png))

    async def _pictures(self, url: str, shot: Shot) -> list[bytes]:
        """One for each of WIDTHS."""
        context = await self._browser.new_context(
            viewport={"width": max(WIDTHS.values()), "height": _HEIGHT},
            device_scale_factor=_SHARPNESS,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
            bypass_csp=True,
        )
        try:
            page = await context.new_page()
            await page.goto(url)
            await page.wait_for_function(_READY, timeout=_PATIENCE)
            await _strip(page, shot)
            return [await _cut(page, shot, width) for width in WIDTHS.values()]
        finally:
            await context.close()


async def _strip(page: Page, shot: Shot) -> None:
    """Leave the messages alone."""
    shown = [*map(_SHOWN.format, shot.messages), *map(_FIRST.format, shot.messages[:1])]
    await page.add_style_tag(content="\n".join((_STYLE, *shown)))


async def _cut(page: Page, shot: Shot, width: int) -> bytes:
    """The picture, once it stands still: at a new width the page is drawn again, more than once."""
    await page.set_viewport_size({"width": width, "height": _HEIGHT})
    place = page.locator(".modal-dialog" if shot.form else "#preview-app")
    before = b""
    async with asyncio.timeout(_PATIENCE / 1000):
        while True:
            await page.wait_for_function(_READY, timeout=_PATIENCE)
            await page.evaluate(_FRAMES)
            now = await place.screenshot(animations="disabled", caret="hide")
            if now == before:
                return now
            before = now


def small(png: bytes) -> bytes:
    """The same picture in its most frequent colours: planes stay as they are, edges of letters nearly so."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in _frequent(image) for part in colour])
    out = io.BytesIO()
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _frequent(image: Image.Image) -> list[tuple[int, ...]]:
    counts = cast(list[tuple[int, tuple[int, ...]]], image.getcolors(1 << 24))
    chosen: list[tuple[int, ...]] = []
    for count, colour in sorted(counts, key=lambda pair: (-pair[0], pair[1])):
        apart = 3 if count > _PLANE * image.width * image.height else _APART
        if all(sum(abs(a - b) for a, b in zip(colour, other, strict=True)) > apart for other in chosen):
            chosen.append(colour)
    return chosen[:_COLOURS]
