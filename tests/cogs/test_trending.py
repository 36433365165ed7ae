"""`/trending` as a member sees it: periods, topics, buttons that outlive a restart, and what it may not show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import discord

from bot.models import Button, FeedLink, GuildId, Post, Row
from bot.papers.query import MAX_LENGTH
from cogs._layout import layout
from storage import additions
from storage.database import Database
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.digest.hostile import PIECES
from tests.making import HF, NOW, TODAY, entry, store

ADDRESS = "https://site.example/f"


def _menu(message: discord.Message) -> dict[str, Any]:
    (menu,) = (part for part in parts(message) if part.get("type") == 3)
    return menu


async def asked(scene: Scene, period: str = "week", **topic: str) -> discord.Message:
    result = await scene.member.slash(scene.papers, "trending", period=period, **topic)
    assert result.ephemeral
    return shown(result)


async def pressed(scene: Scene, message: discord.Message, label: str) -> str:
    result = await scene.member.click(message, label=label)
    assert result.response is not None
    return text(result.response.message)


async def test_each_period_is_answered_and_its_papers_open(scene: Scene) -> None:
    told = {period: text(await asked(scene, period)) for period in ("today", "week", "month")}
    assert "### Trending today\n-# Tuesday’s list, 31 March · 10 papers with votes" in told["today"]
    assert (
        "**1. [Towards a Medical AI Scientist](https://arxiv.org/abs/2603.28589)**\n-# ▲ 64 · new today"
        in (told["today"])
    )
    assert "· 36 papers gained votes" in told["week"]
    assert "▲ 133 · new this week" in told["week"]
    assert "· 69 papers gained votes" in told["month"]
    message = await asked(scene)
    menu = _menu(message)
    assert menu["placeholder"] == "Open a paper"
    assert len(menu["options"]) == 10
    card = await scene.member.select(message, [menu["options"][0]["value"]], custom_id=menu["custom_id"])
    assert card.ephemeral
    assert menu["options"][0]["label"] in text(shown(card))


async def test_a_topic_goes_along_with_the_buttons(scene: Scene) -> None:
    message = await asked(scene, topic="diffusion -language sort:new")
    assert "### Trending this week on `diffusion -language`" in text(message)
    assert "### Trending this month on `diffusion -language`" in await pressed(scene, message, "This month")
    assert "### Trending today on `diffusion -language`" in await pressed(scene, message, "Today")


async def test_an_invalid_topic_is_shown_where_it_goes_wrong(scene: Scene) -> None:
    told = text(await asked(scene, topic='agents "never closed'))
    assert "never closed" in told
    assert "^" in told


async def test_buttons_work_after_a_restart_and_a_forgotten_topic_says_so(scene: Scene) -> None:
    message = await asked(scene, topic="diffusion")
    scene.bot = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds)
    await scene.env.restart_bot(scene.bot)
    await scene.env.settle()
    assert "### Trending this month on `diffusion`" in await pressed(scene, message, "This month")
    async with scene.bot.db.write() as tx:
        await tx.execute("DELETE FROM searches")
    assert "too old" in text(shown(await scene.member.click(message, label="Today")))


async def test_at_the_weekend_it_is_fridays_list(scene: Scene) -> None:
    # From Tuesday to Sunday; Friday's list was read on Friday and on Saturday.
    await scene.wait(timedelta(days=5))
    assert scene.bot.clock() == datetime(2026, 4, 5, 13, tzinfo=UTC)
    friday = TODAY + timedelta(days=3)
    for votes, hours in ((5, 48), (8, 25), (29, 2)):
        paper = entry("Weekend reading", arxiv_id="2604.00001", votes=votes, on=friday)
        await store(scene.bot.db, HF, paper, at=scene.bot.clock() - timedelta(hours=hours))
    told = text(await asked(scene, "today"))
    assert "-# Friday’s list, 3 April (the newest: the weekend has none) · 1 paper with votes" in told
    assert "-# ▲ 29 · +21 since yesterday at this hour" in told


async def test_an_added_feeds_papers_stay_in_its_server(scene: Scene, archive: Database) -> None:
    feed = f"added:{ADDRESS}"
    await store(archive, feed, entry("Stealth loom", url="https://site.example/1"))
    async with archive.write() as tx:
        await tx.execute(
            "UPDATE papers SET votes = 5000 WHERE id IN (SELECT paper_id FROM private_papers WHERE feed = ?)",
            (feed,),
        )
        await tx.execute(
            "INSERT INTO observations SELECT paper_id, ?, 5000, 0, 0 FROM private_papers", (int(NOW.timestamp()),)
        )
    assert "Stealth loom" not in text(await asked(scene))
    link = FeedLink(address=ADDRESS, title="Site")
    assert await additions.add(archive, GuildId(scene.guild.id), link, limit=1, now=NOW)
    message = await asked(scene)
    assert "**1. [Stealth loom](https://site.example/1)**" in text(message)
    other = scene.env.create_guild("Other")
    papers = other.create_text_channel("papers")
    eve = other.add_member(scene.env.create_user("eve"))
    for period in ("week", "month"):
        for topic in ("trending", "stealth"):
            result = await eve.slash(papers, "trending", period=period, topic=topic)
            assert "Stealth loom" not in text(shown(result))
            assert "gained votes" in text(shown(result)) or "No paper in the archive answers" in text(
                shown(result)
            )


async def test_hostile_titles_and_topics_mention_nobody_and_fit(scene: Scene) -> None:
    size = -(-len(PIECES) // 10)
    titles = ["x".join(PIECES[start : start + size]) for start in range(0, len(PIECES), size)]
    await store(
        scene.bot.db,
        HF,
        *(
            entry(title * 9, arxiv_id=f"2603.9900{at}", authors=(title * 9,), votes=9_000, organization=title)
            for at, title in enumerate(titles)
        ),
    )
    message = await asked(scene)
    assert text(message).count("▲ 9k · new this week") == len(titles) == 10
    for topic in ("@everyone", "` **x** `", "<@1>", "' OR 1=1 --", "title:x NEAR(a b)", "{a} ^b *"):
        answer = await asked(scene, topic=topic)
        for each in (message, answer):
            assert not each.mention_everyone
            assert not each.mentions


async def test_nothing_leads_to_the_newest_papers(scene: Scene) -> None:
    message = await asked(scene, "today", topic='robot OR "hybrid memory"')
    assert "that answer this none with votes stands on Tuesday’s list, 31 March." in text(message)
    assert 'for `(robot OR "hybrid memory") sort:new`' in await pressed(scene, message, "The newest papers")
    message = await asked(scene, topic="zebra")
    assert "No paper in the archive answers that." in text(message)
    assert list(buttons(message)) == ["Today", "This week", "This month"]


async def test_a_topic_as_long_as_may_be_gets_no_button_that_could_not_work(scene: Scene) -> None:
    topic = f'{"x" * 3_975} OR "hybrid memory"'
    assert len(topic) < MAX_LENGTH
    message = await asked(scene, "today", topic=topic)
    assert "Of 1 paper that answers this none with votes stands on" in text(message).replace("**", "")
    assert list(buttons(message)) == ["Today", "This week", "This month"]
    assert "Hybrid Memory" in await pressed(scene, message, "This week")


async def test_a_button_of_another_version_says_so(scene: Scene) -> None:
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    button = Button(label="This year", custom_id="paperboy:trending:year:1")
    message = await channel.send(view=layout(Post((Row((button,)),))))
    answer = shown(await scene.member.click(message, label="This year"))
    assert "from another version of Paperboy" in text(answer)
