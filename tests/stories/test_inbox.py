"""A member's own digest, in direct messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.stories.demo import running
from tests.stories.stranger import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_member_opens_an_inbox_and_gets_a_digest_there(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as max_:
        await max_.becomes("Max (member)")
        await max_.types("/demo inbox")
        await max_.reads("Reload this page")
        await max_.loads_again()
        await max_.reads("These are your direct messages with Paperboy.")
        assert len(await max_.messages()) == 1
        assert "/digest schedule" in await max_.offers("/")

        await max_.types("/subscribe", query="agents")
        await max_.reads("Subscribe your inbox to agents?")
        await max_.chooses("Europe/Zurich", menu="Choose the time zone", under="Subscribe your inbox")
        await max_.reads("(Europe/Zurich)")
        await max_.presses("Confirm", under="Subscribe your inbox to agents?")
        await max_.reads("✓ Your inbox follows agents.")
        await max_.types("/demo next")
        digest = await max_.reads("papers on agents")
        assert "Wednesday 1 April" in digest
        assert "EpochX" in digest

        await max_.types("/demo channel")
        await max_.loads_again()
        await max_.reads("8 of 12 papers on agent, image generation")
        assert not any("papers on agents" in message for message in await max_.messages())
