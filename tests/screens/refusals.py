"""Scenes of what goes wrong for a person who asks: each answer says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import discord
import simcord

from bot import demo
from bot.models import Button, ChannelId, Fetched, Post, Row, Text, Validators
from bot.pipeline.outside import Outside
from cogs._demo import stage as stages
from cogs._demo.stage import DemoBot, Stage
from cogs._layout import layout
from storage import additions, channels, questions, upkeep
from tests.screens.operating import SITE, linked
from tests.screens.scenes import Chapter, Shot
from tests.screens.steps import ask, choose, following, posted, press, together

CHAPTER = Chapter("What goes wrong", "Whoever asks for what cannot be had reads why, and what would work.")


async def _each(
    stage: Stage, command: str, *given: Mapping[str, Any], by: simcord.MemberActor | None = None
) -> Shot:
    """The same command with one set of options after the other."""
    return together([await ask(stage, command, by=by, **options) for options in given])


async def _queries(stage: Stage, *queries: str) -> Shot:
    return await _each(stage, "search", *({"query": query} for query in queries), by=stage.member)


@CHAPTER.scene("error-query", "A query that cannot be read: the place, and what would work.")
async def query(stage: Stage) -> Shot:
    return await _queries(stage, "(robot OR drone", 'agents "chain of thought', "speech OR")


@CHAPTER.scene("error-order", "A sign too many, no word at all, and an order in the wrong place.")
async def order(stage: Stage) -> Shot:
    return await _queries(stage, "agents) robots", "---", "(agents sort:new)", "sort:new sort:votes agents")


@CHAPTER.scene("error-filter", "A filter that cannot be read.")
async def filters(stage: Stage) -> Shot:
    return await _queries(
        stage, "agents votes:many", "agents since:yesterday", "author: hinton", "sort:best agents"
    )


@CHAPTER.scene("error-schedule", "A time, a time zone or days that cannot be read.")
async def schedule(stage: Stage) -> Shot:
    wrong = ({"time": "half nine"}, {"zone": "Berlin time"}, {"days": "working days"}, {"days": ","})
    return await _each(stage, "digest schedule", *wrong)


@CHAPTER.scene("error-paper", "No such paper, several that begin so, and what a member may not do.")
async def paper(stage: Stage) -> Shot:
    papers = await _each(stage, "paper", {"id": "2401.00001"}, {"id": "agent"}, by=stage.member)
    found = await ask(stage, "search", by=stage.member, query="diffusion")
    return together([papers, await press(found, "Subscribe to this search")])


@CHAPTER.scene(
    "error-channel",
    "Where Paperboy may not post, where nothing is followed, where there is no round-up; one topic too many, and "
    "one that somebody else has removed.",
)
async def channel(stage: Stage) -> Shot:
    closed = stage.guild.create_text_channel(
        "announcements",
        overwrites={stage.guild.default_role: discord.PermissionOverwrite(send_messages=False)},
    )
    empty = stage.guild.create_text_channel("empty")
    refused = await ask(stage, "subscribe", query="agent", channel=closed)
    nothing = await ask(stage, "digest now", channel=empty)
    no_round_up = await ask(stage, "weekly off")
    await _fill(stage)
    full = await press(await ask(stage, "subscribe", query="one more"), "Confirm")
    mine, theirs = await ask(stage, "subscriptions"), await ask(stage, "subscriptions")
    await press(await choose(theirs, "#papers: topic 1"), "Remove")
    return together([refused, nothing, no_round_up, full, await choose(mine, "#papers: topic 1")])


async def _fill(stage: Stage) -> None:
    """As many topics as a channel can follow."""
    known = await channels.get(stage.db, ChannelId(stage.papers.id))
    assert known is not None
    assert known.next_due is not None
    for number in range(channels.MAX_TOPICS - len(demo.TOPICS)):
        await channels.subscribe(
            stage.db,
            known.id,
            known.owner,
            f"topic {number}",
            schedule=known.schedule,
            next_due=known.next_due,
            now=stage.now(),
        )


@CHAPTER.scene(
    "error-now",
    "`/digest now` where Discord fails, too soon after another, with nothing to show, and during a pause.",
)
async def now(stage: Stage) -> Shot:
    audio = await following(stage, "audio", "speech agent", at="16:00")
    stage.env.inject_error("POST", f"/channels/{stage.papers.id}/messages", status=503, times=1)
    failed = await ask(stage, "digest now")
    soon = await ask(stage, "digest now")
    nothing = await ask(stage, "digest now", channel=audio)
    await ask(stage, "digest pause", channel=audio)
    paused = await ask(stage, "digest now", channel=audio)
    await ask(stage, "digest resume", channel=audio)
    return together([failed, soon, nothing, paused])


@CHAPTER.scene("error-preview", "A preview of nothing, and the button under a preview.")
async def preview(stage: Stage) -> Shot:
    audio, video = stage.guild.channels["audio"], await following(stage, "video", "video", at="16:00")
    await ask(stage, "digest schedule", size=1, channel=video)
    digest = await ask(stage, "digest preview", channel=audio)
    weekly = await ask(stage, "weekly preview", channel=audio)
    more = await press(await ask(stage, "digest preview", channel=video), " more")
    return together([digest, weekly, more])


@CHAPTER.scene(
    "error-outside", "Hugging Face's search does not answer, was asked too often; and a fault of Paperboy's own."
)
async def outside(stage: Stage) -> Shot:
    found = await ask(stage, "search", by=stage.member, query="zebrafish")
    await _asking(stage, TimeoutError())
    silent = await press(found, "Ask Hugging Face")
    await _asking(stage, RuntimeError("a bug"))
    bug = await press(found, "Ask Hugging Face")
    for _ in range(questions.OF_GUILD - 2):
        await press(found, "Ask Hugging Face")
    return together([silent, bug, await press(found, "Ask Hugging Face")])


async def _asking(stage: Stage, error: Exception) -> None:
    """Asking Hugging Face ends with `error`."""

    async def fetch(_: str, __: Validators) -> Fetched:
        raise error

    cast(DemoBot, stage.env.bot).outside = Outside(fetch=fetch, address="https://huggingface.co")


@CHAPTER.scene(
    "error-feed", "`/feeds add` with what is no address, carries a secret, or leads to no feed.", opening=linked
)
async def feed(stage: Stage) -> Shot:
    wrong = (
        "our reading group",
        "ftp://lab.example.org/feed",
        "https://ada:secret@lab.example.org/feed.xml",
        f"{SITE}news.xml",
        f"{SITE}people",
    )
    return await _each(stage, "feeds add", *({"url": url} for url in wrong))


@CHAPTER.scene("error-feed-known", "`/feeds add` with what is read for everybody already.")
async def known_feed(stage: Stage) -> Shot:
    known = (
        "https://huggingface.co/papers",
        "https://arxiv.org/list/cs.CL/recent",
        "https://rss.arxiv.org/rss/q-bio.NC",
    )
    return await _each(stage, "feeds add", *({"url": url} for url in known))


@CHAPTER.scene("error-feed-own", "A feed that the server has, one that it has not, and too many looks in a row.")
async def own_feed(stage: Stage) -> Shot:
    none = await ask(stage, "feeds remove", feed="Blog")
    await press(await ask(stage, "feeds add", url=demo.READING_GROUP), "Add")
    has = await ask(stage, "feeds add", url=demo.READING_GROUP)
    unclear = await ask(stage, "feeds remove", feed="Blog")
    for _ in range(additions.LOOKS):
        often = await ask(stage, "feeds add", url=f"{SITE}people")
    return together([none, has, unclear, often])


@CHAPTER.scene(
    "error-old", "Buttons of long ago: what they stood for is forgotten, as promised.", opening=stages.opened
)
async def old(stage: Stage) -> Shot:
    digest = posted(stage, "## Tuesday 31 March")
    searched = await ask(stage, "search", query="diffusion")
    looked = await ask(stage, "feeds add", url=demo.READING_GROUP)
    place = cast(discord.TextChannel, stage.env.bot.get_channel(stage.papers.id))
    button = Row((Button(label="Of old", custom_id="paperboy:retired:1"),))
    await place.send(view=layout(Post((Text("A message of an early version"), button))))
    await stage.env.advance_time(timedelta(days=100).total_seconds())
    await upkeep.prune(stage.db, stage.now())
    retired = posted(stage, "A message of an early version")
    pressed = ((digest, " more"), (searched, "Next"), (looked, "Add"), (retired, "Of old"))
    return together([await press(shot, label, by=stage.admin) for shot, label in pressed])
