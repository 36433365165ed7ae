"""What is stored about a person, told before and after it goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.digest import post as posts
from bot.models import Button, Post, Row, Text, Traces
from bot.papers.trending import counted

_NEVER = (
    "-# I never store names, messages, members or who searched for what. Your ID is kept only with an inbox of "
    "yours, and where you pause a digest, until it is resumed, so that others know whom to ask."
)


def forget_post(traces: Traces) -> Post:
    """What would go, with a button that lets it go."""
    lines = "\n".join(f"- {told}" for told in _told(traces))
    return Post(
        (
            Text(f"### Shall I forget you?\nThis goes for good:\n{lines}"),
            Text("No digest comes to you any more. If you begin again, papers may come that you have had."),
            Row(
                (
                    Button(label="Forget me", custom_id="paperboy:forget", primary=True),
                    Button(label="Cancel", custom_id="paperboy:cancel"),
                )
            ),
            Text(_NEVER),
        )
    )


def forgotten_post(traces: Traces) -> Post:
    """What has gone."""
    told = "; ".join(_told(traces))
    gone = f"Forgotten: {told}." if told else "Nothing was stored about you."
    if traces.inbox:
        gone += (
            "\nWhat I wrote to you stays in our direct messages; a digest that was on its way at this moment may "
            "still come."
        )
    return posts.notice(f"{gone}\n{_NEVER}")


def _told(traces: Traces) -> Iterator[str]:
    if traces.inbox:
        yield (
            f"your inbox: what it follows ({counted(traces.topics, 'topic')}), its schedule, how its digests "
            f"ended, and what it was shown ({counted(traces.papers, 'paper')})"
        )
    if traces.paused:
        yield f"that it was you who paused {counted(traces.paused, 'channel')} (the pause itself stays)"
