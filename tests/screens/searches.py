"""Scenes of searching, and of what moves."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot import demo
from bot.errors import FeedError
from bot.models import Fetched, Validators
from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, friday, press, together

CHAPTER = Chapter("Searching", "`/search` asks the archive the same question that a topic asks each day, now.")


@CHAPTER.scene(
    "search",
    "Five papers a page, the words found in bold; a menu opens one, a button makes a topic of the question.",
)
async def search(stage: Stage) -> Shot:
    return await ask(stage, "search", by=stage.member, query="diffusion")


@CHAPTER.scene("search-next", "“Next” puts the following page in its place; this is the last one.")
async def last_page(stage: Stage) -> Shot:
    return await press(await press(await search(stage), "Next"), "Next")


@CHAPTER.scene(
    "search-narrowed",
    "Options narrow it; they become part of the query, so that it can be copied, paged and subscribed.",
)
async def narrowed(stage: Stage) -> Shot:
    return await ask(stage, "search", by=stage.member, query="robot", since="1w", sort="votes")


@CHAPTER.scene("search-spelled", "A slip of the keys: what was meant is looked for as well, and it says so.")
async def spelled(stage: Stage) -> Shot:
    return await ask(stage, "search", by=stage.member, query="gausian")


@CHAPTER.scene(
    "search-wider",
    "A whole question works too: where no paper has all the words, those that come near are marked ≈.",
)
async def wider(stage: Stage) -> Shot:
    return await ask(stage, "search", by=stage.member, query="how do robots learn to use tools from simulation")


@CHAPTER.scene("search-nothing", "Nothing, and why: which part leaves nothing, and one button to do without it.")
async def nothing(stage: Stage) -> Shot:
    queries = ("diffusion votes:>=500", "author:pieter cat:cs.CV votes:>=1")
    return together([await ask(stage, "search", by=stage.member, query=query) for query in queries])


@CHAPTER.scene("search-outside", "“Ask Hugging Face” looks beyond the archive, when somebody presses it.")
async def outside(stage: Stage) -> Shot:
    queries = ("transformers recognition", "zebrafish")
    asked = [await ask(stage, "search", by=stage.member, query=query) for query in queries]
    return together([await press(shot, "Ask Hugging Face") for shot in asked])


@CHAPTER.scene("trending-today", "Today's list, on a topic.")
async def today(stage: Stage) -> Shot:
    return await ask(stage, "trending", by=stage.member, period="today", topic="agent")


@CHAPTER.scene("trending-nothing", "Nothing moved on that topic: why, and what to look at instead.")
async def still(stage: Stage) -> Shot:
    return await ask(stage, "trending", by=stage.member, period="today", topic="speech")


async def _silent(url: str, _: Validators) -> Fetched:
    """Raises FeedError."""
    raise FeedError(url, "it does not answer")


def _young(path: Path) -> AbstractAsyncContextManager[Stage]:
    """A bot that has not read anything yet."""
    return stages.opened(path, now=demo.NOW, fetch=_silent)


@CHAPTER.scene("search-empty", "The first minutes of a new bot: the archive is still empty.", opening=_young)
async def empty(stage: Stage) -> Shot:
    return await ask(stage, "search", by=stage.member, query="diffusion")


@CHAPTER.scene(
    "trending-week",
    "`/trending`: what gained most votes in a week, and how each place moved.",
    opening=stages.opened,
)
async def week(stage: Stage) -> Shot:
    while stage.now().day != 3:
        await stage.jump()
    return await ask(stage, "trending", by=stage.member, period="week")


@CHAPTER.scene("trending-month", "An archive that is younger than the period says so.", opening=friday)
async def month(stage: Stage) -> Shot:
    return await ask(stage, "trending", by=stage.member, period="month", topic="speech")
