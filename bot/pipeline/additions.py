"""Feeds that servers' admins add: looked at before they are saved, then polled, one fetch for however many
servers.

Owns: what an address that somebody typed leads to. Everything is fetched behind the address guard (the Fetch
that is passed in as `guarded`), and none of it stands in the way of the operator's sources.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.addresses import normal, shown
from bot.digest.markup import escape
from bot.errors import FeedError, UserError
from bot.feeds import links, rss
from bot.feeds.encoding import describe
from bot.feeds.text import web_url
from bot.models import (
    Feed,
    FeedKind,
    FeedLink,
    FeedOutcome,
    FeedPreview,
    Fetch,
    Fetched,
    GuildFeed,
    GuildId,
    Paper,
    Validators,
)
from bot.papers.legibility import legible
from bot.papers.summary import shorten
from bot.papers.trending import source
from bot.pipeline import ingest
from storage import additions
from storage.database import Database

LONGEST_ADDRESS = 500
"""Characters; the same as a link in a post may have."""
NEWEST = 3
"""Entries that a preview names."""
TITLE = 100
"""Characters kept of a feed's title."""
AT_ONCE = 4
"""Feeds that are polled at the same time: a slow one holds up a quarter of them."""
IN_ONE_TICK = 40

_ARXIV = re.compile(r"(?:.*\.)?arxiv\.org")
_CATEGORIES = re.compile(r"/(?:list|rss|atom)/([a-z-]+(?:\.[A-Za-z-]+)?(?:\+[a-z-]+(?:\.[A-Za-z-]+)?)*)(?:/|$)")


async def look(
    db: Database,
    guarded: Fetch,
    text: str,
    *,
    guild: GuildId,
    sources: Sequence[Feed],
    limit: int,
    now: datetime,
) -> tuple[int, FeedPreview | tuple[FeedLink, ...]]:
    """(a number that stands for it in button ids, the feed at an address, or the feeds that its page names).

    `sources` are the operator's, `limit` is how many feeds a server may have. Raises UserError with what to do.
    """
    address = typed(text)
    own = await additions.of_guild(db, guild)
    _refuse_known(address, sources, own)
    if len(own) >= limit:
        raise additions.full(limit)
    number = await additions.begin_look(db, guild, now=now)
    found = await _found(guarded, address)
    if not isinstance(found, FeedPreview) and len(found) == 1:
        _refuse_known(found[0].address, sources, own)
        found = await _named(guarded, found[0])
    if isinstance(found, FeedPreview):
        _refuse_known(found.link.address, sources, own)
    await additions.end_look(db, number, (found.link,) if isinstance(found, FeedPreview) else found)
    return number, found


def typed(text: str) -> str:
    """The address that somebody means: "example.org/blog" and "feed://example.org/blog" are web addresses.

    Raises UserError; what looks like a password or a key is neither kept nor repeated.
    """
    text = re.sub(r"^feed:(?://)?(?=https?:)", "", "".join(text.split()), flags=re.IGNORECASE)
    text = re.sub(r"^feed://", "https://", text, flags=re.IGNORECASE)
    scheme, separator, _ = text.partition("://")
    if not separator:
        text = f"https://{text}"
    elif scheme.casefold() not in ("http", "https"):
        raise UserError("A feed’s address begins with https:// or http://.")
    try:
        parts, address = urlsplit(text), normal(text)
    except ValueError:
        raise _no_address() from None
    if "@" in parts.netloc or shown(address) != address:
        raise UserError(
            "This address carries a password or a key. Everybody who may see `/feeds list` would see it too, so I "
            "do not take it: is there an address without one?"
        )
    found = web_url(address)
    if not found or "." not in (parts.hostname or "") or len(found) > LONGEST_ADDRESS:
        raise _no_address()
    return found


def _no_address() -> UserError:
    return UserError("That is no web address. Paste the address of a feed, or of a page that has one.")


def _refuse_known(address: str, sources: Sequence[Feed], own: Sequence[GuildFeed]) -> None:
    """Raises UserError for what is read already, and for what a source of the operator reads better."""
    if any(feed.address == address for feed in own):
        raise UserError("This server has that feed already: `/feeds list` shows how it is.")
    if any(feed.kind is FeedKind.RSS and normal(feed.address) == address for feed in sources):
        raise UserError(
            f"That feed is read for everybody already. `/subscribe query: source:{source(f'rss:{address}')}` "
            "follows it."
        )
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    if host in ("huggingface.co", "hf.co") and re.match(r"/papers(?:/|$)", parts.path):
        if any(feed.kind is FeedKind.HUGGINGFACE for feed in sources):
            raise UserError(
                "Hugging Face’s daily papers are read for everybody already. `/subscribe query: trending` follows "
                "them."
            )
        raise UserError(
            "Hugging Face’s daily papers are a source that only whoever runs this bot can add (`huggingface` in "
            "`PAPERBOY_SOURCES`)."
        )
    if _ARXIV.fullmatch(host):
        raise UserError(_arxiv_told(parts.path, sources))


def _arxiv_told(path: str, sources: Sequence[Feed]) -> str:
    asked = _CATEGORIES.match(path)
    if not asked:
        return "arXiv is read by category, not by page. `/search` finds its papers; `/subscribe` follows a search."
    wanted = asked[1].split("+")
    read = {category for feed in sources if feed.kind is FeedKind.ARXIV for category in feed.categories}
    if set(wanted) <= read:
        query = " OR ".join(f"cat:{category}" for category in wanted)
        return f"arXiv {', '.join(wanted)} is read for everybody already. `/subscribe query: {query}` follows it."
    missing = "+".join(category for category in wanted if category not in read)
    return (
        "arXiv’s categories are read for everybody, in one call. Only whoever runs this bot can add one "
        f"(`arxiv:{missing}` in `PAPERBOY_SOURCES`)."
    )


# --- what is there ----------------------------------------------------------------------------------


async def _found(guarded: Fetch, address: str) -> FeedPreview | tuple[FeedLink, ...]:
    """The feed at an address, or those that its page names. Raises UserError."""
    try:
        answer = await guarded(address, Validators())
    except FeedError as error:
        raise UserError(f"I could not read that address: {escape(str(error))}.") from error
    try:
        return await _preview(answer, address)
    except FeedError as error:
        named = await asyncio.to_thread(links.find, answer.body, answer.url)
        if not named:
            raise _no_feed(answer, error) from error
        return named


async def _named(guarded: Fetch, link: FeedLink) -> FeedPreview:
    try:
        return await _preview(await guarded(link.address, Validators()), link.address)
    except FeedError as error:
        raise UserError(f"This page names a feed that cannot be read: {escape(str(error))}.") from error


async def _preview(answer: Fetched, address: str) -> FeedPreview:
    """Raises FeedError where it is no feed."""
    parsed = await asyncio.to_thread(rss.parse, answer.body)
    address = _settled(address, answer.url)
    title = shorten(parsed.title, TITLE) or source(additions.name_of(address))
    papers = [entry.paper for entry in parsed.entries]
    return FeedPreview(
        link=FeedLink(address=address, title=title),
        entries=len(papers),
        recognised=sum(bool(paper.arxiv_id or paper.doi) for paper in papers),
        newest=tuple(map(legible, sorted(papers, key=_age)[:NEWEST])),
    )


def _age(paper: Paper) -> float:
    """Newest first; those without a date keep their place behind the others."""
    return -paper.published_at.timestamp() if paper.published_at else 0.0


def _settled(asked: str, answered: str) -> str:
    """The address to keep: the one that was asked for, in the spelling that its own site prefers. A redirect to
    anywhere else may be another one tomorrow."""
    try:
        settled = normal(answered)
    except ValueError:
        return asked
    return settled if _spelled(settled) == _spelled(asked) and settled == shown(settled) else asked


def _spelled(address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    return parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query


def _no_feed(answer: Fetched, error: FeedError) -> UserError:
    if describe(answer.body).startswith("an HTML page"):
        return UserError(
            "This page names no feed. Look on it for a link called “RSS”, “Atom” or “Feed”, and paste its address."
        )
    return UserError(f"There is no feed at that address: {escape(str(error))}.")


# --- what was added ---------------------------------------------------------------------------------


def handle(feed: GuildFeed) -> str:
    """A name that a menu of commands can hold: an address may be longer."""
    return hashlib.sha256(feed.name.encode()).hexdigest()[:16]


def like(text: str, own: Sequence[GuildFeed]) -> tuple[GuildFeed, ...]:
    """Those of a server's feeds that somebody may mean, as far as it was typed."""
    wanted = text.strip().casefold()
    exact = [feed for feed in own if wanted in (handle(feed), feed.address.casefold(), feed.title.casefold())]
    return tuple(exact or [feed for feed in own if wanted in f"{feed.title} {feed.address}".casefold()])


async def remove(db: Database, guild: GuildId, text: str) -> GuildFeed:
    """The feed that went. Raises UserError where it is not clear which one is meant."""
    own = await additions.of_guild(db, guild)
    if not own:
        raise UserError("This server has no feeds of its own. `/feeds add` adds one.")
    found = like(text, own)
    if len(found) != 1:
        told = "Several feeds of this server" if found else "No feed of this server"
        raise UserError(f"{told} could be meant: choose one from the list that opens as you type.")
    await additions.remove(db, guild, found[0].name)
    return found[0]


async def poll(db: Database, guarded: Fetch, *, now: datetime, every: timedelta) -> tuple[FeedOutcome, ...]:
    """Read those of all servers' feeds that are due, some at the same time; one outcome each."""
    # Each takes the next one that is left: what is remembered of all feeds is asked for once by each.
    waiting = iter((await additions.due(db, now))[:IN_ONE_TICK])
    readers = (ingest.ingest(db, guarded, waiting, now=now, poll=every, backfill_days=0) for _ in range(AT_ONCE))
    outcomes: list[FeedOutcome] = []
    for ended in await asyncio.gather(*readers, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
        outcomes += ended
    return tuple(outcomes)
