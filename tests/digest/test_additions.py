"""Messages of `/feeds`, whatever strangers call their feeds and entries."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.digest import additions, markup
from bot.models import FeedLink, FeedPreview, FeedState, GuildFeed, Paper, Post, Row, Select, Text
from bot.papers.query import parse
from tests.digest import hostile
from tests.digest.hostile import NOW, check

ADDRESS = "https://x.test/feed/"
links = st.builds(
    FeedLink, address=hostile.addresses.filter(lambda address: len(address) <= 500), title=hostile.lines
)
states = st.none() | st.builds(
    FeedState,
    name=st.just("added:x"),
    polled_at=st.none() | st.just(NOW),
    succeeded_at=st.none() | st.just(NOW),
    next_poll_at=st.none() | st.just(NOW),
    error=st.none() | hostile.lines.filter(bool),
    entries=st.integers(0, 2_000),
)


def text(post: Post) -> str:
    return "\n".join(block.content for block in post.blocks if isinstance(block, Text))


@given(st.data())
def test_a_preview_is_a_message_whatever_the_feed_says(data: st.DataObject) -> None:
    papers = tuple(data.draw(st.lists(hostile.papers(), max_size=3)))
    dated = tuple(replace(paper, published_at=data.draw(st.none() | st.just(NOW))) for paper in papers)
    found = FeedPreview(link=data.draw(links), entries=len(papers), recognised=len(papers) // 2, newest=dated)
    post = additions.preview_post(found, data.draw(hostile.numbers), has=0, limit=10)
    check(post, papers=[*papers, Paper(title="", url=found.link.address)])
    check(additions.added_post(found.link, data.draw(hostile.numbers), new=data.draw(st.booleans())))


@given(st.lists(links, min_size=1, max_size=5), hostile.numbers)
def test_a_choice_is_a_message_whatever_the_page_says(found: list[FeedLink], number: int) -> None:
    post = additions.choices_post(found, number)
    check(post)
    assert [value for block in post.blocks if isinstance(block, Select) for value, _ in block.options] == [
        str(place) for place in range(len(found))
    ]


@given(st.lists(st.tuples(links, states), max_size=25), st.sampled_from((0, 10, 25)))
def test_a_list_is_a_message_whatever_the_feeds_are_called(
    found: list[tuple[FeedLink, FeedState | None]], limit: int
) -> None:
    own = [
        (GuildFeed(name=f"added:{link.address}", address=link.address, title=link.title, added_at=NOW), state)
        for link, state in found
    ]
    post = additions.list_post(own, limit=limit)
    check(post, papers=[Paper(title="", url=link.address) for link, _ in found])


def test_a_preview_tells_what_the_feed_is_and_what_adding_it_means() -> None:
    newest = (
        Paper(title="One *star*", url="https://x.test/1", published_at=NOW),
        Paper(title="Two", url="https://x.test/2"),
    )
    found = FeedPreview(link=FeedLink(address=ADDRESS, title="A Blog"), entries=24, recognised=5, newest=newest)
    assert markup.as_text(additions.preview_post(found, 7, has=2, limit=10), width=200).splitlines() == [
        "Add this feed?",
        "A Blog",
        "  https://x.test/feed/",
        "  x.test · 24 entries, 5 with an arXiv id or a DOI",
        "",
        "Newest entries",
        "- One *star* · 2026-03-31 13:00 UTC",
        "  https://x.test/1",
        "- Two",
        "  https://x.test/2",
        "",
        "What is new in it comes with this server’s digests, where it matches a topic; /search finds all of it. "
        "Other servers see nothing of it.",
        "  This server has 2 of 10 feeds.",
        "[Add]  [Cancel]",
    ]
    empty = replace(found, entries=0, recognised=0, newest=())
    assert "empty at the moment" in text(additions.preview_post(empty, 7, has=0, limit=1))


def test_the_query_for_all_of_a_feed_can_be_asked() -> None:
    for address in (ADDRESS, "https://www.a-b.example:8443/f?x=1", "https://münchen.example/", "http://[::1]/f"):
        asked = additions.all_of(FeedLink(address=address, title=""))
        assert parse(asked).text == asked
    buttons = [
        button.custom_id
        for block in additions.added_post(FeedLink(address=ADDRESS, title="A"), 5, new=True).blocks
        if isinstance(block, Row)
        for button in block.buttons
    ]
    assert buttons == ["paperboy:offer:5"]


def test_a_list_tells_which_are_read_and_that_none_is_where_it_is_switched_off() -> None:
    own = [(GuildFeed(name=f"added:{ADDRESS}", address=ADDRESS, title="A Blog", added_at=NOW), None)]
    assert "1 of 10 feeds" in text(additions.list_post(own, limit=10))
    assert "none is read" in text(additions.list_post(own, limit=0))
    assert "◌ **A Blog** not read yet" in text(additions.list_post(own, limit=10))
    assert "has no feeds of its own" in text(additions.list_post([], limit=10))
    many = additions.list_post(
        [
            (replace(feed, title="x" * 100, address=f"{ADDRESS}{n}/{'y' * 300}"), None)
            for feed, _ in own
            for n in range(25)
        ],
        limit=25,
    )
    assert "more feeds" in text(many)
    check(many, papers=[Paper(title="", url=f"{ADDRESS}{n}/{'y' * 300}") for n in range(25)])
