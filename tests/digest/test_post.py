"""Every message that the product can make fits Discord and shows nothing but what it means to."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import answer as answers
from bot.digest import markup
from bot.digest.post import digest_post, facts, more_post, notice, said
from bot.digest.status import COMMANDS, help_post, status_post
from bot.models import (
    Button,
    Channel,
    ChannelId,
    DeliveryId,
    Digest,
    Feed,
    FeedKind,
    FeedState,
    GuildId,
    Line,
    Match,
    Offer,
    Owner,
    Paper,
    PaperId,
    Post,
    Query,
    Row,
    Schedule,
    Select,
    Text,
    Topic,
    TopicId,
    Verdict,
    VerdictKind,
)
from bot.papers import rewriting
from bot.papers.query import EXAMPLES, parse
from bot.papers.summary import shorten
from tests.digest import hostile
from tests.digest.hostile import NOW, check

DELIVERY = DeliveryId("0123456789abcdef0123")
SCHEDULE = Schedule(post_at=time(15), zone="Europe/Berlin", days=frozenset(range(5)))
slow = settings(deadline=None, max_examples=60)


def _query(text: str) -> Query:
    return Query(text=text, root=None)


def _texts(post: Post) -> list[str]:
    return [block.content for block in post.blocks if isinstance(block, Text)]


def _buttons(post: Post) -> list[Button]:
    return [button for block in post.blocks if isinstance(block, Row) for button in block.buttons]


# --- any content ------------------------------------------------------------------------------------


@slow
@given(hostile.digests())
def test_a_digest_fits_and_shows_exactly_its_papers(digest: Digest) -> None:
    post, fitted = digest_post(digest, DELIVERY)
    check(post, papers=[match.paper for match in digest.papers])
    assert fitted.papers
    moved = fitted.more[: len(digest.papers) - len(fitted.papers)]
    assert [match.paper for match in (*fitted.papers, *moved)] == [match.paper for match in digest.papers]
    assert fitted.more[len(moved) :] == digest.more
    assert {match.held for match in moved} <= {"no room was left in the message"}
    headings = [text for text in _texts(post) if text.startswith("### ")]
    kinds = [match.late for match in fitted.papers]
    assert [text == "### New" for text in headings] == [False] * (True in kinds) + [True] * (
        kinds != sorted(kinds)
    )
    shown = [text for text in _texts(post)[1:] if text not in headings]
    assert len(shown) == len(fitted.papers)
    for text, match in zip(shown, fitted.papers, strict=True):
        assert text.startswith(f"**{markup.link(shorten(match.paper.title, 200), match.paper.url)}**\n")
    more = _buttons(post)[0]
    assert more.label == (f"{len(fitted.more)} more" if fitted.more else "That is all for today")
    assert more.disabled == (not fitted.more)
    assert more.custom_id == f"paperboy:more:{DELIVERY}"


@slow
@given(st.lists(hostile.papers(), max_size=8), st.sampled_from((1, 9)))
def test_more_fits(some: list[Paper], times: int) -> None:
    papers = some * times
    post = more_post([(paper, "all 8 places were taken") for paper in papers], NOW)
    check(post, papers=papers)
    shown = sum(line.startswith("- ") for line in _texts(post)[0].splitlines())
    left = len(papers) - shown
    assert (f"and {left} more" in _texts(post)[0]) == (left > 0)


@slow
@given(st.data())
def test_an_offer_fits(data: st.DataObject) -> None:
    papers = tuple(data.draw(st.lists(hostile.papers(), max_size=8)))
    channel = data.draw(hostile.channels())
    offer = Offer(
        query=_query(data.draw(hostile.queries)),
        papers=papers,
        total=data.draw(st.integers(0, 10**6)),
        schedule=data.draw(st.none() | st.just(channel.schedule)),
        first=NOW,
        early_hour=data.draw(st.sampled_from([None, *range(10)])),
    )
    post = answers.offer_post(offer, channel=channel.id, owner=channel.owner, number=data.draw(hostile.numbers))
    check(post, papers=papers, channels=[channel.id])


@slow
@given(hostile.channels(), hostile.queries, st.booleans())
def test_a_confirmation_fits(channel: Channel, query: str, new: bool) -> None:
    if channel.next_due is None and channel.paused is None:
        channel = dataclasses.replace(channel, paused="by an admin")
    check(answers.subscribed_post(channel, query, new=new), channels=[channel.id])


@slow
@given(st.lists(hostile.followed(), max_size=6), st.sampled_from((1, 5)), st.none() | hostile.queries)
def test_the_list_of_subscriptions_fits(
    told: list[tuple[Channel, tuple[Topic, ...]]], times: int, removed: str | None
) -> None:
    many = [
        (
            dataclasses.replace(channel, id=ChannelId(at + 1)),
            [dataclasses.replace(topic, id=TopicId(100 * at + number)) for number, topic in enumerate(topics)],
        )
        for at, (channel, topics) in enumerate(told * times)
    ]
    check(
        answers.subscriptions_post(many, removed=removed or ""),
        channels=[channel.id for channel, _ in many],
    )


@slow
@given(hostile.queries, hostile.numbers)
def test_a_topic_fits(text: str, number: int) -> None:
    topic = Topic(id=TopicId(number), channel_id=ChannelId(number), text=text)
    check(answers.topic_post(topic, SERVER), channels=[number])


@slow
@given(st.data())
def test_a_status_fits(data: st.DataObject) -> None:
    sources = [
        (
            Feed(kind=FeedKind.RSS, name="rss:x", label=data.draw(hostile.lines), address=""),
            data.draw(st.none() | _states),
        )
        for _ in range(data.draw(st.integers(0, 4)))
    ] * data.draw(st.sampled_from((1, 20)))
    told = []
    for channel, topics in data.draw(st.lists(hostile.followed(9), max_size=4)) * data.draw(
        st.sampled_from((1, 5))
    ):
        text = data.draw(hostile.lines)
        verdict = Verdict(channel_id=channel.id, due_at=NOW, at=NOW, kind=VerdictKind.NOTHING, text=text)
        told.append((channel, topics, (verdict,) * data.draw(st.sampled_from((0, 1, 10)))))
    post = status_post(sources, told, papers=data.draw(st.integers(0, 10**7)))
    check(post, channels=[channel.id for channel, _, _ in told])
    shown = sum(isinstance(block, Line) for block in post.blocks) if told else 0
    assert (f"and {len(told) - shown} more channel" in _texts(post)[-1]) == (shown < len(told))


_states = st.builds(
    FeedState,
    name=st.just("rss:x"),
    next_poll_at=st.none() | st.just(NOW),
    polled_at=st.none() | st.just(NOW),
    succeeded_at=st.none() | st.just(NOW),
    failures=st.just(1),
    error=st.none() | hostile.lines.filter(bool),
    entries=st.integers(0, 2_000),
)


@slow
@given(hostile.texts.filter(str.strip))
def test_a_notice_fits(text: str) -> None:
    check(notice(markup.escape(text[:1_000])))


def test_an_endless_notice_is_cut() -> None:
    for text in ("x" * 9_000, "🙂" * 9_000, "x" + "🙂" * 9_000):
        post = notice(text)
        check(post)
        assert text.startswith(_texts(post)[0])
        assert markup.characters(post) >= 3_999


def test_the_help_fits_and_tells_everything() -> None:
    post = help_post()
    check(post)
    whole = "\n".join(_texts(post))
    for text, _ in (*COMMANDS, *EXAMPLES):
        assert f"`{text}`" in whole


# --- as people see it -------------------------------------------------------------------------------

PAPER = Paper(
    id=PaperId(1),
    title="A *starred* title",
    url="https://arxiv.org/abs/2604.14630",
    arxiv_id="2604.14630",
    authors=("Ada Lovelace", "Charles Babbage", "Mary Somerville"),
    organization="Analytical Engines",
    abstract="One. Two. Three.",
    summary="A model says so.",
    repository="https://github.com/x/y",
    stars=1_234,
    votes=34,
    listed_on=date(2026, 3, 31),
)
MATCH = Match(
    paper=PAPER,
    topics=("engines",),
    score=34.0,
    reasons=("“engine” in the title", "34 votes"),
    summary="A model says so.",
    summary_by="Hugging Face",
)
DIGEST = Digest(
    day=date(2026, 3, 31),
    source_url="https://huggingface.co/papers",
    papers=(MATCH,),
    more=(),
    topics=("engines",),
)


def test_a_digest_names_the_day_the_topic_the_paper_and_why() -> None:
    post, _ = digest_post(DIGEST, DELIVERY)
    told = markup.as_text(post)
    for words in (
        "Tuesday 31 March",
        "1 paper on engines",
        "A *starred* title",
        "https://arxiv.org/abs/2604.14630",
        "A model says so. ✦",
        "▲ 34 · ★ 1.2k · Ada Lovelace, Charles Babbage +1 · Analytical Engines",
        "↳ engines: “engine” in the title",
        "[That is all for today]",
        "[The day at the source] https://huggingface.co/papers",
    ):
        assert words in told
    assert "34 votes" not in told


def test_a_summary_by_a_model_is_marked_and_an_abstract_is_not() -> None:
    plain = dataclasses.replace(MATCH, summary="One. Two.", summary_by="abstract")
    post, _ = digest_post(dataclasses.replace(DIGEST, papers=(plain,)), DELIVERY)
    assert "✦" not in markup.as_text(post)


def test_a_summary_by_the_operator_s_model_has_a_mark_of_its_own() -> None:
    own = dataclasses.replace(MATCH, summary="It does so.", summary_by=rewriting.author("x/*small*:3b <@1>" * 9))
    plain = dataclasses.replace(MATCH, summary="One. Two.", summary_by="abstract")
    post, _ = digest_post(dataclasses.replace(DIGEST, papers=(own, MATCH, plain)), DELIVERY)
    told = markup.as_text(post)
    line = _texts(post)[0].splitlines()[2]
    assert line.startswith("-# ✦ marks summaries by Hugging Face’s model, ✧ those by x")
    assert line.endswith("…, checked against the abstract; the others quote the abstract")
    assert "It does so. ✧" in told
    assert "A model says so. ✦" in told
    assert "One. Two.\n" in told
    assert "<@1>" not in _texts(post)[0]
    assert "✧" not in markup.as_text(digest_post(DIGEST, DELIVERY)[0])


def test_no_others_are_spoken_of_where_every_summary_has_the_sign() -> None:
    bare = dataclasses.replace(MATCH, summary="", summary_by="")
    post, _ = digest_post(dataclasses.replace(DIGEST, papers=(MATCH, bare)), DELIVERY)
    assert _texts(post)[0].endswith("\n-# ✦ marks summaries by Hugging Face’s model")


def test_a_digest_full_of_the_model_s_summaries_fits() -> None:
    long = dataclasses.replace(
        MATCH,
        summary="word " * 59 + "word.",
        summary_by=rewriting.author("*" * 200),
        paper=dataclasses.replace(PAPER, title="A title of " + "some length " * 9),
    )
    post, fitted = digest_post(dataclasses.replace(DIGEST, papers=(long,) * 10), DELIVERY)
    assert markup.fits(post)
    assert len(fitted.papers) == 10


@pytest.mark.parametrize("count", range(1, 11))
@pytest.mark.parametrize("risen", [0, 1, 10])
@pytest.mark.parametrize("source", ["https://huggingface.co/papers", None])
def test_each_paper_of_a_digest_has_its_button(count: int, risen: int, source: str | None) -> None:
    papers = tuple(
        dataclasses.replace(
            MATCH, paper=dataclasses.replace(PAPER, id=PaperId(at), arxiv_id=f"2604.{at:05}"), late=at < risen
        )
        for at in range(count)
    )
    digest = dataclasses.replace(DIGEST, papers=papers, more=papers, source_url=source)
    post, fitted = digest_post(digest, DELIVERY)
    check(post, papers=[PAPER])
    assert len(fitted.papers) == count
    beside = [block.button for block in post.blocks if isinstance(block, Text) and block.button]
    assert [button.custom_id for button in beside] == [f"paperboy:open:{at}:2604.{at:05}" for at in range(count)]
    # A line before each paper as long as there is room, else before each part.
    headings = sum(text.startswith("### ") for text in _texts(post))
    lines = sum(isinstance(block, Line) for block in post.blocks)
    assert lines == (count if count <= 8 else max(1, headings))
    assert "Details" not in markup.as_text(post)


def test_a_digest_shortens_before_it_moves_a_paper() -> None:
    long = dataclasses.replace(
        MATCH, summary="word " * 60, paper=dataclasses.replace(PAPER, title="A title of " + "some length " * 9)
    )
    _, fitted = digest_post(dataclasses.replace(DIGEST, papers=(long,) * 10), DELIVERY)
    assert len(fitted.papers) == 10


def test_a_paper_with_an_endless_address_is_shown_without_a_link() -> None:
    endless = dataclasses.replace(PAPER, url="https://x.test/" + "(" * 1_900)
    post, fitted = digest_post(
        dataclasses.replace(DIGEST, papers=(dataclasses.replace(MATCH, paper=endless), MATCH)), DELIVERY
    )
    assert len(fitted.papers) == 2
    assert "**A \\*starred\\* title**" in _texts(post)[1]


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        (PAPER, "▲ 34 · ★ 1.2k · Ada Lovelace, Charles Babbage +1 · Analytical Engines"),
        (dataclasses.replace(PAPER, stars=None, votes=0), "▲ 0 · code · Ada Lovelace, Charles Babbage +1 · "),
        (Paper(title="", url="", authors=("A", "B")), "A, B"),
        (Paper(title="", url="", arxiv_id="2604.14630"), "2604\\.14630"),
        (Paper(title="", url="", id=PaperId(7)), "p7"),
    ],
)
def test_facts_are_one_line(paper: Paper, told: str) -> None:
    assert facts(paper).replace("\\.", ".").startswith(told.replace("\\.", "."))


def test_only_reasons_that_the_facts_do_not_tell_are_said() -> None:
    given = ("“x” in the title", "by Ada", "from X", "in cs.CL", "34 votes", "code", "on Hugging Face and arXiv")
    assert said(given) == ["“x” in the title", "by Ada", "from X", "in cs.CL"]


def test_more_tells_votes_where_they_were_counted() -> None:
    uncounted = dataclasses.replace(PAPER, votes=None, title="Uncounted")
    assert _texts(more_post([(PAPER, ""), (uncounted, "below the floor *x*")], NOW)) == [
        "### Also for <t:1774962000:D>\n"
        "- ▲ 34 [A \\*starred\\* title](https://arxiv.org/abs/2604.14630)\n"
        "- [Uncounted](https://arxiv.org/abs/2604.14630)\n  -# below the floor \\*x\\*"
    ]


def _offer(**more: object) -> Offer:
    given: dict[str, object] = {
        "query": _query("engines"),
        "papers": (PAPER,),
        "total": 1,
        "schedule": SCHEDULE,
        "first": NOW,
        "early_hour": None,
    }
    return Offer(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "told"),
    [("looms weave", True), ("looms", False), ("looms OR engines", False), ("looms cat:cs -engines", False)],
)
def test_an_offer_of_several_words_says_that_all_must_be_there(text: str, told: bool) -> None:
    post = answers.offer_post(_offer(query=parse(text)), channel=ChannelId(1), owner=SERVER, number=7)
    assert ("only papers with all the words" in "".join(_texts(post))) == told
    assert _texts(post)[0].endswith("it matched **1 paper**:"), "the papers follow"


def test_an_offer_that_shows_some_of_its_papers_says_which() -> None:
    post = answers.offer_post(_offer(total=9), channel=ChannelId(1), owner=SERVER, number=7)
    assert _texts(post)[0].endswith("it matched **9 papers**, the hottest:")


def test_an_offer_without_a_zone_asks_for_it() -> None:
    post = answers.offer_post(_offer(schedule=None, first=None), channel=ChannelId(1), owner=SERVER, number=7)
    (menu,) = (block for block in post.blocks if isinstance(block, Select))
    assert menu.custom_id == "paperboy:zone:7:1"
    assert ("America/New_York", "America/New York") in menu.options
    assert _buttons(post) == []


def test_an_offer_with_a_zone_asks_to_confirm() -> None:
    post = answers.offer_post(_offer(early_hour=8), channel=ChannelId(1), owner=SERVER, number=7)
    told = "\n".join(_texts(post))
    first = "the first <t:1774962000:F> your time."
    assert f"One digest Mon–Fri at **15:00** (Europe/Berlin), up to 8 papers; {first}" in told
    assert (
        "At 08:00 UTC Hugging Face has listed 63 % of the day’s papers, and 0.7 of its final top five are" in told
    )
    assert [button.custom_id for button in _buttons(post)] == [
        "paperboy:confirm:7:1:Europe/Berlin",
        "paperboy:cancel",
    ]


def test_an_offer_without_papers_says_that_it_may_be_taken_all_the_same() -> None:
    post = answers.offer_post(_offer(papers=(), total=0), channel=ChannelId(1), owner=SERVER, number=7)
    assert "You can subscribe all the same" in "\n".join(_texts(post))


SERVER = Owner(guild_id=GuildId(1))
CHANNEL = Channel(
    id=ChannelId(1),
    guild_id=GuildId(1),
    schedule=SCHEDULE,
    next_due=NOW,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def _topics(count: int, channel: int = 1) -> list[Topic]:
    return [
        Topic(id=TopicId(100 * channel + at), channel_id=ChannelId(channel), text=f"topic {at}")
        for at in range(count)
    ]


def test_a_confirmation_tells_when_or_why_not() -> None:
    assert "the next <t:1774962000:F> your time" in _texts(answers.subscribed_post(CHANNEL, "x", new=True))[0]
    paused = dataclasses.replace(CHANNEL, next_due=None, paused="by @everyone [x](http://evil.test)")
    told = _texts(answers.subscribed_post(paused, "x", new=True))[0]
    assert "paused: by @\u200beveryone \\[x\\]" in told
    assert "already" in _texts(answers.subscribed_post(CHANNEL, "x", new=False))[0]


def test_subscriptions_are_listed_and_what_does_not_fit_is_counted() -> None:
    post = answers.subscriptions_post(
        [(CHANNEL, _topics(14)), (dataclasses.replace(CHANNEL, id=ChannelId(2)), ())], names={CHANNEL.id: "papers"}
    )
    (text,) = _texts(post)
    assert text.splitlines()[0] == "**<#1>** Mon–Fri 15:00 (Europe/Berlin)"
    assert text.splitlines()[1] == "- `topic 0`"
    assert text.splitlines()[-1] == "-# and 2 more"
    (menu,) = (block for block in post.blocks if isinstance(block, Select))
    assert menu.options[:2] == (("100", "#papers: topic 0"), ("101", "#papers: topic 1"))


def test_many_channels_are_listed_and_the_others_counted() -> None:
    told = [(dataclasses.replace(CHANNEL, id=ChannelId(at)), _topics(9, at)) for at in range(1, 16)]
    post = answers.subscriptions_post(told, removed="old one")
    texts = _texts(post)
    assert texts[0] == "✓ `old one` is removed."
    assert texts[-2] == "-# and 3 more channels"
    assert texts[-1].startswith("-# The menu holds the first 25")
    assert [text.splitlines()[0].split()[0] for text in texts[1:-2]] == [f"**<#{at}>**" for at in range(1, 13)]
    assert all(len(text.splitlines()) == 10 for text in texts[1:-2])


def test_no_subscriptions_tell_how_to_begin() -> None:
    assert _texts(answers.subscriptions_post([(CHANNEL, ())])) == [
        "No channel of this server follows anything yet: `/subscribe` begins."
    ]


def _feed(label: str) -> Feed:
    """An operator's feed: members learn its site, not its address."""
    return Feed(kind=FeedKind.RSS, name=f"rss:https://{label}/inside?x=1", label=f"{label}/inside?x=1", address="")


def test_a_status_tells_how_sources_and_channels_are() -> None:
    sources = [
        (_feed("New"), None),
        (_feed("Good"), FeedState(name="rss:x", polled_at=NOW, succeeded_at=NOW, entries=1)),
        (
            _feed("Bad"),
            FeedState(name="rss:x", polled_at=NOW, next_poll_at=NOW, error="it <answers> 500", failures=2),
        ),
    ]
    verdicts = [
        Verdict(channel_id=ChannelId(1), due_at=NOW, at=NOW, kind=kind, text=f"it is {kind}")
        for kind in VerdictKind
    ]
    told = [
        (CHANNEL, _topics(1), verdicts),
        (CHANNEL, (), ()),
        (dataclasses.replace(CHANNEL, paused="by ada", next_due=None), _topics(1), ()),
        (dataclasses.replace(CHANNEL, next_due=None), _topics(1), ()),
    ]
    why = Verdict(channel_id=ChannelId(1), due_at=NOW, at=NOW, kind=VerdictKind.PAUSED, text="paused: by ada")
    told[2] = (told[2][0], told[2][1], [why])
    whole = "\n".join(_texts(status_post(sources, told, papers=79)))
    assert whole.count("by ada") == 1
    for words in (
        "79 papers in the archive",
        "◌ **New** not read yet",
        "✓ **Good** read <t:1774962000:R>, 1 entry",
        "⚠ **Bad** it \\<answers\\> 500; never read, next look <t:1774962000:R>",
        "next <t:1774962000:F> (<t:1774962000:R>)\n-# follows topic 0\n-# ✓ <t:1774962000:f> it is posted",
        "-# · <t:1774962000:f> it is nothing",
        "-# ⚠ <t:1774962000:f> it is stale",
        "-# ◌ <t:1774962000:f> it is waiting",
        "no topics: `/subscribe` gives it one",
        "⚠ paused: by ada\n-# follows topic 0\n-# ⚠ <t:1774962000:f> paused",
        "not scheduled: `/digest resume` starts it",
    ):
        assert words in whole


def test_a_status_without_channels_tells_how_to_begin() -> None:
    assert "`/subscribe` begins" in _texts(status_post([], [], papers=0))[-1]


def test_every_kind_of_block_survives_being_stored() -> None:
    post = Post(
        (
            Text("a"),
            Text("a", Button(label="b", custom_id="c")),
            Line(),
            Row(
                (Button(label="b", url="https://x"), Button(label="c", custom_id="d", disabled=True, primary=True))
            ),
            Select("e", "f", (("g", "h"),)),
        )
    )
    assert Post.from_data(post.as_data()) == post  # type: ignore[arg-type]
    assert Post.from_data({"blocks": [{"content": "as once stored", "kind": "text"}]}) == Post(
        (Text("as once stored"),)
    )
    with pytest.raises(ValueError, match="unknown block"):
        Post.from_data({"blocks": [{"kind": "carousel"}]})
