""" "Ask Hugging Face" as a member sees it."""

from __future__ import annotations

import json
from typing import Any

import discord
import pytest

from bot.errors import FeedError
from bot.models import Fetched, Validators
from bot.pipeline.outside import Outside
from tests.cogs.scene import Scene, buttons, shown, text
from tests.digest.hostile import PIECES
from tests.making import TODAY
from tests.pipeline.sources import listed

LABEL = "Ask Hugging Face"


class Hub:
    """What is asked, and what it finds; None: it does not answer."""

    def __init__(self) -> None:
        self.finds: list[Any] | None = []
        self.asked: list[str] = []

    async def __call__(self, url: str, _: Validators) -> Fetched:
        self.asked.append(url)
        if self.finds is None:
            raise FeedError(url, "it is down")
        return Fetched(url=url, body=json.dumps(self.finds).encode())


@pytest.fixture
def hub(scene: Scene) -> Hub:
    made = Hub()
    scene.bot.outside = Outside(fetch=made, address="https://hub.example")
    return made


async def search(scene: Scene, query: str) -> discord.Message:
    return shown(await scene.member.slash(scene.papers, "search", query=query))


async def press(scene: Scene, message: discord.Message) -> tuple[str, bool]:
    result = await scene.member.click(message, label=LABEL)
    return text(shown(result)), result.ephemeral


async def test_nothing_is_sent_before_it_is_pressed_and_the_answer_is_private(scene: Scene, hub: Hub) -> None:
    hub.finds = [listed(number, TODAY, title=f"Zebra {number}") for number in range(7)]
    message = await search(scene, "zebra -horse")
    assert "sends your words to huggingface.co" in text(message)
    assert hub.asked == []
    told, private = await press(scene, message)
    assert private
    assert hub.asked == ["https://hub.example/api/papers/search?q=zebra&limit=10"]
    assert [line for line in told.splitlines() if line.startswith("**[Zebra")] == [
        line for number in range(5) for line in told.splitlines() if line.startswith(f"**[Zebra {number}]")
    ]
    assert told.count("from Hugging Face") == 5


async def test_nothing_there_either_and_a_site_that_is_down_are_one_line(scene: Scene, hub: Hub) -> None:
    message = await search(scene, "zebra")
    hub.finds = None
    assert (await press(scene, message))[0] == "Hugging Face does not answer now: try again later."
    hub.finds = []
    assert (await press(scene, message))[0] == "Hugging Face knows nothing either."


async def test_it_is_offered_where_little_was_found_and_may_be_asked(scene: Scene, hub: Hub) -> None:
    offered = {
        query: LABEL in buttons(await search(scene, query))
        for query in ("diffusion", "zebra diffusion", "author:nobody")
    }
    assert offered == {"diffusion": False, "zebra diffusion": True, "author:nobody": False}
    message = await search(scene, "zebra")
    scene.bot.outside = None
    assert LABEL not in buttons(await search(scene, "zebra"))
    assert "does not ask Hugging Face any more" in (await press(scene, message))[0]
    assert hub.asked == []


async def test_always_asks_by_itself_where_there_is_nothing_and_only_there(scene: Scene, hub: Hub) -> None:
    scene.bot.outside = Outside(fetch=hub, address="https://hub.example", always=True)
    hub.finds = None
    told = text(await search(scene, "zebra"))
    assert "No paper in the archive answers" in told
    assert "does not answer now" in told
    hub.finds = [listed(1, TODAY, title="Zebra Fish")]
    told = text(await search(scene, "zebra"))
    assert "No paper in the archive answers" in told
    assert "Zebra Fish" in told
    assert "from Hugging Face" in told
    assert len(hub.asked) == 2
    assert "**1 paper** for `zebra`" in text(await search(scene, "zebra"))
    assert len(hub.asked) == 2


async def test_hostile_titles_mention_nobody_and_fit(scene: Scene, hub: Hub) -> None:
    """Every piece in some title, five papers in a message."""
    size = -(-len(PIECES) // 5)
    titles = ["x".join(PIECES[start : start + size]) for start in range(0, len(PIECES), size)]
    hub.finds = [
        listed(number, TODAY, title=title * 9, summary=title * 99, ai_summary=title * 99)
        for number, title in enumerate(titles)
    ]
    result = shown(await scene.member.click(await search(scene, "zebra @everyone"), label=LABEL))
    assert text(result).count("from Hugging Face") == 5
    assert not result.mention_everyone
    assert not result.mentions
