"""Papers and texts as bad as a source could send them, and what holds for every message made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from bot.digest import markup
from bot.models import (
    Button,
    Channel,
    ChannelId,
    Digest,
    GuildId,
    Line,
    Match,
    Observation,
    Paper,
    PaperId,
    Post,
    Row,
    Schedule,
    Select,
    Text,
    Topic,
    TopicId,
    UserId,
)
from bot.papers import rewriting
from bot.papers.summary import summarise
from cogs._layout import layout

NOW = datetime(2026, 3, 31, 13, tzinfo=UTC)

PIECES = (
    *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</help:1>", "<:x:1>", "<t:0:R>", "<id:guide>"),
    *("[https://arxiv.org](https://evil.test)", "[x](<javascript:alert(1)>)", "javascript:alert(1)", "data:,x"),
    *("[x](http://evil.test)", "](http://evil.test)", "http://evil.test", "<http://evil.test>", "discord.gg/x"),
    *("*", "**", "_", "__", "~~", "||", "`", "```", "\\", "\\\\", "[", "]", "(", ")", "#", "##", "-#", ">", ">>>"),
    *(
        "- ",
        "1. ",
        "\n",
        "\r\n",
        " ",
        "\u2028",
        "\x85",
        "\t",
        "\u202e",
        "\u200f",
        "שלום",
        "🙂",
        "👩‍👩‍👧",
        "é",
        "e\u0301",
    ),
    *("word", "et al. ", "$x_1 < y$", r"\textbf{x}", "“", "”", "…", "c++", "%s", "{0}", "&amp;"),
)
_LONG = (
    "x" * 5_000,
    "x " * 2_500,
    "*" * 5_000,
    "🙂" * 5_000,
    "@" * 5_000,
    "://" * 2_000,
    "\\" * 5_000,
    "`" * 5_000,
)

texts = st.one_of(
    st.sampled_from(("", " ", *_LONG)),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=40),
)
lines = texts.map(lambda text: " ".join(text.split()))
"""As feeds and queries are stored: one line."""
queries = lines.map(lambda text: text[:1_000].strip() or "trending")
addresses = st.sampled_from(
    (
        "https://arxiv.org/abs/2604.14630",
        "https://x.test/a_(b)_*c*_[d]|e~f",
        "https://x.test/?q=" + "(" * 1_900,
        "https://x.test/" + "é" * 480,
    )
)
counts = st.none() | st.sampled_from((0, 1, 999, 10**9))
authors = st.one_of(
    st.just(()), st.lists(lines, max_size=3).map(tuple), st.just(tuple(f"Author {at}" for at in range(600)))
)
numbers = st.integers(1, 2**63 - 1)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    return Paper(
        id=PaperId(draw(st.integers(1, 10**9))),
        title=draw(lines),
        url=draw(addresses),
        arxiv_id=draw(st.sampled_from((None, None, "2604.14630", "hep-ex/0307015", "}`" * 60))),
        doi=draw(st.none() | st.just("10.1101/a:b") | lines),
        authors=draw(authors),
        abstract=draw(lines),
        summary=draw(lines),
        organization=draw(lines),
        votes=draw(counts),
        stars=draw(counts),
        repository=draw(st.none() | st.just("https://github.com/x/y")),
        listed_on=draw(st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))),
        feeds=("huggingface", "arxiv"),
    )


histories = st.lists(
    st.builds(
        Observation,
        seen_at=st.integers(0, 10**7).map(lambda seconds: NOW + timedelta(seconds=seconds)),
        votes=counts,
    ),
    max_size=9,
).map(lambda seen: sorted(seen, key=lambda each: each.seen_at))


@st.composite
def reasons(draw: st.DrawFn, paper: Paper) -> tuple[str, ...]:
    return (
        *(f"by {name}" for name in paper.authors[:2]),
        f"from {paper.organization}",
        f"“{draw(lines)}” in the title",
        "34 votes",
    )


@st.composite
def digests(draw: st.DrawFn) -> Digest:
    made = []
    model = draw(lines)
    for at, paper in enumerate(draw(st.lists(papers(), min_size=1, max_size=10))):
        summary, author = summarise(paper)
        if summary and draw(st.booleans()):
            author = rewriting.author(model)
        made.append(
            Match(
                paper=paper,
                topics=tuple(draw(st.lists(queries, min_size=1, max_size=4))),
                score=float(at),
                reasons=draw(reasons(paper)),
                summary=summary,
                summary_by=author,
            )
        )
    shown = draw(st.integers(1, len(made)))
    late = draw(st.integers(0, shown))
    made[:late] = [replace(match, late=True, gained=draw(st.none() | st.integers(-5, 5))) for match in made[:late]]
    return Digest(
        day=date(2026, 3, 31),
        source_url="https://huggingface.co/papers/date/2026-03-31",
        papers=tuple(made[:shown]),
        more=tuple(made[shown:]),
        topics=tuple(draw(st.lists(queries, min_size=1, max_size=8))),
    )


@st.composite
def channels(draw: st.DrawFn) -> Channel:
    """A server's, or somebody's inbox."""
    person = draw(st.none() | st.just(UserId(5)))
    return Channel(
        id=ChannelId(draw(numbers)),
        guild_id=None if person else GuildId(1),
        person=person,
        schedule=Schedule(
            post_at=time(15),
            zone=draw(st.sampled_from(("UTC", "America/Argentina/ComodRivadavia"))),
            days=frozenset(range(5)),
        ),
        next_due=draw(st.none() | st.just(NOW)),
        paused=draw(st.none() | lines.filter(bool)),
        created_at=NOW,
    )


@st.composite
def followed(draw: st.DrawFn, most: int = 30) -> tuple[Channel, tuple[Topic, ...]]:
    channel = draw(channels())
    found = draw(st.lists(queries, max_size=3)) * draw(st.sampled_from((1, 1, most // 3)))
    topics = (
        Topic(id=TopicId(channel.id + at), channel_id=channel.id, text=text) for at, text in enumerate(found)
    )
    return channel, tuple(topics)


def check(post: Post, *, papers: Iterable[Paper] = (), channels: Iterable[int] = ()) -> None:
    """What Discord takes, what our counting says, and that nothing but ours is markup."""
    view = layout(post)
    assert view.total_children_count == markup.components(post) <= 40
    assert 0 < view.content_length() <= markup.characters(post) <= 4_000
    assert view.to_components()  # type: ignore[no-untyped-call]
    assert Post.from_data(json.loads(json.dumps(post.as_data()))) == post
    assert markup.as_text(post).strip()
    _check_controls(post)
    ours = {_safe(paper.url) for paper in papers}
    for block in post.blocks:
        if isinstance(block, Text):
            assert block.content.strip()
            _check_markup(block.content, ours, set(channels))


def _safe(url: str) -> str:
    return re.sub(r"[()<>\[\]\\\s|*`]", lambda found: f"%{ord(found[0]):02X}", url)


def _check_controls(post: Post) -> None:
    ids: list[str] = []
    for block in post.blocks:
        match block:
            case Row(buttons):
                assert 1 <= len(buttons) <= 5
                ids += filter(None, map(_check_button, buttons))
            case Text(button=Button() as button):
                ids += filter(None, [_check_button(button)])
            case Select(custom_id, placeholder, options):
                ids.append(custom_id)
                assert 1 <= len(placeholder) <= 150
                assert 1 <= len(options) <= 25
                assert len({value for value, _ in options}) == len(options)
                for value, label in options:
                    assert 1 <= len(value) <= 100
                    assert 1 <= len(label.strip()) <= len(label) <= 100
            case Line() | Text():
                pass
    assert len(set(ids)) == len(ids)
    assert all(1 <= len(custom_id) <= 100 for custom_id in ids)


def _check_button(button: Button) -> str | None:
    assert 1 <= len(button.label.strip()) <= len(button.label) <= 80
    assert (button.url is None) != (button.custom_id is None)
    assert len(button.url or "") <= 512
    return button.custom_id


def _check_markup(content: str, addresses: set[str], channels: set[int]) -> None:
    # What Discord would take for markup: escapes and code are text.
    live = re.sub(r"\\[^\w\s]|\\_|`[^`\n]*`", "\0", content)
    links = re.findall(r"\[[^\[\]]*\]\(([^()\s]*)\)", live)
    assert set(links) <= addresses
    live = re.sub(r"\[[^\[\]]*\]\([^()\s]*\)", "", live)
    live = re.sub(r"<t:\d+:[tTdDfFR]>", "", live)
    live = re.sub(r"<#(\d+)>", lambda found: "" if int(found[1]) in channels else found[0], live)
    assert "<" not in live
    assert "://" not in live
    assert not re.search("@(?!\u200b)", live)
    assert not re.search(r"[\[\]`~|\\]", live.replace("](", ""))
    for line in live.splitlines():
        assert "*" not in re.sub(r"\*\*[^*]*\*\*", "", line), line
        bare = re.sub(r"^(?:#{2,3}|-#|-) ", "", line)
        assert not re.match(r"\s*(?:[#>]|-#? |\+ |\d+\. )", bare), line


def texts_of(post: Post) -> list[str]:
    """A message's texts, in order."""
    return [block.content for block in post.blocks if isinstance(block, Text)]
