"""The clock crosses due moments while somebody looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.stories.demo import running
from tests.stories.stranger import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_next_digest_comes_and_then_silence_is_explained(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/demo next")
        await ada.reads("The clock jumps to Wednesday, April 1, 2026 at 1:00 PM")
        assert "Posted 5 papers" in await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
        digest = await ada.reads("5 papers on agent, image generation")
        assert "Yesterday, after the digest" in digest
        assert "EpochX" in digest
        assert "Towards a Medical AI Scientist" not in digest
        before = len(await ada.messages())
        await ada.types("/demo next")
        silent = await ada.reads("It is Thursday 2 April 2026, 13:00 UTC.")
        assert "No new papers" in silent
        assert "The sample ends here" in silent
        # The question, its answer, and no digest.
        assert len(await ada.messages()) == before + 2
