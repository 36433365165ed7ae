"""What an address leads to before it is added, and what comes of it after: over real servers on this machine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot import config
from bot.errors import UserError
from bot.fetch import Fetcher
from bot.models import Channel, ChannelId, FeedLink, FeedOutcome, FeedPreview, GuildId
from bot.pipeline import additions, ask, candidates, draft, ranking
from storage import additions as kept
from storage import channels, feeds
from storage.database import Database
from tests.making import ARXIV, HF, NOW, channel, entry, rows, store
from tests.pipeline.sources import World, breaks_off, says, serving, unless_known

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVE, ANN = GuildId(1), GuildId(2)
SOURCES = config.load(
    {
        "PAPERBOY_SOURCES": "huggingface arxiv:cs.CL+stat.ML rss:https://user:pw@lab.example/feed?a=1 rss:https://b.example/f"
    }
).feeds


class Web(World):
    """Sites of strangers: path -> (title, path, day) of a feed's entries."""

    def __init__(self) -> None:
        super().__init__()
        self.blogs: dict[str, list[tuple[str, str, datetime | None]]] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.blogs and request.path not in self.faults:
            self.asked.append(request)
            return unless_known(request, feed(*self.blogs[request.path]))
        return await super().answer(request)


def feed(*entries: tuple[str, str, datetime | None], title: str = "A Blog") -> bytes:
    items = "".join(
        f"<item><title>{name}</title><link>https://blog.example{path}</link>"
        + (f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate>" if at else "")
        + "</item>"
        for name, path, at in entries
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>".encode()


def page(*hrefs: str) -> bytes:
    links = "".join(f"<link rel=alternate type=application/rss+xml title='Feed {h}' href='{h}'>" for h in hrefs)
    return f"<!doctype html><html><head><title>*Site*</title>{links}</head><body>".encode()


@pytest.fixture
async def sites() -> AsyncIterator[Web]:
    async with serving(Web()) as served:
        assert isinstance(served, Web)
        served.blogs["/feed"] = [
            ("Older", "/1", NOW - 3 * DAY),
            ("About arXiv:2603.00001", "/2", NOW - DAY),
            ("Newest", "/3", NOW - HOUR),
            ("Undated", "/4", None),
        ]
        yield served


async def look(
    db: Database, sites: Web, address: str, *, guild: GuildId = ANN, limit: int = 10, at: datetime = NOW
) -> tuple[int, FeedPreview | tuple[FeedLink, ...]]:
    async with Fetcher(version="test", pauses={}) as fetch:
        return await additions.look(
            db, fetch, address.replace("BASE", sites.base), guild=guild, sources=SOURCES, limit=limit, now=at
        )


async def refused(db: Database, sites: Web, address: str, **options: Any) -> str:
    with pytest.raises(UserError) as raised:
        await look(db, sites, address, **options)
    return str(raised.value)


async def poll(db: Database, at: datetime) -> tuple[FeedOutcome, ...]:
    async with Fetcher(version="test", pauses={}) as fetch:
        return await additions.poll(db, fetch, now=at, every=HOUR)


async def added(db: Database, guild: GuildId, address: str) -> str:
    await kept.add(db, guild, FeedLink(address=address, title="A Blog"), limit=99, now=NOW)
    return kept.name_of(address)


# --- what an address leads to -----------------------------------------------------------------------


async def test_a_feed_is_shown_before_it_is_added(db: Database, sites: Web) -> None:
    number, found = await look(db, sites, "BASE/feed")
    assert isinstance(found, FeedPreview)
    assert found.link.address == f"{sites.base}/feed"
    assert found.link.title == "A Blog"
    assert (found.entries, found.recognised) == (4, 1)
    assert [paper.title for paper in found.newest] == ["Newest", "About arXiv:2603.00001", "Older"]
    assert await kept.seen(db, ANN, number, 0) == found.link
    assert await rows(db, "SELECT count(*) FROM papers") == [(0,)]
    assert await kept.every(db) == ()


async def test_a_page_leads_to_its_feed_and_one_with_several_asks_which(db: Database, sites: Web) -> None:
    sites.faults = {
        "/blog": says(page("/feed", "/comments/feed")),
        "/news/": says(page("/feed", "more.xml")),
        "/moved": says("", status=302, Location="/news/"),
    }
    _, found = await look(db, sites, "BASE/blog")
    assert isinstance(found, FeedPreview)
    assert found.link.address == f"{sites.base}/feed"
    for path in ("/news/", "/moved"):
        number, several = await look(db, sites, f"BASE{path}")
        assert several == (
            FeedLink(address=f"{sites.base}/feed", title="Feed /feed"),
            FeedLink(address=f"{sites.base}/news/more.xml", title="Feed more.xml"),
        )
        assert await kept.seen(db, ANN, number, 1) == several[1]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (says(page()), "This page names no feed. Look on it for a link called “RSS”"),
        (says("{}"), "There is no feed at that address: this is not a feed: expected RSS or Atom, found JSON."),
        (says(b""), "found an empty body"),
        (says("_@everyone_ [x](http://evil.test)"), "found text that begins “_@\u200beveryone_ [x](http://evil.test)”"),
        (says(page("/gone")), "a feed that cannot be read: 127.0.0.1 has nothing at this address (HTTP 404)"),
        (says(page("/self")), "This page names a feed that cannot be read: this is not a feed"),
        (says("", status=500), "127.0.0.1 has trouble of its own (HTTP 500)"),
        (breaks_off, "broke off"),
    ],
)  # fmt: skip
async def test_where_there_is_no_feed_it_says_what_there_is(
    db: Database, sites: Web, body: Any, told: str
) -> None:
    sites.faults = {"/self": body}
    answer = await refused(db, sites, "BASE/self")
    assert told in re.sub(r"\\([^a-z0-9\s])", r"\1", answer)
    assert "](http://" not in answer


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://Example.ORG", "https://example.org/"),
        ("example.org/blog", "https://example.org/blog"),
        (" feed://example.org/a ", "https://example.org/a"),
        ("feed:https://example.org/a", "https://example.org/a"),
        ("FEED:http://example.org:80/a#top", "http://example.org/a"),
        ("https://example.org:443/a?utm_source=x&b=2", "https://example.org/a?b=2"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://example.org:8443/a`b", "https://example.org:8443/a%60b"),
    ],
)
def test_an_address_is_taken_as_people_write_it(typed: str, address: str) -> None:
    assert additions.typed(typed) == address


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("https://ann:hunter2@a.example/f", "carries a password or a key"),
        ("ann:hunter2@a.example/f", "carries a password or a key"),
        ("https://a.example/f?api_key=hunter2", "carries a password or a key"),
        ("https://a.example/f?x=1&token=hunter2", "carries a password or a key"),
        ("ftp://a.example/f", "begins with https://"),
        ("javascript://hunter2.example", "begins with https://"),
        ("my blog", "no web address"),
        ("localhost", "no web address"),
        ("https://[", "no web address"),
        ("https://a.example:99999/", "no web address"),
        ("", "no web address"),
        ("a.example/" + "x" * 500, "no web address"),
    ],
)
def test_what_is_no_address_or_carries_a_secret_is_refused_and_not_repeated(typed: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as raised:
        additions.typed(typed)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://b.example/f#x", "read for everybody already. `/subscribe query: source:b.example`"),
        ("https://huggingface.co/papers", "read for everybody already. `/subscribe query: trending`"),
        ("https://hf.co/papers/2603.00001", "read for everybody already"),
        ("https://arxiv.org/list/cs.CL/recent", "arXiv cs.CL is read for everybody already."),
        ("https://rss.arxiv.org/rss/cs.CL+stat.ML", "`/subscribe query: cat:cs.CL OR cat:stat.ML`"),
        ("https://export.arxiv.org/rss/cs.CL+cs.RO", "(`arxiv:cs.RO` in `PAPERBOY_SOURCES`)"),
        ("https://rss.arxiv.org/atom/math", "(`arxiv:math` in `PAPERBOY_SOURCES`)"),
        ("https://arxiv.org/abs/2603.00001", "arXiv is read by category"),
        ("http://export.arxiv.org/api/query?search_query=all:x", "arXiv is read by category"),
    ],
)  # fmt: skip
async def test_what_the_operator_reads_is_not_added(db: Database, sites: Web, address: str, told: str) -> None:
    assert told in await refused(db, sites, address)
    assert await rows(db, "SELECT count(*) FROM looks") == [(0,)]


async def test_what_a_server_has_and_one_feed_too_many_are_refused_before_anything_is_fetched(
    db: Database, sites: Web
) -> None:
    await added(db, ANN, f"{sites.base}/feed")
    assert "has that feed already" in await refused(db, sites, "BASE/feed")
    assert "1 of 1 feeds" in await refused(db, sites, "BASE/other", limit=1)
    assert "switched added feeds off" in await refused(db, sites, "BASE/other", guild=EVE, limit=0)
    assert sites.paths() == []
    # A page whose feed the server has.
    sites.faults = {"/blog": says(page("/feed"))}
    assert "has that feed already" in await refused(db, sites, "BASE/blog")
    assert sites.paths() == ["/blog"]
    assert isinstance((await look(db, sites, "BASE/feed", guild=EVE))[1], FeedPreview)


async def test_looks_are_counted_whatever_comes_of_them(db: Database, sites: Web) -> None:
    for _ in range(kept.LOOKS):
        await refused(db, sites, "BASE/nothing")
    assert "ask again in 10 minutes" in await refused(db, sites, "BASE/feed")
    assert len(sites.paths()) == kept.LOOKS
    await look(db, sites, "BASE/feed", at=NOW + 10 * MINUTE)


async def test_an_address_inside_is_refused_by_the_guard(db: Database, sites: Web) -> None:
    sites.faults = {"/blog": says(page("/feed"))}
    async with Fetcher(version="test", pauses={}, timeout=5) as fetch:
        for path in ("/feed", "/blog"):
            with pytest.raises(UserError, match="I could not read that address"):
                await additions.look(
                    db, fetch.guarded, f"{sites.base}{path}", guild=ANN, sources=(), limit=1, now=NOW
                )
        await added(db, ANN, f"{sites.base}/feed")
        (outcome,) = await additions.poll(db, fetch.guarded, now=NOW, every=HOUR)
    assert outcome.error
    assert sites.paths() == []


async def test_a_redirect_is_followed_and_only_another_spelling_is_kept(db: Database, sites: Web) -> None:
    sites.blogs["/feed/"] = sites.blogs["/feed"]
    sites.faults = {
        "/feed": says("", status=301, Location="/feed/"),
        "/old": says("", status=301, Location="/feed/"),
    }
    for path, settled in (("/feed", "/feed/"), ("/old", "/old")):
        _, found = await look(db, sites, f"BASE{path}")
        assert isinstance(found, FeedPreview)
        assert found.link.address == f"{sites.base}{settled}"


# --- what comes of it -------------------------------------------------------------------------------


async def test_one_fetch_serves_all_servers_and_a_feed_that_fails_is_asked_less_and_less(
    db: Database, sites: Web
) -> None:
    for guild in (EVE, ANN):
        await added(db, guild, f"{sites.base}/feed")
        await added(db, guild, f"{sites.base}/gone")
    outcomes = await poll(db, NOW)
    assert sorted((outcome.new, bool(outcome.error)) for outcome in outcomes) == [(0, True), (4, False)]
    assert sorted(sites.paths()) == ["/feed", "/gone"]
    assert await poll(db, NOW + MINUTE) == ()
    at, pauses = NOW, []
    for _ in range(12):
        following = (await feeds.states(db))[kept.name_of(f"{sites.base}/gone")].next_poll_at
        assert following
        pauses.append(following - at)
        at = following
        await poll(db, at)
    assert pauses[0] < HOUR < DAY <= pauses[-1] <= 1.1 * DAY
    # What did not change is not sent again.
    unchanged = [outcome for outcome in await poll(db, at + 2 * DAY) if not outcome.error]
    assert [outcome.not_modified for outcome in unchanged] == [True]


async def test_a_feed_that_never_ends_holds_up_no_other(db: Database, sites: Web) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def endless(_: web.Request) -> web.Response:
        begun.set()
        await over.wait()
        return web.Response(status=500)

    sites.faults = {"/endless": endless}
    for path in ("/endless", "/feed", *(f"/feed?{n}" for n in range(9))):
        await added(db, ANN, f"{sites.base}{path}")
    polling = asyncio.create_task(poll(db, NOW))
    async with asyncio.timeout(60):
        await begun.wait()
        while len([state for state in (await feeds.states(db)).values() if state.succeeded_at]) < 10:
            assert not polling.done()
    over.set()
    outcomes = await polling
    assert [bool(outcome.error) for outcome in outcomes].count(True) == 1
    assert len(outcomes) == 11


async def test_the_health_of_an_added_feed_is_told_by_its_own_past(db: Database, sites: Web) -> None:
    name = await added(db, ANN, f"{sites.base}/feed")
    del sites.blogs["/feed"][-1]
    await poll(db, NOW)
    sites.blogs["/feed"].insert(0, ("Another", "/5", NOW + DAY))
    await poll(db, NOW + DAY)
    (health,) = (await feeds.states(db))[name].health
    assert (health.sighting.entries, health.sighting.new) == (4, 1)


# --- two servers ------------------------------------------------------------------------------------


async def of(db: Database, number: int) -> Channel:
    found = await channels.get(db, ChannelId(number))
    assert found
    return found


async def told(db: Database, number: int, at: datetime = NOW) -> list[str]:
    """The titles of a channel's digest, or why there is none."""
    drafted = await draft.upcoming(db, await of(db, number), now=at)
    digest, why = drafted.digest, drafted.why
    assert [match.paper.id for match in (*digest.papers, *digest.more)].count(None) == 0
    return sorted(match.paper.title for match in (*digest.papers, *digest.more)) or [why]


async def test_a_digest_a_search_and_a_preview_have_what_their_own_server_added(db: Database, sites: Web) -> None:
    """Three servers in one tick: two with a feed of their own, one with none."""
    for number, guild in ((1, EVE), (2, ANN), (3, GuildId(3))):
        await channel(db, number, "paper", "trending", guild=guild, created=NOW - DAY)
    sites.blogs = {"/eve": [("Paper of Eve", "/e", NOW - HOUR)], "/ann": [("Paper of Ann", "/a", NOW - HOUR)]}
    await added(db, EVE, f"{sites.base}/eve")
    await added(db, ANN, f"{sites.base}/ann")
    await store(db, ARXIV, entry("Paper for All", arxiv_id="2603.00001"))
    await poll(db, NOW)
    expected = {1: ["Paper for All", "Paper of Eve"], 2: ["Paper for All", "Paper of Ann"], 3: ["Paper for All"]}

    matched = candidates.Candidates(db, NOW)
    for number, titles in expected.items():
        found = await of(db, number)
        drafted = await draft.draft(db, found, await draft.topics_of(db, found), matched, now=NOW, moment=NOW)
        assert sorted(match.paper.title for match in drafted.digest.papers) == titles
        assert await told(db, number) == titles

        assert found.guild_id
        own = await kept.own(db, found.guild_id)
        answer = await ask.search(db, "paper", now=NOW, own=own)
        assert sorted(hit.paper.title for hit in answer.hits) == titles
        await ranking.catch_up(db)
        wider = await ask.search(db, "paper nowhere", now=NOW, own=own)
        assert sorted(hit.paper.title for hit in wider.hits) == titles
        offer = await ask.offer(db, found.id, found.owner, "paper", None, now=NOW)
        assert sorted(paper.title for paper in offer.papers) == titles
    # Whoever runs the bot sees everything.
    digest, _ = await draft.preview(db, ["paper"], now=NOW)
    assert len(digest.papers) == 3

    (eve,) = await kept.of_guild(db, EVE)
    await kept.remove(db, EVE, eve.name)
    assert await told(db, 1) == ["Paper for All"]


async def test_why_there_is_no_digest_names_no_other_servers_papers_or_feeds(db: Database, sites: Web) -> None:
    for number, guild in ((1, EVE), (2, ANN)):
        await channel(db, number, "zebra -paper", guild=guild, created=NOW - DAY)
    sites.blogs = {"/eve": [("Zebra Paper of Eve", "/e", NOW - HOUR)]}
    name = await added(db, EVE, f"{sites.base}/eve")
    await store(db, HF, entry("A Study"))
    await poll(db, NOW)
    sites.faults = {"/eve": says("", status=500)}
    at = NOW + 13 * HOUR
    await poll(db, at)

    async def why(number: int) -> str:
        return (await draft.upcoming(db, await of(db, number), now=at)).why

    theirs, ours = await why(1), await why(2)
    assert "2 papers seen" in theirs
    assert "nearest miss: “Zebra Paper of Eve”" in theirs
    assert "127.0.0.1" in theirs
    assert "1 paper seen" in ours
    assert "Eve" not in ours
    assert "127.0.0.1" not in ours
    assert name not in ours
