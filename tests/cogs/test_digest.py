"""Digests as a channel sees them: delivered, asked for, paused, refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import discord

from bot import demo
from bot.fetch import Completions
from bot.pipeline.rewriting import Writer
from cogs._publish import DiscordPublisher
from storage import channels, upkeep, verdicts
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.completions import modelling
from tests.making import entry, store


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
    (verdict,) = await verdicts.latest(scene.bot.db, scene.channel_id)
    assert verdict.text.startswith("posted ")


async def test_what_did_not_fit_is_behind_the_button(scene: Scene) -> None:
    await scene.subscribe("trending")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    message = scene.papers.last_message
    assert message is not None
    assert buttons(message)["The day at the source"]["url"] == "https://huggingface.co/papers/date/2026-03-31"
    (label,) = (label for label in buttons(message) if label.endswith(" more"))
    answer = await scene.member.click(message, label=label)
    assert answer.ephemeral
    assert text(shown(answer)).count("https://arxiv.org/abs/") == int(label.split()[0])


async def test_the_button_of_an_old_digest_says_that_it_is_too_old(scene: Scene) -> None:
    await scene.subscribe("trending")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    message = scene.papers.last_message
    assert message is not None
    (label,) = (label for label in buttons(message) if label.endswith(" more"))
    await upkeep.prune(scene.bot.db, scene.bot.clock() + timedelta(days=91))
    assert "This digest is too old" in text(shown(await scene.member.click(message, label=label)))


async def test_a_day_without_papers_posts_nothing_and_says_why(scene: Scene) -> None:
    await scene.subscribe("zebra")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    assert scene.papers.last_message is None
    (verdict,) = await verdicts.latest(scene.bot.db, scene.channel_id)
    assert "nothing matched “zebra”" in verdict.text
    status = text(shown(await scene.member.slash(scene.papers, "status")))
    assert "nothing matched “zebra”" in status


async def test_now_posts_and_the_scheduled_one_skips_what_it_showed(scene: Scene) -> None:
    await scene.subscribe("trending")
    before = await channels.get(scene.bot.db, scene.channel_id)
    answer = await scene.admin.slash(scene.papers, "digest now")
    first = scene.papers.last_message
    assert first is not None
    seen = set(re.findall(r"https://arxiv.org/abs/[\d.]+", text(first)))
    assert f"Posted {len(seen)} papers" in text(shown(answer))
    after = await channels.get(scene.bot.db, scene.channel_id)
    assert before is not None
    assert after is not None
    assert before.next_due == after.next_due

    again = await scene.admin.slash(scene.papers, "digest now")
    assert "ask again in 10 minutes" in text(shown(again))

    await scene.wait(timedelta(days=1))
    await scene.tick()
    _, second = scene.papers.history()
    assert not seen & set(re.findall(r"https://arxiv.org/abs/[\d.]+", text(second)))


async def test_preview_is_private_and_posts_nothing(scene: Scene) -> None:
    await scene.subscribe("agent")
    answer = await scene.admin.slash(scene.papers, "digest preview")
    assert answer.ephemeral
    assert "papers on agent" in text(shown(answer))
    assert scene.papers.last_message is None


async def test_the_operator_s_model_writes_for_now_and_a_preview_shows_what_it_wrote(scene: Scene) -> None:
    db, clock = scene.bot.db, scene.bot.clock
    abstract = "Small models are studied. Nothing else is."
    await store(
        db, "huggingface", entry("Of Zebras", arxiv_id="2603.99999", votes=1, abstract=abstract), at=clock()
    )
    await scene.subscribe("zebra")
    async with (
        modelling() as server,
        Completions(server.base, "small:3b", version="1") as model,
        Writer(db, model, daily=9) as writer,
    ):
        scene.bot.writer = writer
        server.text = "The authors study small models, and nothing else."
        before = text(shown(await scene.admin.slash(scene.papers, "digest preview")))
        assert "Small models are studied." in before
        assert server.asked == []
        await scene.admin.slash(scene.papers, "digest now")
        posted = scene.papers.last_message
        assert posted is not None
        assert "The authors study small models, and nothing else.\u00a0✧" in text(posted)
        assert "✧ marks summaries by small:3b, checked against the abstract" in text(posted)
        offered = await scene.admin.slash(scene.other, "subscribe", query="zebra", zone="UTC")
        await scene.admin.click(shown(offered), label="Confirm")
        after = text(shown(await scene.admin.slash(scene.other, "digest preview")))
        assert "The authors study small models, and nothing else.\u00a0✧" in after
        assert server.asked == ["Of Zebras"]


async def test_the_schedule_changes_and_tells_what_an_early_hour_costs(scene: Scene) -> None:
    await scene.subscribe("agent")
    answer = shown(
        await scene.admin.slash(
            scene.papers, "digest schedule", time="7:30", zone="europe/london", days="tue, thu", size=5
        )
    )
    assert "Tue, Thu at **07:30** (Europe/London), up to 5 papers" in text(answer)
    assert "At 06:00 UTC Hugging Face has listed fewer than 63 % of the day’s papers" in text(answer)
    saved = await channels.get(scene.bot.db, scene.channel_id)
    assert saved is not None
    assert saved.next_due == datetime(2026, 4, 2, 6, 30, tzinfo=UTC)


async def test_a_time_that_has_passed_today_brings_today_s_digest_at_once(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1) - timedelta(hours=1))
    answer = text(shown(await scene.admin.slash(scene.papers, "digest schedule", time="9:00")))
    assert "at **09:00** (UTC), up to 8 papers; today’s digest has not come yet, so it comes now." in answer
    assert await scene.tick() == 1
    assert len(scene.papers.history()) == 1
    answer = text(shown(await scene.admin.slash(scene.papers, "digest schedule", time="23:00")))
    assert "at **23:00** (UTC), up to 8 papers; the next <t:" in answer
    await scene.wait(timedelta(hours=15))
    assert await scene.tick() == 0


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
    assert "is already paused by" in text(shown(await scene.admin.slash(scene.papers, "digest pause")))
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 0
    answer = shown(await scene.admin.slash(scene.papers, "digest resume"))
    assert "runs again" in text(answer)
    assert "runs already" in text(shown(await scene.admin.slash(scene.papers, "digest resume")))
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
    address = f"https://discord.com/channels/{scene.guild.id}/{scene.papers.id}"
    assert f"The digest of [\\#papers]({address}) in **Lab** is paused" in told.content
    assert told.content.endswith("/digest resume.")
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
    (verdict,) = await verdicts.latest(scene.bot.db, scene.channel_id)
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
    (verdict,) = await verdicts.latest(scene.bot.db, scene.channel_id)
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


async def test_a_post_is_found_again_behind_a_hundred_others(scene: Scene) -> None:
    """Also the bot's own: extra digests, answers to nobody."""
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    for number in range(120):
        await channel.send(f"chatter {number}")
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0")
    await scene.tick()
    assert len([message for message in scene.papers.history() if message.flags.components_v2]) == 1


async def test_without_read_message_history_an_unknown_arrival_is_posted_again(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.set_permissions(channel.guild.default_role, read_message_history=False)
    await scene.env.settle()
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0")
    await scene.tick()
    assert len(scene.papers.history()) == 1, "its number is known"
    async with scene.bot.db.write() as tx:
        await tx.execute("UPDATE deliveries SET state = 'claimed', message_id = NULL, next_try_at = 0")
    # As after a restart.
    scene.bot.publisher = DiscordPublisher(lambda: scene.bot)
    await scene.wait(timedelta(minutes=5))
    await scene.tick()
    assert len(scene.papers.history()) == 2


async def test_an_answer_that_is_not_discords_own_pauses_nothing(scene: Scene) -> None:
    """Something between us and Discord may answer 403 or 404 for a while."""
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1))
    for status in (403, 404):
        scene.env.inject_error("POST", f"/channels/{scene.papers.id}/messages", status=status)
        await scene.tick()
        saved = await channels.get(scene.bot.db, scene.channel_id)
        assert saved is not None
        assert saved.paused is None
        await scene.wait(timedelta(minutes=5))
    await scene.tick()
    assert len(scene.papers.history()) == 1


async def test_a_week_of_downtime_gives_one_digest_and_a_verdict_for_each_day(scene: Scene) -> None:
    await scene.subscribe("trending")
    await scene.wait(timedelta(days=6, hours=-1))  # from Tuesday to Monday, an hour before the digest
    assert await scene.tick() == 1
    assert scene.papers.last_message is None
    kinds = [verdict.kind for verdict in await verdicts.latest(scene.bot.db, scene.channel_id)]
    assert kinds == ["missed"] * 3  # Wednesday to Friday
    await scene.wait(timedelta(hours=1))
    await scene.tick()
    await scene.wait(timedelta(minutes=1))
    await scene.tick()
    (message,) = scene.papers.history()
    assert "## Monday 6 April" in text(message)


async def test_a_paused_channel_gets_no_extra_digest_either(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    assert "is paused" in text(shown(await scene.admin.slash(scene.papers, "digest now")))
    assert scene.papers.last_message is None


async def test_an_extra_digest_that_discord_refuses_for_now_comes_later_and_says_so(scene: Scene) -> None:
    await scene.subscribe("agent")
    scene.env.inject_error("POST", f"/channels/{scene.papers.id}/messages", status=503)
    answer = await scene.admin.slash(scene.papers, "digest now")
    assert "It will be posted as soon as it does" in text(shown(answer))
    scene.faults_expected = True
    await scene.wait(timedelta(minutes=2))
    await scene.tick()
    assert len(scene.papers.history()) == 1


async def test_a_hostile_title_is_shown_and_does_nothing(scene: Scene) -> None:
    title = "[nitro](https://evil.example) @everyone <@1> **bold** ||agent|| `code` discord.gg/x"
    await store(
        scene.bot.db,
        "huggingface",
        entry(title, arxiv_id="2603.99999", abstract=f"{title}. An agent.", votes=999, on=demo.NOW.date()),
        at=demo.NOW,
    )
    await scene.subscribe("agent")
    await scene.wait(timedelta(days=1))
    await scene.tick()
    message = scene.papers.last_message
    assert message is not None
    assert not message.mention_everyone
    assert not message.mentions
    raw = "".join(part.get("content", "") for part in parts(message))
    assert set(re.findall(r"(?<!\\)\]\((\w+://[^/)]+)", raw)) == {"https://arxiv.org"}
    assert "@everyone" not in raw
    assert title in text(message).replace("@\u200b", "@")


async def test_late_risers_are_turned_off_and_on(scene: Scene) -> None:
    await scene.subscribe("trending")

    async def told(**options: Any) -> tuple[str, bool]:
        answer = await scene.admin.slash(scene.papers, "digest schedule", **options)
        found = await channels.get(scene.bot.db, scene.channel_id)
        assert found is not None
        return text(shown(answer)), found.schedule.late_risers

    first, on = await told()
    off, now_off = await told(late_risers=False)
    again, still_off = await told(size=4)
    assert (on, now_off, still_off) == (True, False, False)
    assert first != off
    assert "late risers" in off
    assert "late risers" in again
    back, on = await told(late_risers=True)
    assert on
    assert back.replace("4 papers", "") == first.replace("8 papers", "")
