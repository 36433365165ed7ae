"""A paper as bad as a source can make it, and a question as bad: on the page both are text and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.stories.demo import running
from tests.stories.hostile import BEGIN
from tests.stories.stranger import Stranger, visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")

MADE = "script, img, iframe, video, form, .command-mention, .markdown-spoiler, u, del, em, h1, blockquote, ol"
"""What the text would become, and what no message of Paperboy holds."""
PLAIN = "code, pre, ul, .discord-timestamp"
"""What some hold."""
HOSTS = ("arxiv.org", "huggingface.co")
UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that turn a line around, or hide in it."""
QUESTION = '"<@1> @everyone [x](https://evil.example/q) **b** <img src=https://evil.example/r> ||s||"'


async def reads_text(reader: Stranger, text: str, *, hosts: tuple[str, ...] = HOSTS, none_of: str = PLAIN) -> str:
    """The last message that holds `text`: nothing in it is made by the text, and its links lead to `hosts`."""
    read = await reader.reads(text)
    made = reader.message(text).locator(".message-components")
    assert await made.locator(MADE).count() == 0
    assert not none_of or await made.locator(none_of).count() == 0
    assert set(await made.locator(".mention").all_inner_texts()) <= {"#papers"}
    assert await made.locator("a.markdown-link *").count() == 0
    for link in await made.locator("a").all():
        assert urlsplit(await link.get_attribute("href") or "").netloc in hosts, await link.inner_text()
    assert not UNSEEN.search(read)
    return read


async def test_a_hostile_paper_is_text_wherever_it_is_shown(browser: Browser, tmp_path: Path) -> None:
    async with (
        running(tmp_path, "tests.stories.hostile") as demo,
        visiting(browser, demo.address, tmp_path) as ada,
    ):
        digest = await reads_text(ada, "8 of 9 papers")
        for shown in (f"{BEGIN} <script>alert(1)</script>", "<img src=https://evil.example/a", "**b**", "`code`"):
            assert shown in digest

        await ada.presses("Details", under="8 of 9 papers", beside=BEGIN)
        card = await reads_text(ada, "Listed 31 March 2026")
        for shown in ("[here](https://evil.example/b)", "||spoiler||", "-# small", "<t:0:R>", "</help:4>"):
            assert shown in card
        await ada.presses("Whole abstract", under="Listed 31 March 2026")
        assert "Mallory ||spoiler||" in await reads_text(ada, "35 authors")
        await ada.presses("Why?", under="Listed 31 March 2026")
        await reads_text(ada, f"Why? {BEGIN} <script>", hosts=(*HOSTS, "discord.com"), none_of="code, pre")
        await ada.presses("BibTeX", under="Listed 31 March 2026")
        await reads_text(ada, "@misc{", none_of="")

        await ada.types("/search", "attacks")
        assert f"{BEGIN} <script>" in await reads_text(ada, "for attacks", none_of="pre, ul")
        await ada.message("for attacks").get_by_role("combobox").click()
        assert "<script>" in await ada.page.get_by_role("option", name=BEGIN).inner_text()


async def test_a_hostile_question_is_shown_as_it_was_asked(browser: Browser, tmp_path: Path) -> None:
    async with running(tmp_path) as demo, visiting(browser, demo.address, tmp_path) as ada:
        await ada.types("/search", QUESTION)
        await reads_text(ada, QUESTION, none_of="pre, ul")
        await ada.presses("Subscribe to this search", under=QUESTION)
        await reads_text(ada, f"to {QUESTION}?", none_of="pre, ul")
        await ada.presses("Confirm", under=f"to {QUESTION}?")
        await reads_text(ada, f"✓ #papers follows {QUESTION}.", none_of="pre, ul")
        await ada.types("/subscriptions")
        await reads_text(ada, "#papers Mon–Fri 13:00 (UTC)", none_of="pre")
        # Unclosed, in a block of code that it would like to leave.
        await ada.types("/search", "(``` @everyone <@1>")
        assert "’’’ @everyone <@1>" in await reads_text(ada, "This ( is not closed", none_of="ul")
