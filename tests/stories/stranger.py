"""A stranger before the page: what is typed, pressed and read there.

Nothing waits for a time, everything for what the page shows. Where that does not come, the page's picture and text
are kept, and the error names them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

PATIENCE = 60.0
"""Seconds until what is to come counts as missing."""
_LOOK = 0.1
"""Seconds between two looks."""
_TRIES = 5
_SETTLED = "() => window.simcordPreview.ready && !window.simcordPreview.awaitingRevision"
_RECEIPT = "() => window.simcordPreview.lastAction"


class Stranger:
    """`complaints` are the page's own errors, `asked` the addresses that it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def _heard(self, said: ConsoleMessage) -> None:
        at = str(said.location["url"])
        if said.type == "error" and not at.endswith("/favicon.ico"):  # SimCord has none
            self.complaints.append(f"{said.text} ({at})")

    # --- reading --------------------------------------------------------------------------------

    def message(self, text: str) -> Locator:
        """The last message that holds `text`."""
        return self.page.locator(".channel-message", has_text=text).last

    async def messages(self) -> list[str]:
        return await self.page.locator(".channel-message").all_inner_texts()

    async def reads(self, text: str) -> str:
        """The last message that holds `text`, once there is one."""
        end = monotonic() + PATIENCE
        while not await self.message(text).count():
            assert monotonic() < end, f"not on the page: {text}"
            # Whoever has scrolled up is told of new messages below.
            with suppress(PlaywrightTimeout):
                newer = self.page.locator("#new-messages")
                if await newer.is_visible():
                    await newer.click(timeout=1000)
            await asyncio.sleep(_LOOK)
        return await self.message(text).inner_text()

    async def offers(self, typed: str) -> list[str]:
        """The commands that begin so, as offered over the field."""
        box = self.page.locator("#channel-composer-input")
        await box.fill(typed)
        offered = self.page.locator(".command-entry strong")
        await expect(offered.first).to_be_visible()
        found = await offered.all_inner_texts()
        await box.fill("")
        return found

    # --- doing ----------------------------------------------------------------------------------

    async def types(self, command: str, *values: str, **options: str) -> None:
        """A command, what it requires, and `options` as they are offered at its end; then Send (where only options
        are left, Enter would take the first of them)."""
        await self._picks(command)
        for value in values:
            await self.page.keyboard.type(value)
        for name, value in options.items():
            await self.page.locator(".command-ghost").click()
            await self.page.locator(".command-suggestion-label").get_by_text(name, exact=True).click()
            await self.page.keyboard.type(value)
        await self._acts(self.page.locator("#send-message").click)
        # What was not answered would stay in the field.
        await expect(self.page.locator(".command-chip")).to_have_count(0)

    async def _picks(self, command: str) -> None:
        """The offer over the field; typed again where a change of the page took the offers away."""
        offer = self.page.locator(".command-entry").filter(
            has=self.page.get_by_text(re.compile(rf"^{re.escape(command)}$"))
        )
        for _ in range(_TRIES):
            await self.page.locator("#channel-composer-input").fill(command)
            with suppress(PlaywrightTimeout):
                await offer.click(timeout=PATIENCE * 1000 / _TRIES)
                break
        await expect(self.page.locator(".command-chip")).to_have_text(command)

    async def presses(self, label: str, *, under: str, beside: str = "", twice: bool = False) -> None:
        """The last button `label` of a message that holds `under`, or of its section that holds `beside`."""
        place = self.page.locator(".channel-message", has_text=under)
        if beside:
            place = place.locator(".component-section", has_text=beside)
        button = place.get_by_role("button", name=label, exact=True).last
        await self._acts(button.dblclick if twice else button.click)

    async def chooses(self, option: str, *, menu: str, under: str) -> None:
        """Of the menu below the last message that holds `under`."""
        opened = self.message(under).get_by_role("combobox", name=menu)

        async def choose() -> None:
            await opened.click()
            await self.page.get_by_role("option", name=option).click()

        await self._acts(choose)

    async def becomes(self, name: str) -> None:
        """The choice at the top of the page."""
        (viewer,) = await self.page.locator("#viewer-picker").select_option(label=name)
        await self.page.wait_for_function("id => window.simcordPreview.viewerId === id", arg=viewer)
        await self.page.wait_for_function(_SETTLED)

    async def loads_again(self) -> None:
        """Once the page says so: what it showed has gone, and it complains."""
        heard = list(self.complaints)
        await expect(self.page.locator("#action-status")).to_contain_text("Reload")
        await self.page.reload()
        await self.page.wait_for_function(_SETTLED)
        self.complaints = heard

    async def ends_it(self) -> None:
        """“End preview session”. The page may look once more for the server that has gone."""
        self.page.remove_listener("console", self._heard)
        await self.page.get_by_text("More", exact=True).click()
        await self.page.get_by_role("button", name="End preview session").click()
        await expect(self.page.locator("#action-status")).to_have_text("Preview session closed.")

    async def _acts(self, act: Callable[[], Awaitable[object]]) -> None:
        """Again, as anyone would, where SimCord did not take it because the page had just changed."""
        async with asyncio.timeout(2 * PATIENCE):  # Playwright's own errors come before, and tell more
            while True:
                await self.page.wait_for_function(_SETTLED)
                before = await self._receipt()
                await act()
                await self.page.wait_for_function(_SETTLED)
                receipt = await self._receipt()
                if receipt.get("requestId") != before.get("requestId") and not receipt["rejected"]:
                    assert receipt["settlement"] == "settled", receipt
                    return

    async def _receipt(self) -> dict[str, Any]:
        return cast(dict[str, Any], await self.page.evaluate(_RECEIPT) or {})


@asynccontextmanager
async def visiting(browser: Browser, address: str, folder: Path) -> AsyncIterator[Stranger]:
    """At the page, as it opens. It may ask nobody but its own server, and must not trip over itself. Where the
    story fails, `folder` keeps how the page was."""
    expect.set_options(timeout=PATIENCE * 1000)
    context = await browser.new_context(viewport={"width": 1280, "height": 1000})
    page = await context.new_page()
    stranger = Stranger(page)
    try:
        await page.goto(address)
        await page.wait_for_function(_SETTLED)
        yield stranger
        foreign = [url for url in stranger.asked if urlsplit(url).netloc != urlsplit(address).netloc]
        assert not stranger.complaints, stranger.complaints
        assert not foreign, foreign
    except BaseException as error:
        error.add_note(await _kept(page, folder))
        raise
    finally:
        await context.close()


async def _kept(page: Page, folder: Path) -> str:
    picture, text = folder / "page.png", folder / "page.txt"
    try:
        await page.screenshot(path=picture, timeout=10_000)
        status = await page.locator("#action-status").inner_text()
        messages = await page.locator(".channel-message").all_inner_texts()
        text.write_text("\n---\n".join([status, *messages]), encoding="utf-8")
    except Exception as error:
        return f"The page could not be kept: {error}"
    return f"The page as it was: {picture} and {text}"
