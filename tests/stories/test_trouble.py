"""What a stranger breaks with /demo, and what Paperboy says and does about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.stories.demo import running
from tests.stories.stranger import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_lost_permission_pauses_and_no_paper_is_lost(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/demo forbid")
        await ada.reads("Paperboy may not send messages here any more.")
        await ada.types("/demo next")
        paused = await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
        assert "Paused: I may not post there. Allow me Send Messages" in paused
        await ada.types("/status")
        assert "⚠ paused: I may not post there." in await ada.reads("82 papers in the archive")
        await ada.types("/demo next")
        await ada.reads("Nothing is due here")
        await ada.types("/digest resume")
        await ada.reads("In #papers I lack Send Messages")
        await ada.types("/demo repair")
        await ada.reads("All is well again.")
        await ada.types("/digest resume")
        await ada.reads("#papers runs again; the next digest Thursday, April 2, 2026 at 1:00 PM.")
        await ada.types("/demo next")
        assert "Posted 5 papers" in await ada.reads("It is Thursday 2 April 2026, 13:00 UTC.")
        assert "EpochX" in await ada.reads("5 papers on agent, image generation")


async def test_old_buttons_work_after_a_restart(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/search", "diffusion")
        await ada.presses("Next", under="page 1 of 3")
        await ada.types("/subscribe", query="robots")
        for page in (3, 2):  # twice: the second bot is restarted too
            await ada.types("/demo restart")
            await ada.reads("Paperboy stops and starts again.")
            await ada.presses("Next" if page == 3 else "Previous", under="12 papers for diffusion")
            await ada.reads(f"12 papers for diffusion · page {page} of 3")
        await ada.presses("Confirm", under="Subscribe #papers to robots?")
        await ada.reads("✓ #papers follows robots.")
        await ada.presses("4 more", under="8 of 12 papers")
        await ada.reads("Kernel-Smith")
        await ada.presses(
            "Details", under="3 papers on agent, image generation", beside="MSA: Memory Sparse Attention"
        )
        await ada.reads("Yu Chen, Runkai Chen")
        await ada.types("/demo next")
        await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC. Posted")


async def test_sources_that_are_down_are_named(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/demo next")
        await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
        await ada.types("/demo source-down")
        await ada.reads("No source answers any more.")
        await ada.types("/demo next")
        assert "Hugging Face could not be read since" in await ada.reads("It is Thursday 2 April 2026, 13:00 UTC.")
        await ada.types("/status")
        assert "it does not answer" in await ada.reads("82 papers in the archive")
        await ada.types("/demo repair")
        await ada.types("/demo next")
        assert "could not be read" not in await ada.reads("It is Friday 3 April 2026, 13:00 UTC.")


async def test_a_discord_that_fails_costs_no_paper(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/demo discord-500")
        await ada.reads("Discord answers every post with 500.")
        await ada.types("/demo next")
        told = await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
        assert "Error: Discord answers 500; next try at 13:01 UTC." in told
        await ada.types("/status")
        assert "◌ Apr 1, 2026, 1:00 PM error: Discord answers 500" in await ada.reads("82 papers in the archive")
        await ada.types("/demo repair")
        # On a slow machine it comes by itself a minute later, otherwise with the next.
        await ada.types("/demo next")
        await ada.reads("It is Thursday 2 April 2026, 13:00 UTC.")
        assert "EpochX" in await ada.reads("5 papers on agent, image generation")
        assert sum("EpochX" in message for message in await ada.messages()) == 1


async def test_what_is_pressed_twice_while_the_page_changes_happens_once(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/search", "diffusion")
        for query in ("robots", "video"):
            await ada.types("/subscribe", query=query)
            await ada.types("/demo repair" if query == "robots" else "/demo next")  # the driver works meanwhile
            await ada.presses("Confirm", under=f"Subscribe #papers to {query}?", twice=True)
            await ada.reads(f"✓ #papers follows {query}.")
            await ada.types("/demo repair")
            await ada.presses("Next", under="12 papers for diffusion", twice=True)
        await ada.reads("12 papers for diffusion · page 3 of 3")
        told = await ada.messages()
        for once in ("✓ #papers follows robots.", "✓ #papers follows video.", "12 papers for diffusion"):
            assert sum(once in message for message in told) == 1, once
        await ada.types("/subscriptions")
        listed = ada.message("image generation")
        await expect(listed).to_contain_text("robots")
        assert (await listed.inner_text()).count("robots") == 1
        await ada.reads("It is Wednesday 1 April 2026, 13:00 UTC.")
