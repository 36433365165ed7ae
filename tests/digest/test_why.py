"""What became of a paper, in words: every case says what happened, by which rule, and hostile text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest.markup import as_text, fits
from bot.digest.why import why_post
from bot.models import (
    Channel,
    ChannelId,
    DeliveryKind,
    DeliveryState,
    Fate,
    GuildId,
    Heat,
    Mention,
    MessageId,
    Paper,
    PaperId,
    Schedule,
    Text,
    Verdict,
    VerdictKind,
)
from tests.digest import hostile

NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)
CHANNEL = Channel(
    id=ChannelId(5),
    guild_id=GuildId(7),
    schedule=Schedule(post_at=time(13), zone="UTC", days=frozenset(range(5))),
    next_due=NOW + timedelta(days=1),
    created_at=NOW - timedelta(days=9),
)
PAPER = Paper(id=PaperId(1), title="A Paper", url="https://x.test/1", votes=34, listed_on=date(2026, 3, 31))
HEAT = Heat(expected=60.4, gained=21, place=3, of=22)
FATE = Fate(channel=CHANNEL, paper=PAPER, heat=HEAT, answers=(("agents", ("“agent” in the title",)),))
LEFT = Mention(due_at=NOW, kind=DeliveryKind.SCHEDULED, state=DeliveryState.SENT, shown=False, held="the rule")
SHOWN = replace(LEFT, shown=True, held="", message_id=MessageId(99))
VERDICT = Verdict(channel_id=ChannelId(5), due_at=NOW, at=NOW, kind=VerdictKind.NOTHING, text="nothing matched")
NEVER = "What was shown here is never shown again."


def _told(**changes: object) -> str:
    post = why_post(replace(FATE, **changes))  # type: ignore[arg-type]
    assert fits(post)
    return as_text(post)


def test_it_names_the_paper_the_topics_and_the_figures() -> None:
    told = _told(coming=True, misses=(("robots", "lacks “robots”"), ("drones", "")))
    assert told.startswith("Why? A Paper")
    assert "answers agents: “agent” in the title" in told
    assert "not robots: lacks “robots”" in told
    assert "not drones\n" in told
    assert (
        "34 votes, +21 since yesterday; place 3 of its day’s 22; about 60 to be expected by its week’s end" in told
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coming": True}, ("As of now it comes with the next digest",)),
        ({"held": "below the floor"}, ("As of now the next digest", "leaves it out: below the floor.")),
        ({"answers": ()}, ("It answers no topic that is followed here.",)),
        ({}, ("It is no news here any more: it was listed on 31 March 2026; a digest brings",)),
        ({"verdict": VERDICT}, ("no news here any more", "The digest of", "nothing matched.")),
        ({"paper": replace(PAPER, listed_on=None)}, ("it is in no list; a digest brings",)),
        (
            {"mentions": (LEFT,)},
            ("Left out of the digest of", "the rule. It stands behind the “more” button there."),
        ),
        ({"mentions": (replace(LEFT, held=""),)}, ("It stands behind the “more” button there.",)),
        ({"mentions": (LEFT,), "coming": True}, ("Left out of the digest of", "As of now it comes")),
        ({"mentions": (SHOWN,)}, ("Posted with the digest of", "/channels/7/5/99", NEVER)),
        ({"mentions": (SHOWN, LEFT)}, ("Posted with the digest of", "Left out of the digest of", NEVER)),
        ({"mentions": (replace(SHOWN, kind=DeliveryKind.EXTRA),)}, ("Posted with the digest by hand of",)),
        ({"mentions": (replace(SHOWN, kind=DeliveryKind.WEEKLY),)}, ("Posted with the round-up of",)),
        ({"mentions": (replace(SHOWN, state=DeliveryState.CLAIMED),)}, ("It is in the digest of", "on its way.")),
        ({"channel": replace(CHANNEL, paused="by hand"), "coming": True}, ("Digests are paused here.",)),
        ({"channel": replace(CHANNEL, next_due=None), "coming": True}, ("comes with the next digest.",)),
        ({"paper": replace(PAPER, votes=None), "heat": Heat()}, ("nobody counts votes for it",)),
    ],
)
def test_every_case_has_its_words(changes: dict[str, object], words: tuple[str, ...]) -> None:
    told = _told(**changes)
    assert [word for word in words if word not in told] == []


def test_a_post_that_was_refused_counts_for_nothing() -> None:
    refused = replace(SHOWN, state=DeliveryState.REFUSED)
    told = _told(mentions=(replace(refused, shown=False),), coming=True)
    assert "the digest of" not in told
    assert NEVER not in told
    assert "As of now it comes" in told
    # Where it may be there, it does not come again.
    told = _told(mentions=(refused,))
    assert "Nobody knows whether that was posted." in told
    assert NEVER in told
    assert "no news" not in told


def test_many_topics_are_counted() -> None:
    answers = tuple((f"topic {number}", ("why",)) for number in range(12))
    misses = tuple((f"other {number}", "lacks it") for number in range(13))
    told = _told(answers=answers, misses=misses)
    assert "topic 4" in told
    assert "topic 5" not in told
    assert "and 15 more topics" in told


@settings(max_examples=60)
@given(
    hostile.papers(),
    st.lists(st.tuples(hostile.queries, st.lists(hostile.lines, max_size=3).map(tuple)), max_size=7),
    st.lists(st.tuples(hostile.queries, hostile.lines), max_size=7),
    st.lists(st.sampled_from((LEFT, SHOWN)), max_size=5),
    hostile.lines,
)
def test_hostile_text_stays_text_and_fits(
    paper: Paper,
    answers: list[tuple[str, tuple[str, ...]]],
    misses: list[tuple[str, str]],
    mentions: list[Mention],
    words: str,
) -> None:
    fate = Fate(
        channel=CHANNEL,
        paper=paper,
        heat=HEAT,
        mentions=tuple(replace(mention, held=words if not mention.shown else "") for mention in mentions),
        answers=tuple(answers),
        misses=tuple(misses),
        held=words,
        verdict=replace(VERDICT, text=words),
    )
    post = why_post(fate)
    # The one address of ours is that of the message.
    ours = "https://discord.com/channels/7/5/99"
    plain = [
        replace(block, content=block.content.replace(f"[Posted]({ours})", "Posted"))
        if isinstance(block, Text)
        else block
        for block in post.blocks
    ]
    hostile.check(replace(post, blocks=tuple(plain)), papers=[paper])
