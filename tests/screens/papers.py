"""Scenes of one paper: its card, what is like it, and what became of it in the channel."""

from __future__ import annotations

from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, posted, press, together

CHAPTER = Chapter(
    "One paper",
    "“Details” beside a paper opens its card; so do the menu below an answer, and `/paper` with an id, a DOI, a "
    "link or a title.",
)


@CHAPTER.scene("paper", "The card of a paper in a digest, for whoever presses “Details” and nobody else.")
async def card(stage: Stage) -> Shot:
    return await press(posted(stage, "## Friday 27 March"), "Details")


@CHAPTER.scene("paper-authors", "Unfolded: every author. A long abstract is folded in the same way.")
async def authors(stage: Stage) -> Shot:
    return await press(await card(stage), "All authors")


@CHAPTER.scene("paper-bibtex", "“BibTeX”: its entry, as a block that Discord offers to copy.")
async def bibtex(stage: Stage) -> Shot:
    return await press(await card(stage), "BibTeX")


@CHAPTER.scene("paper-similar", "“More like this”: the papers that share its telling words.")
async def similar(stage: Stage) -> Shot:
    return await press(await ask(stage, "paper", by=stage.member, id="2603.28767"), "More like this")


@CHAPTER.scene("paper-why", "“Why?” of one that was posted, one that was left out, and one that answers no topic.")
async def why(stage: Stage) -> Shot:
    which = ("2603.28767", "Kernel-Smith", "2603.25702")
    cards = [await ask(stage, "paper", by=stage.member, id=each) for each in which]
    return together([await press(card, "Why?") for card in cards])
