"""The first minute: what the terminal says, what the page shows, who may do what, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.stories.demo import running
from tests.stories.stranger import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_days_digest_is_on_the_page_when_it_opens(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        assert demo.address.startswith("http://127.0.0.1:")
        for tried in ("/search diffusion", "Details", "/demo next", "Ada, Max"):
            assert tried in demo.printed
        digest = await ada.reads("8 of 12 papers on agent, image generation")
        assert "Tuesday 31 March" in digest
        assert "Towards a Medical AI Scientist" in digest
        assert digest.count("Details") == 8
        assert "`" not in digest
        await expect(ada.message("8 of 12 papers")).to_be_in_viewport()
        await expect(ada.message("Type / to talk to Paperboy")).to_be_in_viewport()
        # What the welcome tells to type.
        assert {"/search", "/paper", "/subscriptions", "/status", "/help", "/demo next"} <= set(
            await ada.offers("/")
        )
        await ada.types("/help")
        assert "/subscribe" in await ada.reads("Ada (admin) used /help")
        await ada.types("/status")
        assert "79 papers in the archive" in await ada.reads("Ada (admin) used /status")


async def test_a_member_sees_the_digest_and_none_of_what_is_the_admins(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/search", "diffusion")
        assert "Only you can see this" in await ada.reads("12 papers for diffusion")
        assert {"/digest now", "/subscribe"} <= set(await ada.offers("/"))

        await ada.becomes("Max (member)")
        await ada.reads("8 of 12 papers")
        assert not any("12 papers for diffusion" in message for message in await ada.messages())
        offered = await ada.offers("/")
        assert {"/search", "/paper", "/help"} <= set(offered)
        assert not any(command.startswith(("/digest", "/subscribe", "/feeds")) for command in offered)
        await ada.types("/search", "robot")
        assert "Max (member) used /search" in await ada.reads("for robot")
        await ada.presses("Details", under="8 of 12 papers", beside="Gen-Searcher")
        assert "Kaituo Feng" in await ada.reads("Listed 31 March 2026")

        await ada.becomes("Ada (admin)")
        await ada.reads("12 papers for diffusion")
        assert not any("for robot" in message for message in await ada.messages())


async def test_the_page_can_be_closed_and_opened_again_by_two_and_ended(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo:
        async with visiting(browser, demo.address, tmp_path) as ada:
            await ada.types("/demo next")  # and away, before it has come
        async with (
            visiting(browser, demo.address, tmp_path) as ada,
            visiting(browser, demo.address, tmp_path) as max_,
        ):
            await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
            await max_.becomes("Max (member)")
            await max_.types("/search", "diffusion")
            await ada.types("/demo next")
            for who in (ada, max_):
                await who.reads("It is Thursday 2 April 2026, 13:00 UTC.")
            await max_.presses("Next", under="12 papers for diffusion")
            await max_.reads("page 2 of 3")
        async with visiting(browser, demo.address, tmp_path) as ada:
            await ada.ends_it()
            assert await demo.ended() == 0
