"""A paper's card as a member opens it: by typing, from an answer, after a restart, and never another server's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord

from bot.digest import handle
from bot.models import Button, FeedLink, GuildId, Post, Text
from cogs._layout import layout
from storage import additions, upkeep
from storage.database import Database
from tests.cogs.scene import Scene, buttons, parts, shown, text
from tests.making import NOW, entry, rows, store


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


async def _digest(scene: Scene) -> discord.Message:
    """A channel's first digest."""
    await scene.subscribe("trending")
    await scene.wait(timedelta(days=1))
    assert await scene.tick() == 1
    message = scene.papers.last_message
    assert message is not None
    return message


def _details(message: discord.Message) -> list[str]:
    """The ids of the buttons beside papers."""
    return [part["custom_id"] for part in parts(message) if part.get("label") == "Details"]


async def test_anybody_opens_a_card_beside_each_paper_of_a_digest(scene: Scene) -> None:
    digest = await _digest(scene)
    titles = [
        part["content"].split("](")[0] for part in parts(digest) if part.get("content", "").startswith("**[")
    ]
    assert len(_details(digest)) == len(titles) == 8
    for title, number in zip(titles, _details(digest), strict=True):
        opened = await scene.member.click(digest, custom_id=number)
        assert opened.ephemeral
        assert parts(shown(opened))[1]["content"].startswith(f"### {title.removeprefix('**')}](")
        assert {"Abstract", "More like this", "Why?", "BibTeX"} <= buttons(shown(opened)).keys()


async def test_an_old_digest_opens_cards_after_a_restart_and_a_move_to_another_archive(
    scene: Scene, archive: Database
) -> None:
    digest = await _digest(scene)
    name = _details(digest)[0].split(":")[-1]
    ((old,),) = await rows(archive, "SELECT id FROM papers WHERE arxiv_id = ?", name)
    async with archive.write() as tx:
        await tx.execute("DELETE FROM papers WHERE id = ?", (old,))
    await store(archive, "huggingface", entry("Moved here", arxiv_id=name))
    assert await rows(archive, "SELECT id FROM papers WHERE arxiv_id = ?", name) != [(old,)]
    await scene.wait(timedelta(days=400))
    await upkeep.prune(archive, scene.bot.clock())
    scene.bot = type(scene.bot)(db=scene.bot.db, clock=scene.bot.clock, feeds=scene.bot.feeds)
    await scene.env.restart_bot(scene.bot)
    await scene.env.settle()
    card = shown(await scene.member.click(digest, custom_id=_details(digest)[0]))
    assert f"### [Moved here](https://arxiv.org/abs/{name})" in text(card)


async def test_a_card_is_unfolded_in_its_place_and_folded_again(scene: Scene, archive: Database) -> None:
    long = "Looms weave patterns of threads. " * 60
    await store(archive, "arxiv", entry("Looms", arxiv_id="2603.99999", abstract=long, authors=tuple("ABCDEFG")))
    card = shown(await scene.member.slash(scene.papers, "paper", id="2603.99999"))
    folded = text(card)
    assert "threads.\u00a0…" in folded
    assert "A, B, C, D and 3 more" in folded
    turned = await scene.member.click(card, label="Whole abstract")
    assert turned.response is not None
    assert turned.response.message.id == card.id
    assert not turned.followups
    assert long.strip() in text(turned.response.message)
    assert "7 authors\n-# A, B, C, D, E, F, G" in text(turned.response.message).replace("*", "")
    again = await scene.member.click(turned.response.message, label="Fold")
    assert again.response is not None
    assert text(again.response.message) == folded


async def test_a_card_draws_votes_over_time_and_answers_with_bibtex(scene: Scene, archive: Database) -> None:
    for day, votes in enumerate((3, 30, 64)):
        looms = entry("Looms & Threads", arxiv_id="2603.99999", authors=("Ada Lovelace",), votes=votes)
        await store(archive, "huggingface", looms, at=NOW + timedelta(days=day))
    await scene.wait(timedelta(days=3))
    card = shown(await scene.member.slash(scene.papers, "paper", id="2603.99999"))
    assert "▁▄█ 3 → 64 votes in 2 days" in text(card)
    answer = await scene.member.click(card, label="BibTeX")
    assert answer.ephemeral
    (block,) = (part["content"] for part in parts(shown(answer)) if "content" in part)
    assert block.startswith("```bibtex\n@misc{lovelace2026looms,\n  title = {Looms \\& Threads},\n")


async def test_a_paper_is_opened_by_a_doi_that_has_colons(scene: Scene, archive: Database) -> None:
    looms = entry("Looms", url="https://site.example/1", doi="10.1002/(sici)1097:3")
    await store(archive, "rss:https://site.example/f", looms)
    post = Post((Text("Looms", handle.button(looms.paper, 0)),))
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    opened = await scene.member.click(await channel.send(view=layout(post)), label="Details")
    assert "### [Looms](https://site.example/1)" in text(shown(opened))


async def test_a_servers_own_paper_opens_in_that_server_only(scene: Scene, archive: Database) -> None:
    feed = FeedLink(address="https://site.example/f", title="Site")
    await additions.add(archive, GuildId(scene.guild.id), feed, limit=1, now=NOW)
    await store(archive, additions.name_of(feed.address), entry("Stealth loom", url="https://site.example/1"))
    ((number,),) = await rows(archive, "SELECT paper_id FROM private_papers")
    post = Post((Text("**Stealth loom**", Button(label="Details", custom_id=f"paperboy:open:0:{number}")),))
    channel = scene.bot.get_channel(scene.papers.id)
    assert isinstance(channel, discord.TextChannel)
    told = text(shown(await scene.member.click(await channel.send(view=layout(post)), label="Details")))
    assert "### [Stealth loom](https://site.example/1)" in told

    other = scene.env.create_guild("Other lab")
    place = other.create_text_channel("papers")
    stranger = other.add_member(scene.env.create_user("eve"))
    channel = scene.bot.get_channel(place.id)
    assert isinstance(channel, discord.TextChannel)
    told = text(shown(await stranger.click(await channel.send(view=layout(post)), label="Details")))
    assert "No such paper is in the archive" in told
    assert "Stealth loom" not in told


async def test_a_round_up_and_what_a_digest_left_out_are_opened_from_a_menu(scene: Scene) -> None:
    digest = await _digest(scene)
    (label,) = (label for label in buttons(digest) if label.endswith(" more"))
    more = shown(await scene.admin.click(digest, label=label))
    week = shown(await scene.admin.slash(scene.papers, "weekly preview"))
    for message in (more, week):
        menu = _menu(message)
        opened = await scene.admin.select(message, [menu["options"][-1]["value"]], custom_id="paperboy:card")
        assert menu["options"][-1]["label"].removesuffix("…") in text(shown(opened))


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
        await tx.execute("DELETE FROM papers WHERE arxiv_id = ?", (chosen,))
    for label in ("More like this", "BibTeX", "All authors"):
        pressed = await scene.member.click(card, label=label)
        assert "No such paper" in text(shown(pressed))
        assert shown(pressed).flags.ephemeral


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
