"""What a channel reads: the digest as a Post, inside Discord's limits.

Owns: the digest and its "n more". Refuses: Discord's library; a Post is plain data that `cogs` turns into
components one to one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bot.digest import handle, markup
from bot.digest.markup import escape, link, local
from bot.models import (
    Block,
    Button,
    DeliveryId,
    Digest,
    Line,
    Match,
    Paper,
    Post,
    Row,
    Text,
)
from bot.papers.rewriting import model_of
from bot.papers.summary import LIMIT, shorten, whole
from bot.papers.trending import counted, gain, short

TITLE = 200
"""Characters of a title."""
REASONS = 200
"""Characters of the words that tell why a paper is there."""
PARTED = 8
"""Papers that have room for a line before each: a paper, its button and a line are four of Discord's forty
components."""
BY_MODEL = "✦"
_FULL = ("all ", "no room ")
"""How rules begin that say only that others stood before: it goes without saying."""
BY_OWN_MODEL = "✧"
_SAID = ("by ", "from ", "in ", "only ", "spelled ")
_LATE = "\n-# Late: it was due {}"
_ROOM = datetime(2026, 1, 1, tzinfo=UTC)
"""A digest that fits with this as its due time fits late as well."""


def digest_post(digest: Digest, delivery: DeliveryId) -> tuple[Post, Digest]:
    """The day's one message, and the digest as it fits there: what does not fit moves to "n more".

    Summaries are shortened evenly before a paper is moved.
    """
    while True:
        for limit in range(LIMIT, 59, -20):
            post = _digest(digest, delivery, limit)
            if markup.fits(late(post, _ROOM)):
                return post, digest
        *papers, last = digest.papers
        moved = dataclasses.replace(last, held="no room was left in the message")
        digest = dataclasses.replace(digest, papers=tuple(papers), more=(moved, *digest.more))


def late(post: Post, due_at: datetime) -> Post:
    """The digest with a line that says when it was due."""
    first, *others = post.blocks
    if not isinstance(first, Text):
        return post
    told = dataclasses.replace(first, content=f"{first.content}{_LATE.format(local(due_at))}")
    return Post((told, *others))


def _digest(digest: Digest, delivery: DeliveryId, limit: int) -> Post:
    topics = ", ".join(escape(shorten(topic, 40)) for topic in digest.topics[:6])
    found = len(digest.papers) + digest.left
    of = f" of {counted(found, 'paper')}" if digest.left else f" paper{'' if found == 1 else 's'}"
    lines = [
        f"## {digest.day:%A} {digest.day.day} {digest.day:%B}",
        f"-# {len(digest.papers)}{of} on {topics}",
    ]
    if marks := _marks(digest):
        lines.append(f"-# {marks}")
    blocks: list[Block] = [Text("\n".join(lines))]
    risen = [match for match in digest.papers if match.late]
    for at, match in enumerate(digest.papers):
        headed = risen and at in (0, len(risen))
        if headed or at == 0 or len(digest.papers) <= PARTED:
            blocks.append(Line())
        if headed:
            blocks.append(Text(_risen(risen, digest.day) if at == 0 else "### New"))
        told = _match(match, limit, alone=len(digest.topics) == 1)
        blocks.append(Text(told, handle.button(match.paper, at)))
    more = Button(
        label=f"{digest.left} more" if digest.left else "That is all for today",
        custom_id=f"paperboy:more:{delivery}",
        disabled=not digest.left,
    )
    source = (Button(label="The day at the source", url=digest.source_url),) if digest.source_url else ()
    blocks.append(Row((more, *source)))
    return Post(tuple(blocks))


def _marks(digest: Digest) -> str:
    """What the signs behind summaries mean: "✦ marks summaries by Hugging Face’s model; the others quote the
    abstract", as far as there are others."""
    authors = {match.summary_by for match in digest.papers}
    own = next(filter(None, map(model_of, sorted(authors))), "")
    marks = [f"{BY_MODEL} marks summaries by Hugging Face’s model"] if "Hugging Face" in authors else []
    if own:
        begin = f"{BY_OWN_MODEL} {'those' if marks else 'marks summaries'} by"
        marks.append(f"{begin} {escape(shorten(own, 40))}, checked against the abstract")
    others = any(match.summary and not sign(match.summary_by) for match in digest.papers)
    return ", ".join(marks) + ("; the others quote the abstract" if marks and others else "")


def _risen(late: Sequence[Match], day: date) -> str:
    """The heading of what the last digest was too early for: "Yesterday, after the digest"."""
    days = sorted({match.paper.listed_on for match in late if match.paper.listed_on})
    if len(days) == 1 and days[0] >= day:
        # West of New York the evening's list is tomorrow's, and open when the digest before comes.
        return "### Since the last digest"
    if len(days) == 1:
        return f"### {'Yesterday' if (day - days[0]).days == 1 else f'{days[0]:%A}'}, after the digest"
    lists = " and ".join(f"{each:%A}’s" for each in days) if len(days) == 2 else "the last days’"
    return f"### Late risers\n-# listed or risen after the last digest, from {lists} lists"


def _match(match: Match, limit: int, *, alone: bool) -> str:
    """One paper. The name of the channel's only topic, `alone`, says nothing under each."""
    words = shorten("; ".join(said(match.reasons)[:2]), REASONS)
    topics = ", ".join(shorten(topic, 40) for topic in match.topics[:3])
    why = f"{escape(topics)}{f': {escape(words)}' if words else ''}"
    told = summary_told((match.summary, match.summary_by), limit)
    return card(match.paper, told, facts(match.paper, match.gained), f"↳ {why}" if words or not alone else "")


def card(paper: Paper, told: str, about: str, why: str) -> str:
    """A paper in a message: its title, then (as markdown) what it tells, facts and reasons."""
    lines = [f"**{link(shorten(paper.title, TITLE), paper.url)}**"]
    if told:
        lines.append(told)
    lines.append(f"-# {about}")
    if why:
        lines.append(f"-# {why}")
    return "\n".join(lines)


def summary_told(summary: tuple[str, str], limit: int) -> str:
    """(a summary, its author) as markdown, of at most `limit` characters."""
    text, author = summary
    return f"{escape(whole(text, limit))}{sign(author)}" if text else ""


def sign(author: str) -> str:
    """What marks a text by its author's model."""
    if model_of(author):
        return f"\u00a0{BY_OWN_MODEL}"  # never alone on a line
    return f"\u00a0{BY_MODEL}" if author == "Hugging Face" else ""


def said(reasons: Sequence[str]) -> list[str]:
    """The reasons that the line of facts does not tell already."""
    return [reason for reason in reasons if "“" in reason or reason.startswith(_SAID)]


def facts(paper: Paper, gained: int | None = None) -> str:
    """One line: votes, those `gained` since yesterday, stars, authors, organisation."""
    parts = []
    if paper.votes is not None:
        rise = f" ({gain(gained)})" if gain(gained) else ""
        parts.append(f"▲ {short(paper.votes)}{rise}")
    if paper.stars:
        parts.append(f"★ {short(paper.stars)}")
    elif paper.repository:
        parts.append("code")
    if paper.authors:
        others = len(paper.authors) - 2
        names = ", ".join(shorten(name, 40) for name in paper.authors[:2])
        parts.append(escape(names) + (f" +{others}" if others > 0 else ""))
    if paper.organization:
        parts.append(escape(shorten(paper.organization, 40)))
    return " · ".join(parts) or escape(shorten(paper.key, 80))


def more_post(left: Sequence[tuple[Paper, str]], day: datetime, beyond: int = 0) -> Post:
    """What a digest left out, and by which rule, as many as fit, and how many these are not; `beyond`: those that
    are not named."""
    lines = []
    for paper, held in left:
        votes = f"▲ {short(paper.votes)} " if paper.votes is not None else ""
        why = f"\n  -# {escape(held)}" if held and not held.startswith(_FULL) else ""
        lines.append(f"- {votes}{link(shorten(paper.title, 120), paper.url)}{why}")
    heading = f"### Also for {local(day, 'D')}"
    for count in range(len(lines), -1, -1):
        others = len(lines) - count + beyond
        note = f"\n-# and {others} more: `/search` finds them" if others else ""
        shown = [paper for paper, _ in left[:count]]
        post = Post((Text("\n".join([heading, *lines[:count]]) + note), *handle.menu(shown)))
        if markup.fits(post):
            break
    return post


def notice(text: str) -> Post:
    """A short word from the bot (markdown, already escaped)."""
    return Post((Text(text.encode("utf-16-le")[: 2 * markup.MAX_CHARACTERS].decode("utf-16-le", "ignore")),))
