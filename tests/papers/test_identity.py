"""When two papers are one work."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Paper
from bot.papers.identity import alike, keys

TITLE = "Attention Is All You Need"


def _paper(
    title: str = TITLE,
    url: str = "https://example.org/1",
    authors: tuple[str, ...] = ("Ashish Vaswani",),
    arxiv_id: str | None = None,
    doi: str | None = None,
) -> Paper:
    return Paper(title=title, url=url, authors=authors, arxiv_id=arxiv_id, doi=doi)


def test_identifiers_are_strong_keys() -> None:
    both = keys(_paper(arxiv_id="1706.03762", doi="10.1000/x"))
    assert both.strong == ("arxiv:1706.03762", "doi:10.1000/x")
    assert keys(_paper(doi="10.1000/x")).strong == ("doi:10.1000/x", "url:example.org/1")
    assert keys(_paper()).strong == ("url:example.org/1",)


@pytest.mark.parametrize(
    "other",
    [
        "http://example.org/1",
        "https://www.example.org/1/",
        "https://EXAMPLE.org/1?utm_source=rss&utm_medium=feed",
        "https://example.org/1?rss=1",
        "https://example.org/1?source=rss",
    ],
)
def test_an_address_is_the_same_however_it_was_reached(other: str) -> None:
    assert keys(_paper(url=other)).strong == keys(_paper()).strong


@pytest.mark.parametrize(
    "other",
    ["https://example.org/2", "https://other.org/1", "https://example.org/1?id=2", "https://example.org/a/1"],
)
def test_another_address_is_another_key(other: str) -> None:
    assert keys(_paper(url=other)).strong != keys(_paper()).strong


@pytest.mark.parametrize(
    ("title", "author"),
    [
        ("attention is all you need", "Ashish Vaswani"),
        ("Attention  is\nall you need!", "A. Vaswani"),
        ("“Attention” Is All-You-Need", "ashish x. vaswani"),
        ("Attention Is All You Need.", "Áshish Vaswáni"),
        ("Ａttention Is All You Need", "A.Vaswani"),
    ],
)
def test_another_typesetting_shares_a_weak_key(title: str, author: str) -> None:
    assert keys(_paper(title=title, authors=(author,))).weak == keys(_paper()).weak


@pytest.mark.parametrize(
    ("title", "author"),
    [
        ("Attention Is Not All You Need", "Ashish Vaswani"),
        (TITLE, "Noam Shazeer"),
        (TITLE, "Bob Vaswani"),
    ],
)
def test_another_title_or_author_shares_none(title: str, author: str) -> None:
    assert not set(keys(_paper(title=title, authors=(author,))).weak) & set(keys(_paper()).weak)


def test_one_common_author_is_enough() -> None:
    whole = keys(_paper(authors=("Ashish Vaswani", "Noam Shazeer", "Niki Parmar")))
    assert len(whole.weak) == 3
    for short in (("Ashish Vaswani",), ("Noam Shazeer", "Somebody Else"), ("N. Parmar",)):
        assert set(keys(_paper(authors=short)).weak) & set(whole.weak)


def test_hundreds_of_authors_make_few_keys_and_the_last_one_counts() -> None:
    crowd = tuple(f"Author{at} Name{at}" for at in range(600))
    weak = keys(_paper(authors=crowd)).weak
    assert len(weak) == 9
    assert set(keys(_paper(authors=crowd[-1:])).weak) <= set(weak)


@pytest.mark.parametrize(
    ("title", "authors"),
    [
        ("Editorial", ("Jane Doe",)),
        ("A B C", ("Jane Doe",)),
        ("", ("Jane Doe",)),
        ("!!! ??? ... --- ***", ("Jane Doe",)),
        (TITLE, ()),
        (TITLE, ("...", "")),
    ],
)
def test_what_many_works_could_share_is_no_key(title: str, authors: tuple[str, ...]) -> None:
    assert keys(_paper(title=title, authors=authors)).weak == ()


def test_titles_in_any_script_make_keys() -> None:
    one, other = ("基于扩散模型的 视频生成", "基于扩散模型的 图像生成")
    assert keys(_paper(title=one, authors=("王伟",))).weak
    assert keys(_paper(title=one, authors=("王伟",))).weak != keys(_paper(title=other, authors=("王伟",))).weak


@settings(deadline=None, max_examples=80)
@given(title=st.text(max_size=80), authors=st.lists(st.text(max_size=20), max_size=12))
def test_every_paper_has_keys_and_each_only_once(title: str, authors: list[str]) -> None:
    found = keys(_paper(title=title, authors=tuple(authors)))
    every = found.strong + found.weak
    assert found.strong
    assert len(set(every)) == len(every)
    shouted = keys(_paper(title=f" {title} ", authors=tuple(authors)))
    assert shouted.weak == found.weak


def test_entries_that_differ_by_fragment_are_different() -> None:
    assert (
        keys(_paper(url="https://example.org/news#a")).strong
        != keys(_paper(url="https://example.org/news#b")).strong
    )


# --- near-duplicates ------------------------------------------------------------------------------------

WORDS = " ".join(f"word{number}" for number in range(60))
OTHERS = " ".join(f"other{number}" for number in range(60))
CHINESE = "我们提出一种新的方法。" * 9
"""Few words, by their spaces."""
HALF = " ".join((*WORDS.split()[:30], *OTHERS.split()[:30]))


def _with(title: str, abstract: str = "") -> Paper:
    return Paper(title=title, url="", abstract=abstract)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (_with("A Long Story", WORDS), _with("The Same Story, Told Again", WORDS), True),
        (_with("A Long Story", WORDS), _with("A Long Story", OTHERS), False),
        (_with("A Long Story", WORDS), _with("A Long Story", HALF), False),
        (_with("A Long Story", WORDS), _with("A LONG STORY!", WORDS.upper()), True),
        # Too little to tell by: the titles decide, unless the texts say otherwise.
        (_with("Scaling Laws"), _with("Scaling laws.", WORDS), True),
        (_with("Scaling Laws", "We measure them."), _with("Scaling Laws", "We measure them again."), True),
        (_with("Weekly round-up", "This week: agents."), _with("Weekly round-up", "Robots and drones."), False),
        (_with("Editorial"), _with("Editorial"), False),
        (_with(""), _with(""), False),
        (_with("", "One line for all."), _with("", "One line for all."), True),
        (_with("One Title", "One line for all."), _with("Another One", "One line for all."), False),
        (_with("视频生成", CHINESE), _with("图像生成", CHINESE), False),
        (_with("视频生成", CHINESE), _with("视频生成", CHINESE), True),
    ],
)
def test_near_duplicates_tell_the_same_in_the_same_words(one: Paper, other: Paper, same: bool) -> None:
    assert alike(one, other) is alike(other, one) is same


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_text_is_it_can_be_compared(title: str, abstract: str, other: str) -> None:
    paper = _with(f"Two words {title}", abstract)
    assert alike(paper, paper)
    assert alike(paper, _with(other, abstract)) is alike(_with(other, abstract), paper)
