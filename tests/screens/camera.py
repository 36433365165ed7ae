"""Pictures of messages, taken in a real browser of the page that SimCord draws.

Owns: what is cut out, at which widths, and that two runs give the same bytes. Refuses: knowing what is pictured.
"""

from __future__ import annotations

import io
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from cogs._demo.stage import Stage
from tests.screens.scenes import Shot

WIDTHS = {"": 720, "-phone": 390}
"""What a file's name ends with -> CSS pixels of the page."""
_SHARPNESS = 1.5
"""Pixels of a picture for each CSS pixel."""
_COLOURS = 32
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 30_000
"""Milliseconds until a page that is not drawn counts as broken."""

_STYLE = """
    [data-workbench], .channel-header, .channel-composer, .history-button, .message-actions,
    .channel-message, .timeline-day-divider { display: none !important }
    .preview-shell, .preview-workspace, .preview-stage, .preview-app, .channel-layout, .channel-timeline {
        height: auto !important; min-height: 0 !important; max-height: none !important;
        overflow: visible !important;
    }
    .preview-app { padding: 10px 0 14px !important }
    * { caret-color: transparent !important; transition: none !important; animation: none !important }
"""
_SHOWN = '.channel-message[data-message-id="{}"] {{ display: block !important }}'
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
        self._browser: Browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--font-render-hinting=none", "--disable-lcd-text"]
        )
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
            for ending, width in WIDTHS.items():
                png = await self._picture(page.url, shot, width)
                (folder / f"{name}{ending}.png").write_bytes(small(png))

    async def _picture(self, url: str, shot: Shot, width: int) -> bytes:
        context = await self._browser.new_context(
            viewport={"width": width, "height": 900},
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
            return await _cut(page, shot)
        finally:
            await context.close()


async def _cut(page: Page, shot: Shot) -> bytes:
    await page.add_style_tag(content="\n".join((_STYLE, *map(_SHOWN.format, shot.messages))))
    await page.evaluate(_FRAMES)
    await page.wait_for_function(_READY, timeout=_PATIENCE)
    place = ".modal-dialog" if shot.form else "#preview-app"
    return await page.locator(place).screenshot(animations="disabled", caret="hide")


def small(png: bytes) -> bytes:
    """The same picture in few colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    few = image.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
