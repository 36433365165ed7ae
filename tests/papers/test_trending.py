"""How hot a paper is, and in which words."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Paper, PaperId
from bot.papers.trending import counted, order, reasons, short, source


def _paper(number: int, votes: int | None = None, listed_on: date | None = None) -> Paper:
    return Paper(title=f"P{number}", url="https://x.org", id=PaperId(number), votes=votes, listed_on=listed_on)


def test_votes_come_first_then_the_newest_list_then_the_latest_stored() -> None:
    new, old = date(2026, 3, 31), date(2026, 3, 1)
    expected = [
        _paper(1, 9, old),
        _paper(2, 3, new),
        _paper(4, 3, old),
        _paper(3, 3, old),
        _paper(5, 3),
        _paper(6, 0, new),
        _paper(7, None, new),
        _paper(8, None, old),
        _paper(9),
    ]
    mixed = expected[5:] + expected[:5]
    assert sorted(mixed, key=order) == expected


@given(st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.dates()), max_size=12), st.randoms())
def test_the_order_does_not_depend_on_what_came_first(
    made: list[tuple[int | None, date | None]], random: Random
) -> None:
    papers = [_paper(at, votes, day) for at, (votes, day) in enumerate(made, start=1)]
    shuffled = list(papers)
    random.shuffle(shuffled)
    assert sorted(shuffled, key=order) == sorted(papers, key=order)


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        (Paper(title="", url=""), ()),
        (Paper(title="", url="", votes=0, stars=0), ()),
        (Paper(title="", url="", votes=1), ("1 vote",)),
        (Paper(title="", url="", votes=34, repository="https://x"), ("34 votes", "code")),
        (Paper(title="", url="", repository="https://x", stars=1234), ("code, 1.2k stars",)),
        (Paper(title="", url="", feeds=("arxiv:cs.AI+cs.CL",)), ()),
        (Paper(title="", url="", feeds=("arxiv:cs.AI", "arxiv:cs.CL")), ()),
        (Paper(title="", url="", feeds=("arxiv", "huggingface")), ("also on arXiv",)),
        (
            Paper(
                title="", url="", feeds=("rss:https://a.org/feed", "arxiv", "huggingface"), categories=("cs.CL",)
            ),
            ("also on arXiv cs.CL, a.org",),
        ),
    ],
)
def test_reasons_are_told_in_words(paper: Paper, told: tuple[str, ...]) -> None:
    assert reasons(paper) == told


@pytest.mark.parametrize(
    ("feed", "name"),
    [
        ("huggingface", "Hugging Face"),
        ("arxiv", "arXiv"),
        ("arxiv:cs.AI+cs.CL", "arXiv"),
        ("rss:https://connect.biorxiv.org/biorxiv_xml.php?subject=all", "connect.biorxiv.org"),
        ("added:https://www.blog.example:8443?x=/y", "blog.example:8443"),
        ("added:http://blog.example/feed#a", "blog.example"),
        ("rss:feed.xml", "feed.xml"),
        ("other", "other"),
    ],
)
def test_a_source_has_the_name_that_people_know(feed: str, name: str) -> None:
    assert source(feed) == name


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1_000, "1k"),
        (1_049, "1k"),
        (1_250, "1.2k"),
        (9_940, "9.9k"),
        (9_999, "10k"),
        (10_000, "10k"),
        (34_999, "34k"),
        (999_999, "999k"),
    ],
)
def test_numbers_are_short(number: int, told: str) -> None:
    assert short(number) == told


def test_only_one_is_singular() -> None:
    assert [counted(number, "vote") for number in (0, 1, 2, 1_000)] == ["0 votes", "1 vote", "2 votes", "1k votes"]
