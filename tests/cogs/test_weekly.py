"""Round-ups as people set them up and as a channel sees them."""

from __future__ import annotations

import re
from datetime import timedelta

import discord

from bot import demo
from bot.models import Occasion, RoundUp
from bot.pipeline import weekly
from cogs._publish import DiscordPublisher
from storage import channels, verdicts
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.making import entry, store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def round_up(scene: Scene) -> RoundUp | None:
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    return found.round_up


async def on(scene: Scene, day: str = "Wednesday", time: str = "13:00") -> str:
    return text(shown(await scene.admin.slash(scene.papers, "weekly on", day=day, time=time)))


async def tick(scene: Scene) -> int:
    """What the scheduler would do; how many round-ups were due."""
    await scene.tick()
    due = await weekly.deliver_weekly_due(scene.bot.db, scene.bot.publisher, now=scene.bot.clock())
    await scene.env.settle()
    return due


def of_the_week(scene: Scene) -> list[discord.Message]:
    return [message for message in scene.papers.history() if "## The week to" in text(message)]


async def test_it_is_off_until_somebody_asks_and_comes_beside_the_digest(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.wait(DAY)
    assert await tick(scene) == 0
    answer = await on(scene, "Thursday")
    assert "a round-up every Thursday at **13:00** (UTC); the next <t:" in answer
    await scene.wait(DAY)
    assert await tick(scene) == 1
    (message,) = of_the_week(scene)
    assert "## The week to Thursday 2 April" in text(message)
    assert " · shown on Wednesday" in text(message)
    assert message.flags.components_v2
    assert not message.mentions
    told = {found.occasion: found.kind for found in await verdicts.latest(scene.bot.db, scene.channel_id)}
    assert told[Occasion.WEEKLY] == "posted"
    status = text(shown(await scene.member.slash(scene.papers, "status")))
    assert "round-up every Thursday at **13:00** (UTC), next <t:" in status
    assert "round-up: posted, with " in status


async def test_a_channel_that_follows_nothing_is_told_what_to_do(scene: Scene) -> None:
    for command, options in (("on", {"day": "Friday", "time": "9"}), ("preview", {})):
        answer = shown(await scene.admin.slash(scene.papers, f"weekly {command}", **options))
        assert "has no topic yet: `/subscribe` gives it one" in text(answer)
    answer = shown(await scene.admin.slash(scene.papers, "weekly off"))
    assert "gets no round-up. `/weekly on` gives it one" in text(answer)


async def test_it_is_turned_off_again(scene: Scene) -> None:
    await scene.subscribe("agent")
    await on(scene)
    answer = shown(await scene.admin.slash(scene.papers, "weekly off"))
    assert "gets no round-up any more; its digests stay" in text(answer)
    assert await round_up(scene) is None
    await scene.wait(DAY)
    assert await tick(scene) == 0
    assert len(scene.papers.history()) == 1, "its digest"


async def test_it_is_set_up_for_another_channel_in_its_zone(scene: Scene) -> None:
    await scene.subscribe("agent", zone="Europe/Berlin")
    options = {"day": "Friday", "time": "5 pm", "channel": scene.papers}
    answer = text(shown(await scene.admin.slash(scene.other, "weekly on", **options)))
    assert f"<#{scene.papers.id}>: a round-up every Friday at **17:00** (Europe/Berlin)" in answer
    found = await round_up(scene)
    assert found is not None
    assert found.next_due is not None
    assert f"{found.next_due:%a %H:%M}" == "Fri 15:00"


async def test_a_wrong_time_is_explained(scene: Scene) -> None:
    await scene.subscribe("agent")
    assert "is no time of day: write it as `09:30`" in await on(scene, time="25:00")
    assert await round_up(scene) is None


async def test_a_time_that_has_passed_today_brings_it_at_once_where_today_s_was_to_come(scene: Scene) -> None:
    await scene.subscribe("agent")
    assert "the next <t:" in await on(scene, "Tuesday", "20:00")
    assert "today’s has not come yet, so it comes now" in await on(scene, "Tuesday", "9:00")
    assert await tick(scene) == 1
    assert len(of_the_week(scene)) == 1


async def test_a_paused_channel_gets_none_until_it_is_resumed(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    assert "at **13:00** (UTC); paused by" in await on(scene)
    await scene.wait(DAY)
    assert await tick(scene) == 0
    await scene.admin.slash(scene.papers, "digest resume")
    await scene.wait(7 * DAY)
    assert await tick(scene) == 1


async def test_where_it_may_not_post_it_says_so_before(scene: Scene) -> None:
    await scene.subscribe("agent")
    place = scene.bot.get_channel(scene.papers.id)
    assert isinstance(place, discord.TextChannel)
    await place.set_permissions(place.guild.default_role, send_messages=False)
    await scene.env.settle()
    assert "I lack **Send Messages**" in await on(scene)
    assert await round_up(scene) is None


async def test_a_preview_is_private_and_posts_nothing(scene: Scene) -> None:
    await scene.subscribe("agent")
    answer = await scene.admin.slash(scene.papers, "weekly preview")
    assert answer.ephemeral
    assert "## The week to Tuesday 31 March" in text(shown(answer))
    assert scene.papers.last_message is None


async def test_a_preview_of_nothing_says_why(scene: Scene) -> None:
    await scene.subscribe("zebra")
    answer = await scene.admin.slash(scene.papers, "weekly preview")
    assert "As of now there would be no round-up: nothing matched “zebra”" in text(shown(answer))


async def test_the_button_tells_what_the_message_is(scene: Scene) -> None:
    await scene.subscribe("agent")
    await on(scene)
    await scene.wait(DAY)
    await tick(scene)
    (message,) = of_the_week(scene)
    assert list(buttons(message)) == ["About this round-up"]
    answer = await scene.member.click(message, label="About this round-up")
    assert answer.ephemeral
    assert "It comes every Wednesday at **13:00** (UTC); the next <t:" in text(shown(answer))
    await scene.admin.slash(scene.papers, "weekly off")
    answer = await scene.member.click(message, label="About this round-up")
    assert "No more of them come here." in text(shown(answer))


async def test_a_post_that_arrived_unmarked_is_found_again(scene: Scene) -> None:
    """The process died between sending and marking, and another one looks."""

    await scene.subscribe("agent")
    await on(scene)
    await scene.wait(DAY)
    await tick(scene)
    async with scene.bot.db.write() as tx:
        await tx.execute(
            "UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0 WHERE kind = 'weekly'"
        )
        await tx.execute("DELETE FROM verdicts")
    scene.bot.publisher = DiscordPublisher(lambda: scene.bot)
    await scene.wait(timedelta(minutes=10))
    await tick(scene)
    assert len(of_the_week(scene)) == 1
    (verdict,) = await verdicts.latest(scene.bot.db, scene.channel_id)
    assert (verdict.kind, verdict.occasion) == ("posted", Occasion.WEEKLY)


async def test_a_lost_permission_pauses_and_tells_the_owner(scene: Scene) -> None:
    await scene.subscribe("agent")
    await on(scene, "Wednesday", "9:00")
    scene.env.inject_error("POST", f"/channels/{scene.papers.id}/messages", status=403, code=50013)
    await scene.wait(20 * HOUR)
    assert await tick(scene) == 1
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert "Send Messages" in (saved.paused or "")
    told = scene.guild.owner.dm_channel.last_message
    assert told is not None
    assert "is paused" in told.content


async def test_a_hostile_title_is_shown_and_does_nothing(scene: Scene) -> None:
    title = "[nitro](https://evil.example) @everyone <@1> **bold** ||agent|| `code` discord.gg/x"
    await store(
        scene.bot.db,
        "huggingface",
        entry(title, arxiv_id="2603.99999", abstract="An agent.", votes=999, on=demo.NOW.date()),
        at=demo.NOW,
    )
    await scene.subscribe("agent")
    await on(scene)
    await scene.wait(DAY)
    await tick(scene)
    (message,) = of_the_week(scene)
    assert not message.mention_everyone
    assert not message.mentions
    raw = "".join(part.get("content", "") for part in parts(message))
    assert set(re.findall(r"(?<!\\)\]\((\w+://[^/)]+)", raw)) == {"https://arxiv.org"}
    assert "@everyone" not in raw
    assert title in text(message).replace("@\u200b", "@")


async def test_a_member_who_may_not_manage_the_server_cannot_see_the_commands(scene: Scene) -> None:
    group = scene.bot.tree.get_command("weekly")
    assert group is not None
    assert group.default_permissions == discord.Permissions(manage_guild=True)
