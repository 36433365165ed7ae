"""`/status` and `/help` as Posts: every silence explained, every command on one screen. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.digest.answer import when_told
from bot.digest.markup import MAX_CHARACTERS, escape, local
from bot.models import Block, Channel, Feed, FeedState, Line, Post, Text, Topic, Verdict
from bot.papers.query import EXAMPLES
from bot.papers.summary import shorten
from bot.papers.trending import counted

COMMANDS = (
    ("/search", "find papers among those seen"),
    ("/subscribe", "give a channel a topic; shows first what it would have brought"),
    ("/subscriptions", "list, change and remove topics"),
    ("/digest schedule", "when the digest comes, and how long it is"),
    ("/digest preview", "look at the next digest"),
    ("/digest now", "post one right away"),
    ("/digest pause", "post nothing for a while"),
    ("/digest resume", "post again"),
    ("/status", "how sources and digests are, and why something did not come"),
    ("/help", "this page"),
)
"""(command, what it does)."""


def status_post(
    sources: Sequence[tuple[Feed, FeedState | None]],
    channels: Sequence[tuple[Channel, Sequence[Topic], Sequence[Verdict]]],
    *,
    papers: int,
) -> Post:
    """Sources, then each channel with its next digest and its last verdicts."""
    lines = [f"{_sign(state)} **{escape(feed.label)}** {_source(state)}" for feed, state in sources]
    blocks: list[Block] = [Text(f"### Sources\n-# {counted(papers, 'paper')} in the archive\n" + "\n".join(lines))]
    if not channels:
        blocks += [Line(), Text("No channel of this server has a digest yet: `/subscribe` begins.")]
    room = MAX_CHARACTERS - len(blocks[0].content if isinstance(blocks[0], Text) else "") - 200
    for channel, topics, verdicts in channels[:10]:
        text = _channel(channel, topics, verdicts)
        if len(text) > room:
            blocks.append(Text("-# More channels than fit here: ask in a channel of its own."))
            break
        room -= len(text)
        blocks += [Line(), Text(text)]
    return Post(tuple(blocks))


def _sign(state: FeedState | None) -> str:
    if state is None or state.polled_at is None:
        return "◌"
    return "⚠" if state.error else "✓"


def _source(state: FeedState | None) -> str:
    if state is None or state.polled_at is None:
        return "not read yet"
    if state.error:
        read = f"last read {local(state.succeeded_at, 'R')}" if state.succeeded_at else "never read"
        again = f", next try {local(state.next_poll_at, 'R')}" if state.next_poll_at else ""
        return f"{escape(shorten(state.error, 200))}; {read}{again}"
    when = local(state.succeeded_at, "R") if state.succeeded_at else "never"
    return f"read {when}, {counted(state.entries, 'entry').replace('entrys', 'entries')}"


def _channel(channel: Channel, topics: Sequence[Topic], verdicts: Sequence[Verdict]) -> str:
    if channel.paused:
        state = f"⚠ paused: {escape(channel.paused)}"
    elif not topics:
        state = "no topics: `/subscribe` gives it one"
    elif channel.next_due:
        state = f"next {local(channel.next_due, 'F')} ({local(channel.next_due, 'R')})"
    else:
        state = "not scheduled: `/digest resume` starts it"
    lines = [f"**<#{channel.id}>** {when_told(channel.schedule)}", state]
    if topics:
        lines.append(f"-# follows {', '.join(escape(shorten(topic.text, 40)) for topic in topics[:8])}")
    for verdict in verdicts[:10]:
        lines.append(f"-# {local(verdict.due_at)} {escape(shorten(verdict.text, 160))}")
    return "\n".join(lines)


def help_post() -> Post:
    """The commands and the query language, on one screen."""
    commands = "\n".join(f"`{name}` {about}" for name, about in COMMANDS)
    examples = "\n".join(f"`{query}` {about}" for query, about in EXAMPLES)
    return Post(
        (
            Text("### Paperboy\nA topic is a saved search; a digest is the day’s answers to a channel’s topics."),
            Text(commands),
            Line(),
            Text(f"**What a query can say**, in `/search` and `/subscribe` alike\n{examples}"),
        )
    )
