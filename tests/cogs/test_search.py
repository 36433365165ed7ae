"""Search, status and help as a member sees them."""

from __future__ import annotations

import discord

from bot.digest.status import COMMANDS
from bot.papers.query import EXAMPLES, parse
from storage.database import Database
from tests.cogs.scene import Scene, buttons, shown, text


async def test_pages_turn_both_ways(scene: Scene) -> None:
    found = await scene.member.slash(scene.papers, "search", query="diffusion")
    assert found.ephemeral
    message = shown(found)
    assert "**12 papers** for `diffusion` · page 1 of 3" in text(message)
    assert buttons(message)["Previous"]["disabled"]
    turned = await scene.member.click(message, label="Next")
    assert turned.response is not None
    assert "page 2 of 3" in text(turned.response.message)
    back = await scene.member.click(message, label="Previous")
    assert back.response is not None
    assert "page 1 of 3" in text(back.response.message)


async def test_a_page_of_a_forgotten_search_says_so(scene: Scene) -> None:
    message = shown(await scene.member.slash(scene.papers, "search", query="diffusion"))
    async with scene.bot.db.write() as tx:
        await tx.execute("DELETE FROM searches")
    assert "ask it again" in text(shown(await scene.member.click(message, label="Next")))


async def test_nothing_found_says_what_to_try(scene: Scene) -> None:
    answer = text(shown(await scene.member.slash(scene.papers, "search", query="zebra")))
    assert "No paper in the archive answers `zebra`" in answer
    assert "/help" in answer


async def test_nothing_found_offers_the_search_without_the_part_that_leaves_nothing(scene: Scene) -> None:
    message = shown(await scene.member.slash(scene.papers, "search", query="diffusion cat:cs votes:>=5000"))
    assert "`votes:>=5000` leaves nothing: without it there are **3 papers**." in text(message)
    assert "Alone: `diffusion` 12 papers; `cat:cs`" in text(message)
    asked = await scene.member.click(message, label="Search without votes:>=5000")
    assert asked.response is not None
    assert "**3 papers** for `diffusion cat:cs`" in text(asked.response.message)


async def test_nothing_found_tells_what_nobody_has(scene: Scene) -> None:
    answer = shown(await scene.member.slash(scene.papers, "search", query="author:zebrowski cat:cs.QQ"))
    assert "No paper has `author:zebrowski` or `cat:cs.qq`." in text(answer)
    assert not buttons(answer)


async def test_wider_hits_are_marked(scene: Scene) -> None:
    answer = text(shown(await scene.member.slash(scene.papers, "search", query="zebra diffusion")))
    assert "No paper** has all the words of" in answer
    assert "only some of the words" in answer


async def test_a_hostile_query_mentions_nobody_and_breaks_nothing(scene: Scene) -> None:
    for query in ("@everyone", "` **x** `", "<@1>", "x" * 900, "' OR 1=1 --", "title:x NEAR(a b)", "{a} ^b *"):
        message = shown(await scene.member.slash(scene.papers, "search", query=query))
        assert not message.mention_everyone
        assert not message.mentions


async def test_status_tells_sources_and_channels(scene: Scene) -> None:
    await scene.subscribe("agent")
    status = text(shown(await scene.member.slash(scene.papers, "status")))
    assert "◌ **Hugging Face** not read yet" in status
    assert "79 papers in the archive" in status
    assert "follows agent" in status
    assert "next <t:" in status


async def test_help_names_every_command_and_example(scene: Scene) -> None:
    told = text(shown(await scene.member.slash(scene.papers, "help")))
    names = {command.qualified_name for command in scene.bot.tree.walk_commands()} - {"digest", "feeds", "weekly"}
    assert names == {name.removeprefix("/") for name, _ in COMMANDS}
    assert all(f"`{name}`" in told for name, _ in COMMANDS)
    everybodys = told.partition("**For everybody**")[2].partition("**For those who manage the server**")[0]
    assert {name for name, _ in COMMANDS if f"`{name}`" in everybodys} == {
        f"/{name}" for name in scene.member.available_commands(scene.papers)
    }
    assert all(f"`{query}`" in told for query, _ in EXAMPLES)


def test_the_examples_of_the_help_are_queries() -> None:
    for query, _ in EXAMPLES:
        parse(query)


async def test_a_bug_is_answered_kindly_and_logged(scene: Scene, archive: Database) -> None:
    scene.faults_expected = True
    async with archive.write() as tx:
        await tx.execute("DROP TABLE listings")
    answer = await scene.member.slash(scene.papers, "search", query="diffusion")
    assert "Something went wrong on my side" in text(shown(answer))


async def test_wider_hits_can_be_reached_and_the_count_of_pages_stays(scene: Scene) -> None:
    """Five papers have both words; those with one of them begin on the second page."""
    message = shown(await scene.member.slash(scene.papers, "search", query="benchmark agents"))
    assert "page 1 of" in text(message)
    pages = text(message).partition("page 1 of ")[2].split()[0]
    turned = await scene.member.click(message, label="Next")
    assert turned.response is not None
    assert f"page 2 of {pages}" in text(turned.response.message)
    assert "only some of the words" in text(turned.response.message)


async def test_a_hidden_channel_stays_hidden_in_status(scene: Scene) -> None:
    hidden = scene.guild.create_text_channel(
        "hidden",
        overwrites={
            scene.guild.default_role: discord.PermissionOverwrite(view_channel=False),
        },
    )
    async with scene.bot.db.write() as tx:
        await tx.execute(
            "INSERT INTO channels (id, guild_id, post_at, zone, days, size, next_due, created_at) "
            "VALUES (?, ?, '13:00', 'UTC', '01234', 8, 1775048400, 0)",
            (hidden.id, scene.guild.id),
        )
        await tx.execute(
            "INSERT INTO topics (channel_id, query, created_at) VALUES (?, 'stealth robot', 0)", (hidden.id,)
        )
    assert "stealth robot" not in text(shown(await scene.member.slash(scene.papers, "status")))
    owner = scene.guild.add_member(
        scene.env.create_user("root"),
        roles=[scene.guild.create_role("Root", permissions=discord.Permissions(administrator=True))],
    )
    assert "stealth robot" in text(shown(await owner.slash(scene.papers, "status")))


async def test_options_narrow_a_search_and_offer_what_there_is(scene: Scene) -> None:
    async def offered(option: str, typed: str) -> list[str]:
        return [
            choice["value"] for choice in await scene.member.autocomplete(scene.papers, "search", option, typed)
        ]

    categories = await offered("category", "cs.")
    assert categories
    assert all(name.startswith("cs.") for name in categories)
    authors = await offered("author", "")
    assert len(authors) == 25
    assert authors[0] in await offered("author", authors[0].split()[-1][:3].lower())
    async with scene.bot.db.write() as tx:
        for name in ("huggingface", "arxiv", "rss:https://blog.example/feed", "added:https://secret.example/feed"):
            await tx.execute("INSERT OR REPLACE INTO feeds (name, first_at) VALUES (?, 1)", (name,))
    assert await offered("source", "") == ["arxiv", "huggingface", "blog.example"]
    assert await offered("source", "hugg") == ["huggingface"]
    for hostile in ('"', "*", ")", "a;b", "NEAR(", "\0"):
        assert isinstance(await offered("author", hostile), list)
    found = await scene.member.slash(
        scene.papers, "search", query="diffusion", source="huggingface", since="30d", sort="votes"
    )
    assert "for `diffusion source:huggingface since:30d sort:votes`" in text(shown(found))
