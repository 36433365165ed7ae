"""A paper's card and what is like it, as a reader sees them and as bad as their texts could be."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import markup
from bot.digest.paper import paper_post, similar_post
from bot.models import Button, Hit, Paper, PaperId, Post, Row, Select
from tests.digest import hostile
from tests.digest.hostile import check, texts_of

slow = settings(deadline=None, max_examples=60)
PAPER = Paper(
    id=PaperId(5),
    title="A *starred* title",
    url="https://arxiv.org/abs/2604.14630",
    arxiv_id="2604.14630",
    version=2,
    authors=("Ada Lovelace", "B", "C", "D", "E", "F"),
    organization="Analytical Engines",
    categories=("cs.CL", "cs.LG"),
    abstract="Machines weave *patterns*. Looms do not.",
    votes=34,
    comments=1,
    stars=1_234,
    repository="https://github.com/x/y",
    project_page="https://x.test/project",
    discussion="https://huggingface.co/papers/2604.14630",
    listed_on=date(2026, 3, 31),
    feeds=("huggingface", "arxiv"),
)


def _buttons(post: Post) -> list[Button]:
    return [button for block in post.blocks if isinstance(block, Row) for button in block.buttons]


def test_a_card_tells_all_that_is_known() -> None:
    post = paper_post(PAPER)
    assert texts_of(post) == [
        "### [A \\*starred\\* title](https://arxiv.org/abs/2604.14630)\n"
        "Ada Lovelace, B, C, D and 2 more · Analytical Engines\n"
        "-# Listed 31 March 2026 on Hugging Face, arXiv · ▲ 34 votes · 1 comment · ★ 1.2k stars\n"
        "-# arXiv 2604.14630 v2 · cs.CL, cs.LG",
        "Machines weave \\*patterns\\*. Looms do not.",
    ]
    assert [(button.label, button.url or button.custom_id) for button in _buttons(post)] == [
        ("Abstract", "https://arxiv.org/abs/2604.14630"),
        ("PDF", "https://arxiv.org/pdf/2604.14630"),
        ("Hugging Face", "https://huggingface.co/papers/2604.14630"),
        ("Code", "https://github.com/x/y"),
        ("Project page", "https://x.test/project"),
        ("More like this", "paperboy:similar:5"),
        ("Why?", "paperboy:why:5"),
    ]


def test_a_card_of_little_is_short() -> None:
    post = paper_post(Paper(id=PaperId(5), title="T", url="https://x.test/1"))
    assert texts_of(post) == ["### [T](https://x.test/1)"]
    assert [button.label for button in _buttons(post)] == ["Abstract", "More like this", "Why?"]


def test_a_long_abstract_is_cut_behind_a_sentence() -> None:
    post = paper_post(dataclasses.replace(PAPER, abstract="Looms weave patterns of (many) threads. " * 200))
    check(post, papers=[PAPER])
    told = texts_of(post)[1]
    assert told.endswith("threads. …")
    assert markup.characters(post) > 3_700


@pytest.mark.parametrize("abstract", ["*" * 9_000, "x" * 9_000, "🙂" * 9_000, "loom " * 2_000])
def test_one_endless_sentence_is_cut_as_well(abstract: str) -> None:
    post = paper_post(dataclasses.replace(PAPER, abstract=abstract))
    check(post, papers=[PAPER])
    assert texts_of(post)[1].endswith("…")
    assert markup.characters(post) > 3_300


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x.test/" + "x" * 600, "https://x.test/a b", ""])
def test_what_is_no_address_for_a_button_has_none(url: str) -> None:
    post = paper_post(dataclasses.replace(PAPER, repository=url, url="https://arxiv.org/pdf/2604.14630"))
    assert [button.label for button in _buttons(post)] == [
        *("Abstract", "Hugging Face", "Project page", "More like this", "Why?"),
    ]


@slow
@given(hostile.papers())
def test_any_card_fits(paper: Paper) -> None:
    check(paper_post(paper), papers=[paper])


@slow
@given(st.data())
def test_any_likeness_fits(data: st.DataObject) -> None:
    papers = data.draw(st.lists(hostile.papers(), max_size=7))
    hits = [Hit(paper=paper, score=1, reasons=(f"shares “{data.draw(hostile.lines)}”",)) for paper in papers]
    paper = data.draw(hostile.papers())
    check(similar_post(paper, hits), papers=[paper, *papers])


def test_what_is_like_a_paper_tells_why_and_can_be_opened() -> None:
    post = similar_post(PAPER, [Hit(paper=PAPER, score=1, reasons=("shares “loom”, “weave”", "34 votes"))])
    head, row = texts_of(post)
    assert head == "### More like [A \\*starred\\* title](https://arxiv.org/abs/2604.14630)"
    assert row.endswith("-# ↳ shares “loom”, “weave”")
    (select,) = (block for block in post.blocks if isinstance(block, Select))
    assert select.options == (("5", "A *starred* title"),)
    assert "is like it yet" in texts_of(similar_post(PAPER, ()))[0]
