"""`/status` and `/help` as Posts: every silence explained, every command on one screen. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.digest.answer import named, paused_told, when_told
from bot.digest.markup import MAX_CHARACTERS, escape, length, local
from bot.digest.trouble import conditions
from bot.digest.weekly import when_told as weekly_told
from bot.models import (
    Block,
    Channel,
    Embedded,
    Feed,
    FeedKind,
    FeedState,
    Line,
    Post,
    Text,
    Topic,
    Verdict,
    VerdictKind,
)
from bot.papers.query import EXAMPLES
from bot.papers.summary import shorten
from bot.papers.trending import counted, short, source

CHANNELS = 10
"""Channels that one status shows."""
_SIGNS = {
    VerdictKind.POSTED: "✓",
    VerdictKind.NOTHING: "·",
    VerdictKind.QUIET: "·",
    VerdictKind.WAITING: "◌",
    **dict.fromkeys((VerdictKind.STALE, VerdictKind.MISSED, VerdictKind.PAUSED, VerdictKind.FAILED), "⚠"),
}
COMMANDS = (
    ("/search", "find papers among those seen"),
    ("/trending", "what gained most votes today, this week or this month"),
    ("/paper", "one paper: its abstract, its links, and what is like it"),
    ("/subscribe", "give a channel, or your inbox, a topic; shows first what it would have brought"),
    ("/subscriptions", "list, change and remove topics"),
    ("/digest schedule", "when the digest comes, and how long it is"),
    ("/digest preview", "look at the next digest"),
    ("/digest now", "post one right away"),
    ("/digest pause", "post nothing for a while"),
    ("/digest resume", "post again"),
    ("/weekly on", "a look back at the week, on a day and at a time of your choice"),
    ("/weekly off", "no look back any more"),
    ("/weekly preview", "look at the next one"),
    ("/feeds add", "add a feed for this server alone; shows first what it holds"),
    ("/feeds list", "this server’s own feeds, and how they are"),
    ("/feeds remove", "take one away"),
    ("/alerts", "which channel is told when a digest fails or is paused"),
    ("/status", "how sources and digests are, and why something did not come"),
    ("/forget", "take back what is stored about you"),
    ("/help", "all commands, and what a query can say"),
)
"""(command, what it does)."""
_OF_SERVERS = ("/feeds", "/alerts")
"""What is of no use in a direct message."""
_OF_ALL = ("/search", "/trending", "/paper", "/status", "/forget", "/help")
"""What everybody may use in a server."""


def status_post(
    sources: Sequence[tuple[Feed, FeedState | None]],
    channels: Sequence[tuple[Channel, Sequence[Topic], Sequence[Verdict]]],
    *,
    papers: int,
    meaning: Embedded | None = None,
    inbox: bool = False,
) -> Post:
    """Sources, then each channel (or the `inbox` of whoever asks) with its next digest and its last verdicts.
    `meaning` is told while it is not known of every paper."""
    text = f"### Sources\n-# {counted(papers, 'paper')} in the archive"
    if meaning and (meaning.trouble or meaning.done < meaning.papers):
        # Its sentence is for the operator, and may name a folder of the host.
        text += f"\n-# {'meaning: off, the operator is told why' if meaning.trouble else meaning_told(meaning)}"
    for at, (feed, state) in enumerate(sources):
        line = "".join(f"\n{told}" for told in source_lines(feed, state))
        if length(text + line) > MAX_CHARACTERS // 2:
            text += f"\n-# and {counted(len(sources) - at, 'more source')}"
            break
        text += line
    blocks: list[Block] = [Text(text)]
    if not channels:
        nobody = "You have no digest of your own" if inbox else "No channel of this server has a digest"
        blocks += [Line(), Text(f"{nobody} yet: `/subscribe` begins.")]
    room = MAX_CHARACTERS - length(text) - 200
    for at, (channel, topics, verdicts) in enumerate(channels):
        texts = (_channel(channel, topics, verdicts[:count]) for count in (10, 5, 1, 0))
        text = next((text for text in texts if length(text) <= room), "")
        if not text or at == CHANNELS:
            blocks.append(Text(f"-# and {counted(len(channels) - at, 'more channel')}"))
            break
        room -= length(text)
        blocks += [Line(), Text(text)]
    return Post(tuple(blocks))


def meaning_told(known: Embedded) -> str:
    """ "meaning: 41,200 of 100,000 papers"."""
    if known.trouble:
        return f"meaning: off. {known.trouble}"
    return f"meaning: {known.done:,} of {known.papers:,} paper{'' if known.papers == 1 else 's'}"


def source_lines(feed: Feed, state: FeedState | None) -> list[str]:
    """How a source is: a line for each condition of its lists."""
    # An operator's address may tell more than members should know.
    public = source(feed.name) if feed.kind is FeedKind.RSS and feed.trusted else feed.label
    name = escape(shorten(public, 120))
    if state is None or state.polled_at is None:
        return [f"◌ **{name}** not read yet"]
    again = f", next look {local(state.next_poll_at, 'R')}" if state.next_poll_at else ""
    if state.error:
        read = f"last read {local(state.succeeded_at, 'R')}" if state.succeeded_at else "never read"
        return [f"⚠ **{name}** {escape(shorten(state.error, 200))}; {read}{again}"]
    when = f"read {local(state.succeeded_at, 'R')}" if state.succeeded_at else "never read"
    found = conditions(state)
    if not found:
        return [f"✓ **{name}** {when}, {short(state.entries)} {'entry' if state.entries == 1 else 'entries'}"]
    lines = []
    for condition in found:
        only = condition.categories and len(found) > 1
        called = f"{escape(source(feed.name))} {escape(', '.join(condition.categories))}" if only else name
        sign, end = ("⚠", again) if condition.troubled else ("✓", f"; {when}")
        lines.append(f"{sign} **{called}** {escape(shorten(condition.told, 240))}{end}")
    return lines


def _channel(channel: Channel, topics: Sequence[Topic], verdicts: Sequence[Verdict]) -> str:
    if channel.paused:
        state = f"⚠ {paused_told(channel.paused, channel.paused_by)}"
    elif not topics:
        state = "no topics: `/subscribe` gives it one"
    elif channel.next_due:
        state = f"next {local(channel.next_due, 'F')} ({local(channel.next_due, 'R')})"
    else:
        state = "not scheduled: `/digest resume` starts it"
    lines = [f"**{named(channel.id, channel.owner, begin=True)}** {when_told(channel.schedule)}", state]
    if topics:
        lines.append(f"-# follows {', '.join(escape(shorten(topic.text, 40)) for topic in topics[:8])}")
    if channel.round_up:
        following = f", next {local(channel.round_up.next_due, 'F')}" if channel.round_up.next_due else ""
        lines.append(f"-# round-up {weekly_told(channel.round_up, channel.schedule)}{following}")
    for verdict in verdicts:
        # Why it is paused stands above.
        told = "paused" if verdict.told == f"paused: {channel.paused}" else verdict.told
        lines.append(f"-# {_SIGNS[verdict.kind]} {local(verdict.due_at)} {escape(shorten(told, 240))}")
    return "\n".join(lines)


def help_post(*, inbox: bool = False, inboxes: bool = True) -> Post:
    """The commands and the query language, on one screen. `inbox`: asked in a direct message; `inboxes`: whether
    people may have a digest of their own."""
    lines = {name: f"`{name}` {about}" for name, about in COMMANDS}
    if inbox:
        commands = "\n".join(line for name, line in lines.items() if not name.startswith(_OF_SERVERS))
    else:
        everybodys = [line for name, line in lines.items() if name in _OF_ALL]
        managers = [line for name, line in lines.items() if name not in _OF_ALL]
        commands = "\n".join(("**For everybody**", *everybodys, "**For those who manage the server**", *managers))
    if inboxes:
        here = "Here, in a direct message" if inbox else "In a direct message to me"
        commands += f"\n-# {here}, `/subscribe` gives you a digest of your own."
    examples = "\n".join(f"`{query}` {about}" for query, about in EXAMPLES)
    return Post(
        (
            Text(
                "### Paperboy\nA topic is a saved search; a digest is the day’s answers to the topics of a "
                "channel or an inbox."
            ),
            Text(commands),
            Line(),
            Text(f"**What a query can say**, in `/search` and `/subscribe` alike\n{examples}"),
        )
    )
