"""A paper's card as a member opens it: by typing, from an answer, after a restart, and never another server's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord

from storage.database import Database
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.making import entry, rows, store


def _menu(message: discord.Message) -> dict[str, Any]:
    (menu,) = (part for part in parts(message) if part.get("type") == 3)
    return menu


async def test_a_paper_of_an_answer_is_opened_and_leads_to_others(scene: Scene) -> None:
    answer = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    menu = _menu(answer)
    assert menu["placeholder"] == "Open a paper"
    assert len(menu["options"]) == 5
    chosen = menu["options"][1]
    opened = await scene.member.select(answer, [chosen["value"]], custom_id=menu["custom_id"])
    card = shown(opened)
    assert opened.ephemeral
    assert chosen["label"].removesuffix("…") in text(card)
    assert "Abstract" in buttons(card)

    like = await scene.member.click(card, label="More like this")
    assert like.ephemeral
    assert "### More like [" in text(shown(like))
    assert "shares “" in text(shown(like))
    values = [option["value"] for option in _menu(shown(like))["options"]]
    assert chosen["value"] not in values
    other = await scene.member.select(shown(like), values[:1], custom_id="paperboy:card")
    assert "More like this" in buttons(shown(other))


async def test_a_title_is_completed_and_opened(scene: Scene) -> None:
    choices = await scene.member.autocomplete(scene.papers, "paper", "id", "diffusi")
    assert 0 < len(choices) <= 25
    assert all("diffusi" in choice["name"].casefold() for choice in choices)
    card = await scene.member.slash(scene.papers, "paper", id=choices[0]["value"])
    assert card.ephemeral
    assert choices[0]["name"].removesuffix("…") in text(shown(card))


async def test_another_servers_paper_is_not_there(scene: Scene, archive: Database) -> None:
    stealth = entry("Stealth loom", url="https://site.example/1")
    await store(archive, "added:https://site.example/f", stealth)
    ((number,),) = await rows(archive, "SELECT paper_id FROM private_papers")
    assert await scene.member.autocomplete(scene.papers, "paper", "id", "stealth") == []
    for given in (str(number), "https://site.example/1", "Stealth loom", "2699.99999"):
        told = text(shown(await scene.member.slash(scene.papers, "paper", id=given)))
        assert "No such paper is in the archive" in told
        assert "Stealth loom" not in told
    answer = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    chosen = _menu(answer)["options"][0]["value"]
    card = shown(await scene.member.select(answer, [chosen], custom_id="paperboy:card"))
    async with archive.write() as tx:
        await tx.execute("DELETE FROM papers WHERE id = ?", (int(chosen),))
    assert "No such paper" in text(shown(await scene.member.click(card, label="More like this")))


async def test_menus_and_buttons_work_after_a_restart(scene: Scene) -> None:
    answer = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    menu = _menu(answer)
    scene.bot = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds)
    await scene.env.restart_bot(scene.bot)
    await scene.env.settle()
    card = shown(await scene.member.select(answer, [menu["options"][0]["value"]], custom_id=menu["custom_id"]))
    assert "### [" in text(card)
    assert "### More like [" in text(shown(await scene.member.click(card, label="More like this")))


async def test_a_member_asks_why_a_paper_is_not_in_the_digest(scene: Scene) -> None:
    card = shown(await scene.member.slash(scene.papers, "paper", id="2603.28767"))
    assert "Why?" in buttons(card)
    answer = await scene.member.click(card, label="Why?")
    assert answer.ephemeral
    assert "Nothing is followed here" in text(shown(answer))
    await scene.subscribe("image generation")
    await scene.subscribe("zebras")
    told = text(shown(await scene.member.click(card, label="Why?")))
    assert "As of now it comes with the next digest" in told
    assert "answers **image generation**: “image”, “generation” in the title" in told
    assert "not **zebras**: lacks “zebras”" in told
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 1
    told = text(shown(await scene.member.click(card, label="Why?")))
    message = scene.papers.last_message
    assert message is not None
    assert f"https://discord.com/channels/{scene.guild.id}/{scene.papers.id}/{message.id}" in told
    assert "What was shown here is never shown again." in told
    # Elsewhere nothing came of it.
    card = shown(await scene.member.slash(scene.other, "paper", id="2603.28767"))
    assert "Nothing is followed here" in text(shown(await scene.member.click(card, label="Why?")))
