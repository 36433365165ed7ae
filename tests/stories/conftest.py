"""One browser for all stories, and none where there is no Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

REQUIRED = "STORIES_BROWSER"
"""`required` in the environment makes a missing browser a failure; CI sets it where it could install one."""


def _chromium() -> str:
    """Where it is. Skips without one, or fails where it is required."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    missing = "there is no Chromium (Debian: apt-get install chromium)"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = _chromium()
    async with async_playwright() as playwright:
        # Root, as whom CI runs, gets no sandbox from Chromium.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()
