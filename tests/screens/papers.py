"""Scenes of one paper: its card, what is like it, and what became of it in the channel."""

from __future__ import annotations

from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, choose, press

CHAPTER = Chapter("One paper", "`/paper` opens one by id, DOI, link or title; so does the menu under any answer.")


@CHAPTER.scene("paper", "A paper's card: abstract, authors, where it was listed, and its links.")
async def card(stage: Stage) -> Shot:
    return await ask(stage, "paper", by=stage.member, id="2603.28767")


@CHAPTER.scene("paper-source", "A paper of another source, without votes.")
async def other(stage: Stage) -> Shot:
    return await choose(await ask(stage, "search", by=stage.member, query="source:biorxiv"), "")


@CHAPTER.scene("paper-similar", "“More like this”: the papers that share its telling words.")
async def similar(stage: Stage) -> Shot:
    return await press(await card(stage), "More like this")


@CHAPTER.scene("paper-why-posted", "“Why?” on a paper that was posted: when, and for which topics.")
async def why_posted(stage: Stage) -> Shot:
    return await press(await card(stage), "Why?")


@CHAPTER.scene("paper-why-left-out", "“Why?” on one that was left out: by which rule, and when it comes.")
async def why_left_out(stage: Stage) -> Shot:
    return await press(await ask(stage, "paper", by=stage.member, id="Kernel-Smith"), "Why?")


@CHAPTER.scene("paper-why-not", "“Why?” on one that never came: what each topic lacks in it.")
async def why_not(stage: Stage) -> Shot:
    return await press(await ask(stage, "paper", by=stage.member, id="2603.25702"), "Why?")
