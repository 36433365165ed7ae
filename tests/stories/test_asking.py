"""Searches, subscriptions and cards, as a stranger tries them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.stories.demo import running
from tests.stories.stranger import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_topic_is_looked_at_confirmed_and_listed(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/subscribe", query="robots")
        preview = await ada.reads("Subscribe #papers to robots?")
        assert "In the last seven days it matched 2 papers" in preview
        assert "SIMART" in preview
        await ada.types("/subscriptions")
        assert "robots" not in await ada.reads("#papers Mon–Fri 13:00 (UTC)")
        await ada.presses("Confirm", under="Subscribe #papers to robots?")
        assert "the next Wednesday, April 1, 2026" in await ada.reads("✓ #papers follows robots.")
        assert not await ada.message("Subscribe #papers to robots?").count()
        await ada.types("/subscriptions")
        await expect(ada.message("image generation")).to_contain_text("robots")


async def test_a_search_has_pages_and_becomes_a_subscription(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/search", "diffusion")
        first = await ada.reads("12 papers for diffusion · page 1 of 3")
        answer = ada.message("12 papers for diffusion")
        await expect(answer.get_by_role("button", name="Previous")).to_be_disabled()
        await ada.presses("Next", under="page 1 of 3")
        await ada.presses("Next", under="page 2 of 3")
        last = await ada.reads("12 papers for diffusion · page 3 of 3")
        await expect(answer.get_by_role("button", name="Next")).to_be_disabled()
        assert "MinerU-Diffusion" in first
        assert "MinerU-Diffusion" not in last
        await ada.presses("Previous", under="page 3 of 3")
        await ada.reads("page 2 of 3")
        # One answer, turned; not one for each page.
        assert sum("papers for diffusion" in message for message in await ada.messages()) == 1

        await ada.presses("Subscribe to this search", under="12 papers for diffusion")
        await ada.reads("Subscribe #papers to diffusion?")
        await ada.presses("Confirm", under="Subscribe #papers to diffusion?")
        await ada.reads("✓ #papers follows diffusion.")
        await ada.types("/subscriptions")
        await expect(ada.message("image generation")).to_contain_text("diffusion")


async def test_a_card_tells_why_its_paper_is_in_the_digest(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.presses("Details", under="8 of 12 papers", beside="Towards a Medical AI Scientist")
        card = await ada.reads("Listed 31 March 2026")
        for part in ("Only you can see this", "Hongtao Wu", "64 votes", "2603.28589", "MICCAI"):
            assert part in card
        await ada.presses("Why?", under="Listed 31 March 2026")
        why = await ada.reads("Why? Towards a Medical AI Scientist")
        assert "Posted with the digest of Tuesday, March 31, 2026 at 1:00 PM" in why
        assert "answers agent: “agent” in the summary" in why
        assert "not image generation" in why
        await ada.presses("BibTeX", under="Listed 31 March 2026")
        assert "eprint = {2603.28589}" in await ada.reads("@misc{")
        await ada.types("/paper", "2603.28589")
        assert "Ada (admin) used /paper" in await ada.reads("Listed 31 March 2026")
