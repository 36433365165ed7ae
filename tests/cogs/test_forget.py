"""What is stored about a person, how it is shown, and how it goes."""

from __future__ import annotations

from datetime import timedelta

import discord

from storage import channels
from tests.cogs.scene import Scene, parts, shown, text


def raw(message: discord.Message) -> str:
    return "".join(part.get("content", "") for part in parts(message))


async def test_who_paused_is_shown_as_a_mention_that_pings_nobody(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    for name, options in (
        ("status", {}),
        ("subscriptions", {}),
        ("digest schedule", {}),
        ("digest pause", {}),
        ("subscribe", {"query": "robot"}),
    ):
        message = shown(await scene.admin.slash(scene.papers, name, **options))
        assert f"paused by <@{scene.admin.id}> with /digest pause" in raw(message), name
        sent = scene.env.http_requests[-1].json
        assert isinstance(sent, dict)
        assert sent["allowed_mentions"] == {"parse": []}
    found = await channels.get(scene.bot.db, scene.channel_id)
    assert found is not None
    assert (found.paused, found.paused_by) == ("by hand with /digest pause", scene.admin.id)


async def test_everybody_may_ask_to_be_forgotten_and_the_pause_stays(scene: Scene) -> None:
    await scene.subscribe("agent")
    await scene.admin.slash(scene.papers, "digest pause")
    nothing = await scene.member.slash(scene.papers, "forget")
    assert nothing.ephemeral
    assert "Nothing was stored about you" in text(shown(nothing))
    assert "never store names" in text(shown(nothing))

    assert "who paused 1 channel (the pause itself stays)" in text(
        shown(await scene.admin.slash(scene.papers, "forget"))
    )
    assert "Nothing was stored" in text(shown(await scene.admin.slash(scene.papers, "forget")))
    status = raw(shown(await scene.member.slash(scene.papers, "status")))
    assert "paused: by hand with /digest pause" in status
    assert f"<@{scene.admin.id}>" not in status
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 0


async def test_no_name_of_a_person_is_ever_stored(scene: Scene) -> None:
    await scene.subscribe("agent")
    joker = scene.guild.add_member(
        scene.env.create_user("[free](https://evil.example)"),
        roles=[scene.guild.create_role("More", permissions=discord.Permissions(manage_guild=True))],
    )
    await joker.slash(scene.papers, "digest pause")
    message = shown(await scene.admin.slash(scene.papers, "digest schedule"))
    assert "free" not in raw(message)
    assert f"<@{joker.id}>" in raw(message)
    connected = scene.bot.db.path.read_bytes()
    log = scene.bot.db.path.with_name(f"{scene.bot.db.path.name}-wal").read_bytes()
    assert b"evil.example" not in connected + log
