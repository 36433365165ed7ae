"""Messages of `/feeds`: what an address holds, what was added, what a server has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.digest.markup import MAX_CHARACTERS, escape, length, link, local
from bot.digest.status import source_lines
from bot.models import (
    Block,
    Button,
    Feed,
    FeedKind,
    FeedLink,
    FeedPreview,
    FeedState,
    GuildFeed,
    Line,
    Paper,
    Post,
    Row,
    Select,
    Text,
)
from bot.papers.summary import shorten
from bot.papers.trending import counted, source

_CANCEL = Button(label="Cancel", custom_id="paperboy:cancel")


def preview_post(preview: FeedPreview, number: int, *, has: int, limit: int) -> Post:
    """A feed before it is added, with a button to confirm. `number` stands for it in button ids, `has` is how
    many of `limit` feeds the server has."""
    found, host = preview.link, _host(preview.link.address)
    about = f"{preview.entries} {'entry' if preview.entries == 1 else 'entries'}"
    about += f", {preview.recognised or 'none'} with an arXiv id or a DOI"
    if not preview.entries:
        about = "empty at the moment; you can add it all the same"
    title = link(shorten(found.title, 100), found.address)
    blocks: list[Block] = [Text(f"### Add this feed?\n**{title}**\n-# {escape(host)} · {about}")]
    if preview.newest:
        blocks += [Line(), Text("\n".join(("**Newest entries**", *map(_entry, preview.newest))))]
    blocks += [
        Line(),
        Text(
            "What is new in it comes with this server’s digests, where it matches a topic; `/search` finds all of "
            f"it. Other servers see nothing of it.\n-# This server has {has} of {counted(limit, 'feed')}."
        ),
        Row((Button(label="Add", custom_id=f"paperboy:follow:{number}", primary=True), _CANCEL)),
    ]
    return Post(tuple(blocks))


def _host(address: str) -> str:
    return source(f"added:{address}")


def _entry(paper: Paper) -> str:
    when = f" · {local(paper.published_at, 'D')}" if paper.published_at else ""
    return f"- {link(shorten(paper.title, 110), paper.url)}{when}"


def choices_post(found: Sequence[FeedLink], number: int) -> Post:
    """The feeds that a page names, to choose one of them."""
    options = tuple((str(place), shorten(_choice(each), 100)) for place, each in enumerate(found))
    return Post(
        (
            Text(f"### This page names {len(found)} feeds\nWhich one do you mean?"),
            Select(f"paperboy:look:{number}", "Choose a feed to look at", options),
            Row((_CANCEL,)),
        )
    )


def _choice(found: FeedLink) -> str:
    """For a menu, which shows no markup: the title, and where it stands."""
    return " · ".join(filter(None, (shorten(found.title, 60), _bare(found.address))))


def _bare(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path.rstrip('/')}{'?' if parts.query else ''}{parts.query}"


def added_post(found: FeedLink, search: int, *, new: bool) -> Post:
    """The confirmation, and what to do next. `search` stands for `all_of` it in button ids."""
    title = f"**{escape(shorten(found.title, 100))}**"
    told = f"✓ {title} is added; its first entries are here within minutes."
    if not new:
        told = f"This server has {title} already. Nothing was changed."
    follow = Button(label="Subscribe a channel to all of it", custom_id=f"paperboy:offer:{search}")
    note = "-# `/feeds list` shows how it is, `/feeds remove` takes it away."
    return Post((Text(f"{told}\n{note}"), Row((follow,))))


def all_of(found: FeedLink) -> str:
    """The query that everything of a feed answers."""
    return f"source:{_host(found.address)}"


def list_post(own: Sequence[tuple[GuildFeed, FeedState | None]], *, limit: int) -> Post:
    """A server's feeds, and how each is; as many as fit."""
    if not own:
        return Post(
            (
                Text(
                    "This server has no feeds of its own: it gets what whoever runs this bot reads for everybody "
                    "(`/status`). `/feeds add` adds a feed for this server alone."
                ),
            )
        )
    text = (
        f"### Feeds of this server\n-# {len(own)} of {counted(limit, 'feed')}; nobody outside sees what they bring"
    )
    if not limit:
        text = "### Feeds of this server\n-# Whoever runs this bot has switched them off: none is read"
    for at, (feed, state) in enumerate(own):
        where = link(shorten(_bare(feed.address), 80), feed.address)
        told = "\n".join((*source_lines(polled(feed), state), f"-# {where}"))
        if length(f"{text}\n{told}") > MAX_CHARACTERS - 100:
            text += f"\n-# and {counted(len(own) - at, 'more feed')}"
            break
        text += f"\n{told}"
    return Post((Text(text),))


def polled(feed: GuildFeed) -> Feed:
    """A server's feed as a source."""
    return Feed(kind=FeedKind.RSS, name=feed.name, label=feed.title, address=feed.address, trusted=False)
