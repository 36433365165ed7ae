"""A server's own feeds as its admin adds, lists and removes them, and as nobody else sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.errors import FeedError
from bot.models import Fetched, GuildId, Validators
from bot.pipeline import additions
from storage import additions as kept
from storage import upkeep
from tests.cogs.scene import Scene, parts, shown, text
from tests.making import rows
from tests.pipeline.test_additions import feed, page

BLOG, SITE = "https://blog.example/feed", "https://site.example/"


class Sites:
    """The web behind the address guard: address -> what answers there."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def __call__(self, url: str, _: Validators) -> Fetched:
        self.asked.append(url)
        if url not in self.bodies:
            raise FeedError(url, "it leads to a private address [x](http://evil.test)")
        return Fetched(url=url, body=self.bodies[url])


@pytest.fixture
def sites(scene: Scene) -> Sites:
    found = Sites()
    now = scene.bot.clock()
    found.bodies[BLOG] = feed(
        ("About agent swarms", "/1", now - timedelta(hours=3)),
        ("Why *agents* @everyone [fail](http://evil.test)", "/2", now - timedelta(hours=2)),
    )
    scene.bot.guarded, scene.bot.feeds_per_server = found, 2
    return found


async def add(scene: Scene, url: str = BLOG) -> discord.Message:
    answer = await scene.admin.slash(scene.papers, "feeds add", url=url)
    assert answer.ephemeral
    return shown(answer)


async def confirm(scene: Scene, url: str = BLOG) -> str:
    pressed = await scene.admin.click(await add(scene, url), label="Add")
    assert pressed.response is not None
    return text(pressed.response.message)


async def own(scene: Scene) -> list[str]:
    return [feed.address for feed in await kept.of_guild(scene.bot.db, GuildId(scene.guild.id))]


async def read(scene: Scene) -> None:
    """What the scheduler would do."""
    assert scene.bot.guarded is not None
    await additions.poll(scene.bot.db, scene.bot.guarded, now=scene.bot.clock(), every=timedelta(hours=1))


def menu(message: discord.Message) -> dict[str, Any]:
    (found,) = (part for part in parts(message) if part["type"] == 3)
    return found


async def test_a_feed_is_previewed_then_added_then_found(scene: Scene, sites: Sites) -> None:
    twice, message = await add(scene), await add(scene, "blog.example/feed#top")
    told = text(message)
    assert "### Add this feed?" in told
    assert "2 entries, none with an arXiv id or a DOI" in told
    assert told.index("Why *agents*") < told.index("About agent swarms")
    assert "This server has 0 of 2 feeds" in told
    assert await own(scene) == []
    assert all(BLOG not in str(part.get("custom_id")) for part in parts(message))

    pressed = await scene.admin.click(message, label="Add")
    assert pressed.response is not None
    assert "is added; its first entries are here within minutes" in text(pressed.response.message)
    assert await own(scene) == [BLOG]
    offered = shown(await scene.admin.click(message, label="Subscribe a channel to all of it"))
    assert "`source:blog.example`" in text(offered)
    pressed = await scene.admin.click(twice, label="Add")
    assert pressed.response is not None
    assert "already. Nothing was changed" in text(pressed.response.message)
    assert "has that feed already" in text(await add(scene))

    await read(scene)
    found = text(shown(await scene.member.slash(scene.papers, "search", query="swarms")))
    assert "About agent swarms" in found
    assert "81 papers in the archive" in text(shown(await scene.member.slash(scene.papers, "status")))


async def test_cancel_adds_nothing(scene: Scene, sites: Sites) -> None:
    await scene.admin.click(await add(scene), label="Cancel")
    assert await own(scene) == []


async def test_a_page_with_several_feeds_asks_which(scene: Scene, sites: Sites) -> None:
    sites.bodies[SITE] = page("/a", BLOG)
    message = await add(scene, SITE)
    assert "This page names 2 feeds" in text(message)
    options = menu(message)["options"]
    assert [option["label"] for option in options] == [
        "Feed /a · site.example/a",
        f"Feed {BLOG} · blog.example/feed",
    ]
    chosen = await scene.admin.select(message, custom_id=menu(message)["custom_id"], values=[options[1]["value"]])
    assert chosen.response is not None
    assert "### Add this feed?" in text(chosen.response.message)
    await scene.admin.click(message, label="Add")
    assert await own(scene) == [BLOG]
    assert sites.asked == [SITE, BLOG]


async def test_what_a_stranger_writes_is_shown_and_nothing_else(scene: Scene, sites: Sites) -> None:
    message = await add(scene)
    raw = "\n".join(part["content"] for part in parts(message) if "content" in part)
    assert "(http://evil.test)" not in raw
    assert "@everyone" not in raw
    assert not message.mention_everyone
    refused = shown(await scene.admin.slash(scene.papers, "feeds add", url="https://inside.example"))
    raw = "\n".join(part["content"] for part in parts(refused) if "content" in part)
    assert "it leads to a private address" in raw
    assert "](http" not in raw


async def test_a_secret_in_an_address_is_neither_fetched_nor_repeated_nor_kept(scene: Scene, sites: Sites) -> None:
    answer = await add(scene, "https://ann:hunter2@blog.example/feed")
    assert "carries a password or a key" in text(answer)
    assert "hunter2" not in text(answer)
    assert sites.asked == []
    assert await rows(scene.bot.db, "SELECT count(*) FROM looks") == [(0,)]


async def test_a_server_has_so_many_feeds(scene: Scene, sites: Sites) -> None:
    late = [f"{BLOG}?{n}" for n in range(3)]
    sites.bodies |= dict.fromkeys(late, sites.bodies[BLOG])
    messages = [await add(scene, address) for address in late]
    for message in messages:
        answer = await scene.admin.click(message, label="Add")
    assert "2 of 2 feeds" in text(shown(answer))
    assert await own(scene) == late[:2]
    assert "2 of 2 feeds" in text(await add(scene))

    scene.bot.feeds_per_server = 0
    assert "switched added feeds off" in text(await add(scene))
    assert "none is read" in text(shown(await scene.admin.slash(scene.papers, "feeds list")))
    scene.bot.guarded = None
    assert "switched added feeds off" in text(await add(scene))


async def test_paperboy_is_no_way_to_fetch_anything(scene: Scene, sites: Sites) -> None:
    for number in range(5):
        assert "private address" in text(await add(scene, f"https://inside.example/{number}"))
    assert "ask again in 10 minutes" in text(await add(scene))
    assert len(sites.asked) == 5
    await scene.wait(timedelta(minutes=10))
    assert "### Add this feed?" in text(await add(scene))


async def test_an_old_preview_says_so(scene: Scene, sites: Sites) -> None:
    message = await add(scene)
    await scene.wait(timedelta(days=2))
    await upkeep.prune(scene.bot.db, scene.bot.clock())
    assert "ask again with `/feeds add`" in text(shown(await scene.admin.click(message, label="Add")))
    assert await own(scene) == []


async def test_the_list_tells_how_each_feed_is(scene: Scene, sites: Sites) -> None:
    assert "has no feeds of its own" in text(shown(await scene.admin.slash(scene.papers, "feeds list")))
    await confirm(scene)
    listed = await scene.admin.slash(scene.papers, "feeds list")
    assert listed.ephemeral
    assert "1 of 2 feeds" in text(shown(listed))
    assert "not read yet" in text(shown(listed))
    await read(scene)
    told = text(shown(await scene.admin.slash(scene.papers, "feeds list")))
    assert "✓" in told
    assert f"[blog.example/feed]({BLOG})" in told
    del sites.bodies[BLOG]
    await scene.wait(timedelta(hours=13))
    await read(scene)
    told = text(shown(await scene.admin.slash(scene.papers, "feeds list")))
    assert "⚠" in told
    assert "it leads to a private address" in told
    assert "⚠ **A Blog** it leads" in text(shown(await scene.member.slash(scene.papers, "status")))


async def test_a_feed_is_removed_by_choice_or_by_name(scene: Scene, sites: Sites) -> None:
    assert "no feeds of its own" in text(shown(await scene.admin.slash(scene.papers, "feeds remove", feed="x")))
    other = "https://other.example/feed"
    sites.bodies[other] = sites.bodies[BLOG]
    await confirm(scene)
    await confirm(scene, other)
    await read(scene)
    choices = await scene.admin.autocomplete(scene.papers, "feeds remove", "feed", "")
    assert len(choices) == 2
    (choice,) = await scene.admin.autocomplete(scene.papers, "feeds remove", "feed", "other")
    assert choice["name"].endswith(other)
    unclear = await scene.admin.slash(scene.papers, "feeds remove", feed="example")
    assert "Several feeds" in text(shown(unclear))
    assert "No feed" in text(shown(await scene.admin.slash(scene.papers, "feeds remove", feed="nothing")))

    gone = await scene.admin.slash(scene.papers, "feeds remove", feed=choice["value"])
    assert "is removed" in text(shown(gone))
    assert await own(scene) == [BLOG]
    await scene.admin.slash(scene.papers, "feeds remove", feed=BLOG)
    assert await own(scene) == []
    found = text(shown(await scene.member.slash(scene.papers, "search", query="swarms")))
    assert "No paper in the archive" in found


async def test_another_server_sees_nothing_of_it(scene: Scene, sites: Sites) -> None:
    await confirm(scene)
    await read(scene)
    await scene.subscribe("swarms")
    other = scene.env.create_guild("Elsewhere")
    manager = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    place = other.create_text_channel("papers")
    ann = other.add_member(scene.env.create_user("ann"), roles=[manager])
    await scene.env.settle()

    assert "No paper" in text(shown(await ann.slash(place, "search", query="swarms")))
    assert "matched 0 papers" in text(
        shown(await ann.slash(place, "subscribe", query="swarms", zone="UTC"))
    ).replace("**", "")
    assert "blog.example" not in text(shown(await ann.slash(place, "status")))
    assert "no feeds of its own" in text(shown(await ann.slash(place, "feeds list")))
    assert await ann.autocomplete(place, "feeds remove", "feed", "") == []

    assert "About agent swarms" in text(shown(await scene.admin.slash(scene.papers, "digest preview")))
    await scene.admin.slash(scene.papers, "digest now")
    assert "About agent swarms" in text(scene.papers.history()[-1])


async def test_feeds_are_for_managers(scene: Scene, sites: Sites) -> None:
    assert "feeds" not in scene.member.available_commands(scene.papers)


async def test_status_tells_members_an_operators_feed_by_its_site(scene: Scene) -> None:
    from bot import config

    scene.bot.feeds = config.load({"PAPERBOY_SOURCES": "rss:https://lab.example/inside/secret-path?x=1"}).feeds
    status = text(shown(await scene.member.slash(scene.papers, "status")))
    assert "**lab.example** not read yet" in status
    assert "secret-path" not in status
