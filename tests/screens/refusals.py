"""Scenes of what goes wrong for a person who asks: each answer says what to do."""

from __future__ import annotations

from cogs._demo import stage as stages
from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot, ask, choose, posted, press, together

CHAPTER = Chapter("What goes wrong", "Each refusal says what would work.")


@CHAPTER.scene("error-query", "A query that cannot be read: the place, and what would work.")
async def query(stage: Stage) -> Shot:
    queries = ("robot (drone OR", '"chain of thought', "agents since:yesterday")
    return together([await ask(stage, "search", by=stage.member, query=query) for query in queries])


@CHAPTER.scene("error-field", "A filter without its value.")
async def field(stage: Stage) -> Shot:
    queries = ("agents votes:many", "author: hinton", "sort:best agents", "agents OR")
    return together([await ask(stage, "search", by=stage.member, query=query) for query in queries])


@CHAPTER.scene("error-schedule", "A time, a zone or days that cannot be read.")
async def schedule(stage: Stage) -> Shot:
    wrong = ({"time": "half nine"}, {"zone": "Berlin time"}, {"days": "working days"})
    return together([await ask(stage, "digest schedule", **options) for options in wrong])


@CHAPTER.scene("error-paper", "No such paper, or several.")
async def paper(stage: Stage) -> Shot:
    return together([await ask(stage, "paper", by=stage.member, id=text) for text in ("2401.00001", "mo")])


@CHAPTER.scene("error-member", "A member may ask everything, and change nothing.")
async def member(stage: Stage) -> Shot:
    found = await ask(stage, "search", by=stage.member, query="diffusion")
    return await press(found, "Subscribe to this search")
