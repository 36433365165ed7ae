"""A paper's card and what is like it, as a reader sees them and as bad as their texts could be."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import markup
from bot.digest.paper import bibtex_post, paper_post, similar_post
from bot.models import Button, Hit, Observation, Paper, PaperId, Post, Row, Select
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
        ("All authors", "paperboy:unfold:5:1"),
        ("More like this", "paperboy:similar:5"),
        ("Why?", "paperboy:why:5"),
        ("BibTeX", "paperboy:bibtex:5"),
    ]


def test_a_card_of_little_is_short() -> None:
    post = paper_post(Paper(id=PaperId(5), title="T", url="https://x.test/1"))
    assert texts_of(post) == ["### [T](https://x.test/1)"]
    assert [button.label for button in _buttons(post)] == ["Abstract", "More like this", "Why?", "BibTeX"]


LONG = dataclasses.replace(
    PAPER, abstract="Looms weave patterns of (many) threads. " * 40, summary="Weaving by machines, explained."
)


def test_a_long_abstract_is_folded_behind_a_sentence_until_somebody_asks() -> None:
    post = paper_post(LONG)
    check(post, papers=[PAPER])
    _, gist, told = texts_of(post)
    assert gist == "**In short**, by Hugging Face’s model\nWeaving by machines, explained."
    assert told.startswith("**Abstract**\nLooms weave")
    assert told.endswith("threads.\u00a0…")
    assert 500 < len(told) < 650
    turn = _buttons(post)[5]
    assert (turn.label, turn.custom_id) == ("Whole abstract", "paperboy:unfold:5:1")

    whole = paper_post(LONG, unfolded=True)
    check(whole, papers=[PAPER])
    head, gist, told, authors = texts_of(whole)
    assert (head, gist) == (texts_of(post)[0], texts_of(post)[1])
    assert told == f"**Abstract**\n{markup.escape(LONG.abstract)}"
    assert authors == "-# **6 authors**\n-# Ada Lovelace, B, C, D, E, F"
    turn = _buttons(whole)[5]
    assert (turn.label, turn.custom_id) == ("Fold", "paperboy:unfold:5:0")


@pytest.mark.parametrize(
    ("summary", "abstract"),
    [
        ("Looms do *not*.", PAPER.abstract),  # the abstract says it
        ("A *starred* title", PAPER.abstract),
        ("N/A", PAPER.abstract),
        ("A model says so.", ""),
    ],
)
def test_a_summary_that_says_nothing_else_is_not_there(summary: str, abstract: str) -> None:
    texts = texts_of(paper_post(dataclasses.replace(PAPER, summary=summary, abstract=abstract)))
    assert texts[1:] == [markup.escape(abstract or summary)]


def test_what_is_short_is_not_folded() -> None:
    few = dataclasses.replace(LONG, abstract="word " * 159 + "word.", authors=("A", "B", "C", "D"))
    post = paper_post(few)
    assert texts_of(post)[2] == f"**Abstract**\n{few.abstract}"
    assert not {"Whole abstract", "All authors", "Fold"} & {button.label for button in _buttons(post)}
    assert texts_of(paper_post(few, unfolded=True)) == texts_of(post)


def test_more_than_discord_has_room_for_is_cut_behind_a_sentence() -> None:
    authors = tuple(f"Author {at}" for at in range(600))
    endless = dataclasses.replace(LONG, abstract=LONG.abstract * 5, authors=authors)
    post = paper_post(endless, unfolded=True)
    check(post, papers=[PAPER])
    *_, told, names = texts_of(post)
    assert told.endswith("threads.\u00a0…")
    assert names.startswith("-# **600 authors**\n-# Author 0, Author 1, ")
    named = names.count("Author ")
    assert names.endswith(f"Author {named - 1} and {600 - named} more")
    assert named > 60
    assert markup.characters(post) > 3_700


def test_votes_over_time_stand_in_place_of_their_number() -> None:
    seen = [
        Observation(seen_at=datetime(2026, 3, day, 9, tzinfo=UTC), votes=votes)
        for day, votes in ((1, 3), (2, 30), (3, 34))
    ]
    head = texts_of(paper_post(PAPER, seen))[0].splitlines()
    assert head[2:4] == [
        "-# Listed 31 March 2026 on Hugging Face, arXiv · 1 comment · ★ 1.2k stars",
        "-# ▁██ 3 → 34 votes in 2 days",
    ]
    assert "▲ 34 votes" in texts_of(paper_post(PAPER, seen[:2]))[0]


@pytest.mark.parametrize("abstract", ["*" * 9_000, "x" * 9_000, "🙂" * 9_000, "loom " * 2_000])
def test_one_endless_sentence_is_cut_as_well(abstract: str) -> None:
    endless = dataclasses.replace(PAPER, abstract=abstract, authors=())
    post = paper_post(endless, unfolded=True)
    check(post, papers=[PAPER])
    assert texts_of(post)[1].endswith("…")
    assert markup.characters(post) > 3_300
    folded = paper_post(endless)
    check(folded, papers=[PAPER])
    assert texts_of(folded)[1].endswith("…")
    assert markup.length(texts_of(folded)[1]) <= 1_202


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x.test/" + "x" * 600, "https://x.test/a b", ""])
def test_what_is_no_address_for_a_button_has_none(url: str) -> None:
    post = paper_post(dataclasses.replace(PAPER, repository=url, url="https://arxiv.org/pdf/2604.14630"))
    assert [button.label for button in _buttons(post)] == [
        *("Abstract", "Hugging Face", "Project page", "All authors", "More like this", "Why?", "BibTeX"),
    ]


@slow
@given(hostile.papers(), hostile.histories)
def test_any_card_fits(paper: Paper, seen: list[Observation]) -> None:
    for unfolded in (False, True):
        check(paper_post(paper, seen, unfolded=unfolded), papers=[paper])


@slow
@given(hostile.papers())
def test_any_entry_stays_in_its_block(paper: Paper) -> None:
    (told,) = texts_of(bibtex_post(paper))
    entry = told.removeprefix("```bibtex\n").removesuffix("\n```")
    assert told == f"```bibtex\n{entry}\n```"
    assert entry.startswith("@misc{")
    assert "``" not in entry
    assert markup.fits(bibtex_post(paper))


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
    assert select.options == (("2604.14630", "A *starred* title"),)
    assert "is like it yet" in texts_of(similar_post(PAPER, ()))[0]
