"""Scenes of subscribing: looked at before, confirmed, listed, changed and removed."""

from __future__ import annotations

import simcord

from cogs._demo.stage import Stage
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, choose, press, together

CHAPTER = Chapter("Subscribing", "An admin gives a channel topics. Nothing is saved before it was looked at.")


@CHAPTER.scene("subscribe", "`/subscribe`: what the topic would have brought, and for a new channel one question.")
async def zone(stage: Stage) -> Shot:
    return await ask(stage, "subscribe", query="robot simulation", channel=_channel(stage, "robots"))


@CHAPTER.scene("subscribe-preview", "With the time zone it says when the digest will come; “Confirm” saves it.")
async def preview(stage: Stage) -> Shot:
    return await choose(await zone(stage), "Europe/Berlin")


@CHAPTER.scene("subscribe-confirmed", "Saved; a second time nothing changes; “Cancel” changes nothing either.")
async def confirmed(stage: Stage) -> Shot:
    first = await press(await preview(stage), "Confirm")
    again = await press(await zone(stage), "Confirm")
    return together([first, again, await press(await zone(stage), "Cancel")])


def _channel(stage: Stage, name: str) -> simcord.ChannelHandle:
    return stage.guild.channels.get(name) or stage.guild.create_text_channel(name)


@CHAPTER.scene("subscribe-nothing", "A topic that would have brought nothing can be had all the same.")
async def nothing(stage: Stage) -> Shot:
    return await ask(stage, "subscribe", query="protein folding")


@CHAPTER.scene("subscriptions", "What the server's channels follow, with a menu to change one.")
async def listed(stage: Stage) -> Shot:
    for query in ("vision -medical", 'author:"Yann LeCun"', "cat:cs.RO robot OR drone"):
        await press(
            await ask(stage, "subscribe", query=query, channel=_channel(stage, "vision"), zone="America/New_York"),
            "Confirm",
        )
    return await ask(stage, "subscriptions")


@CHAPTER.scene("subscriptions-topic", "One topic.")
async def topic(stage: Stage) -> Shot:
    return await choose(await ask(stage, "subscriptions"), "#papers: image")


@CHAPTER.scene("subscriptions-change", "“Change” opens a form: the query, and how good a paper has to be.")
async def change(stage: Stage) -> Shot:
    return await press(await topic(stage), "Change")


@CHAPTER.scene("subscriptions-removed", "“Remove” removes it.")
async def removed(stage: Stage) -> Shot:
    return await press(await choose(await ask(stage, "subscriptions"), "#vision: author"), "Remove")
