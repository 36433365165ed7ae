"""Digests as a channel sees them: delivered, asked for, paused, refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import discord

from storage import channels, deliveries
from tests.cogs.scene import Scene, buttons, shown, text


async def test_the_digest_arrives_once_with_its_reasons(scene: Scene) -> None:
    await scene.subscribe("image generation")
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 1
    assert await scene.tick() == 0
    (message,) = scene.papers.history()
    assert "## Wednesday 1 April" in text(message)
    assert (
        "[Gen-Searcher: Reinforcing Agentic Search for Image Generation](https://arxiv.org/abs/2603.28767)"
        in text(message)
    )
    assert "↳ image generation: “image”, “generation” in the title" in text(message)
    assert message.flags.components_v2
    assert not message.mentions
    (verdict,) = await deliveries.verdicts(scene.bot.db, scene.channel_id)
    assert verdict.text.startswith("posted ")


async def test_what_did_not_fit_is_behind_the_button(scene: Scene) -> None:
    await scene.subscribe("trending")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    message = scene.papers.last_message
    assert message is not None
    assert buttons(message)["The day at the source"]["url"] == "https://huggingface.co/papers/date/2026-04-01"
    (label,) = (label for label in buttons(message) if label.endswith(" more"))
    answer = await scene.member.click(message, label=label)
    assert answer.ephemeral
    assert text(shown(answer)).count("https://arxiv.org/abs/") == int(label.split()[0])


async def test_a_day_without_papers_posts_nothing_and_says_why(scene: Scene) -> None:
    await scene.subscribe("zebra")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    assert scene.papers.last_message is None
    (verdict,) = await deliveries.verdicts(scene.bot.db, scene.channel_id)
    assert "nothing matched “zebra”" in verdict.text
    status = text(shown(await scene.member.slash(scene.papers, "status")))
    assert "nothing matched “zebra”" in status


async def test_now_posts_and_the_scheduled_one_skips_what_it_showed(scene: Scene) -> None:
    await scene.subscribe("agent")
    before = await channels.get(scene.bot.db, scene.channel_id)
    answer = await scene.admin.slash(scene.papers, "digest now")
    assert "Posted 5 papers" in text(shown(answer)) or "Posted" in text(shown(answer))
    first = scene.papers.last_message
    assert first is not None
    after = await channels.get(scene.bot.db, scene.channel_id)
    assert before is not None
    assert after is not None
    assert before.next_due == after.next_due

    again = await scene.admin.slash(scene.papers, "digest now")
    assert "ask again in 10 minutes" in text(shown(again))

    await scene.wait(timedelta(days=1))
    await scene.tick()
    links = [
        {part for part in text(message).split("(") if part.startswith("https://arxiv.org/abs/")}
        for message in scene.papers.history()
    ]
    assert len(links) <= 2
    assert not set.intersection(*links) or len(links) == 1


async def test_preview_is_private_and_posts_nothing(scene: Scene) -> None:
    await scene.subscribe("agent")
    answer = await scene.admin.slash(scene.papers, "digest preview")
    assert answer.ephemeral
    assert "papers on agent" in text(shown(answer))
    assert scene.papers.last_message is None


async def test_the_schedule_changes_and_tells_what_an_early_hour_costs(scene: Scene) -> None:
    await scene.subscribe("agent")
    answer = shown(
        await scene.admin.slash(
            scene.papers, "digest schedule", time="7:30", zone="europe/london", days="tue, thu", size=5
        )
    )
    assert "Tue, Thu at **07:30** (Europe/London), up to 5 papers" in text(answer)
    assert "Before 10:00 UTC" in text(answer)
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert saved.next_due == datetime(2026, 4, 2, 6, 30, tzinfo=UTC)


async def test_a_wrong_time_or_day_is_explained(scene: Scene) -> None:
    await scene.subscribe("agent")
    for option, value, told in (
        ("time", "25:99", "09:30"),
        ("days", "someday", "mon-fri"),
        ("zone", "Mars", "UTC"),
    ):
        answer = shown(await scene.admin.slash(scene.papers, "digest schedule", **{option: value}))
        assert told in text(answer)


async def test_a_paused_channel_is_silent_until_resumed(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    assert "paused already" in text(shown(await scene.admin.slash(scene.papers, "digest pause")))
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 0
    answer = shown(await scene.admin.slash(scene.papers, "digest resume"))
    assert "runs again" in text(answer)
    assert "not paused" in text(shown(await scene.admin.slash(scene.papers, "digest resume")))
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 1


async def test_a_lost_permission_pauses_and_tells_the_owner(scene: Scene) -> None:
    await scene.subscribe("agent")
    scene.env.inject_error("POST", f"/channels/{scene.papers.id}/messages", status=403, code=50013)
    await scene.wait(timedelta(days=1))
    await scene.tick()
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert saved.paused is not None
    assert "Send Messages" in saved.paused
    told = scene.guild.owner.dm_channel.last_message
    assert told is not None
    assert "#papers in Lab is paused" in told.content
    assert await scene.tick() == 0
    # What was not shown comes once the channel is mended.
    await scene.admin.slash(scene.papers, "digest resume")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    message = scene.papers.last_message
    assert message is not None
    assert "Towards a Medical AI Scientist" in text(message)


async def test_an_outage_is_retried_and_nothing_is_doubled(scene: Scene) -> None:
    await scene.subscribe("agent")
    scene.env.inject_error("POST", f"/channels/{scene.papers.id}/messages", status=503)
    await scene.wait(timedelta(days=1))
    await scene.tick()
    assert scene.papers.last_message is None
    await scene.wait(timedelta(minutes=1))
    await scene.tick()
    assert len(scene.papers.history()) == 1
    await scene.wait(timedelta(hours=1))
    await scene.tick()
    assert len(scene.papers.history()) == 1
    (verdict,) = await deliveries.verdicts(scene.bot.db, scene.channel_id)
    assert verdict.kind == "posted"


async def test_a_post_that_arrived_unmarked_is_found_again(scene: Scene) -> None:
    """The process died between sending and marking."""
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0")
        await tx.execute("DELETE FROM verdicts")
    await scene.tick()
    assert len(scene.papers.history()) == 1
    (verdict,) = await deliveries.verdicts(scene.bot.db, scene.channel_id)
    assert verdict.kind == "posted"


async def test_a_deleted_channel_pauses_with_a_reason(scene: Scene) -> None:
    await scene.subscribe("agent")
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    await scene.env.settle()
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert saved.paused is not None
    assert "deleted" in saved.paused
