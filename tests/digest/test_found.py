"""A page of a search as a reader sees it, and as bad as its texts could be."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import found, markup
from bot.models import Answer, Button, Hit, Line, Paper, PaperId, Post, Query, Row, Select, Suggestion, Text
from bot.papers import passage
from bot.papers.query import parse
from tests.digest import hostile
from tests.digest.hostile import check, texts_of

slow = settings(deadline=None, max_examples=60)
PAPER = Paper(
    id=PaperId(5),
    title="A *starred* title",
    url="https://arxiv.org/abs/2604.14630",
    arxiv_id="2604.14630",
    authors=("Ada Lovelace",),
    abstract="Machines weave patterns. " * 20 + "Then diffusion models weave *more* patterns than any [loom](x).",
    votes=34,
    listed_on=date(2026, 3, 31),
)


def _query(text: str) -> Query:
    return Query(text=text, root=None)


def _buttons(post: Post) -> list[Button]:
    return [button for block in post.blocks if isinstance(block, Row) for button in block.buttons]


def _words(text: str) -> tuple[str, ...]:
    """Every second word, as an index could have found them."""
    return tuple(re.findall(r"[^\W_]+", text)[::2])


@slow
@given(st.data())
def test_a_page_of_answers_fits(data: st.DataObject) -> None:
    papers = data.draw(st.lists(hostile.papers(), min_size=1, max_size=found.PAGE))
    hits = tuple(
        Hit(
            paper=paper,
            score=1.0,
            reasons=("only some of the words", *data.draw(hostile.reasons(paper))),
            wider=data.draw(st.booleans()),
            marks=tuple((field, _words(getattr(paper, field))) for field in ("title", "abstract", "summary")),
        )
        for paper in papers
    )
    answer = Answer(
        query=_query(data.draw(hostile.queries)),
        hits=hits,
        total=data.draw(st.integers(1, 10**6)),
        offset=5 * data.draw(st.integers(0, 10_000)),
        wider=data.draw(st.integers(0, 100)),
        spelled=tuple(data.draw(st.lists(st.tuples(hostile.lines, hostile.lines), max_size=4))),
    )
    post = found.answer_post(answer, data.draw(hostile.numbers))
    check(post, papers=papers)
    shown = sum(isinstance(block, Line) for block in post.blocks)
    assert ("left out" in "".join(texts_of(post))) == (shown < len(papers))


@slow
@given(
    hostile.queries,
    st.integers(0, 1),
    st.lists(st.tuples(hostile.queries, st.sampled_from((None, 0, 10**9)), st.integers(0, 10**9)), max_size=6),
)
def test_an_empty_answer_fits(text: str, archive: int, parts: list[tuple[str, int | None, int]]) -> None:
    without = tuple(Suggestion(part=part, alone=alone, rest="x", total=total) for part, alone, total in parts)
    post = found.nothing_post(
        Answer(query=_query(text), hits=(), total=0),
        archive,
        without=without,
        number=2**63 - 1,
        since=date(2026, 3, 30),
        today=date(2026, 3, 31),
    )
    check(post)


@pytest.mark.parametrize(
    ("offset", "total", "wider", "head", "back", "forth"),
    [
        (0, 3, 0, "**3 papers** for `x`", False, False),
        (0, 1, 4, "**1 paper** for `x`, 4 more come near", False, False),
        (0, 12, 0, "**12 papers** for `x` · page 1 of 3", False, True),
        (5, 12, 0, "**12 papers** for `x` · page 2 of 3", True, True),
        (10, 9, 3, "**9 papers** for `x`, 3 more come near · page 3 of 3", True, False),
    ],
)
def test_pages_of_an_answer(offset: int, total: int, wider: int, head: str, back: bool, forth: bool) -> None:
    answer = Answer(query=_query("x"), hits=(Hit(paper=PAPER, score=1),), total=total, offset=offset, wider=wider)
    post = found.answer_post(answer, 7)
    assert texts_of(post)[0] == head
    *turns, subscribe = _buttons(post)
    assert subscribe.custom_id == "paperboy:offer:7"
    if "page" not in head:
        assert turns == [], "one page has none to turn to"
        return
    left, right = turns
    assert (not left.disabled, not right.disabled) == (back, forth)
    page = offset // 5
    assert (left.custom_id, right.custom_id) == (f"paperboy:page:7:{page - 1}", f"paperboy:page:7:{page + 1}")


def test_a_hit_tells_its_day_and_why() -> None:
    hit = Hit(paper=PAPER, score=1, reasons=("only some of the words", "by Ada Lovelace"))
    told = markup.as_text(found.answer_post(Answer(query=_query("x"), hits=(hit,), total=1), 7))
    assert "31 Mar 2026 · ▲ 34" in told
    assert "↳ only some of the words; by Ada Lovelace" in told


def test_what_does_not_fit_on_a_page_is_counted() -> None:
    huge = Paper(
        title="*" * 300, url="https://x.test/" + "é" * 480, authors=("*" * 90,) * 2, organization="*" * 90
    )
    answer = Answer(query=_query("x"), hits=(Hit(paper=huge, score=1, reasons=("by " + "*" * 300,)),) * 5, total=5)
    post = found.answer_post(answer, 7)
    check(post, papers=[huge])
    shown = sum(isinstance(block, Line) for block in post.blocks)
    assert 2 <= shown < 5
    assert f"-# {5 - shown} of this page left out" in texts_of(post)[-1]


def test_nothing_found_tells_what_to_try() -> None:
    answer = Answer(query=_query("xyz"), hits=(), total=0)
    assert "fewer or other words" in texts_of(found.nothing_post(answer, 79))[0]
    assert "still empty" in texts_of(found.nothing_post(answer, 0))[0]


def _hit(text: str, *, field: str = "abstract", words: tuple[str, ...], asked: str = "x", **more: object) -> str:
    """The second line of a hit: what it tells."""
    paper = dataclasses.replace(PAPER, **({"abstract": "", field: text} | more))  # type: ignore[arg-type]
    hit = Hit(paper=paper, score=1, marks=((field, words),))
    return found.row_told(parse(asked), hit, 100).splitlines()[1]


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("Fast diffusion is slow.", ("diffusion",), "Fast **diffusion** is slow."),
        ("Fast Diffusion Models, diffusions.", ("Diffusion", "Models"), "Fast **Diffusion Models**, diffusions."),
        ("A *b* of *c*_d_", ("b", "d"), "A \\***b**\\* of \\*c\\*\\_**d**\\_"),
        ("[loom](http://x.test) @everyone", ("loom", "everyone"),
         "\\[**loom**\\]\\(http\\://x.test\\) @\u200b**everyone**"),
        ("1. weave - weave", ("1", "weave"), "**1**. **weave** \\- **weave**"),
        ("how the loom weaves", ("how", "the", "loom"), "how the **loom** weaves"),
        ("a\u200bloom <@1> `b` ~~c~~ ||d|| #e", ("d", "1"),
         "a\u200bloom \\<@\u200b**1**\\> \\`b\\` \\~\\~c\\~\\~ \\|\\|**d**\\|\\| \\#e"),
    ],
)  # fmt: skip
def test_found_words_are_bold_and_nothing_else_is(text: str, words: tuple[str, ...], told: str) -> None:
    assert _hit(text, words=words, asked="how the loom") == told


def test_the_passage_is_where_the_words_are() -> None:
    text = (
        f"{'Nothing of it is told here. ' * 30}Then diffusion models weave patterns. {'And so on it goes. ' * 30}"
    )
    told = _hit(text, words=("diffusion", "patterns"))
    assert told.startswith("…Then **diffusion** models weave **patterns**. And so")
    assert told.endswith("…")
    assert len(markup.as_text(Post((Text(told),)))) <= 100


def test_a_passage_is_no_mere_end_of_its_text() -> None:
    told = _hit(f"{'Nothing of it is told here. ' * 30}A loom.", words=("loom",))
    assert told.endswith("Nothing of it is told here. A **loom**.")
    assert told.startswith("…Nothing of it")


def test_of_two_texts_that_with_more_of_the_words_is_shown() -> None:
    hit = Hit(
        paper=dataclasses.replace(PAPER, summary="A loom.", abstract="A loom weaves."),
        score=1,
        marks=(("abstract", ("loom", "weaves")), ("summary", ("loom",))),
    )
    assert found.row_told(_query("x"), hit, 100).splitlines()[1] == "A **loom weaves**."
    alone = dataclasses.replace(hit, marks=(("summary", ("loom",)),))
    assert found.row_told(_query("x"), alone, 100).splitlines()[1] == "A **loom**.\u00a0✦"


def test_without_a_found_word_the_summary_is_shown() -> None:
    hit = Hit(paper=PAPER, score=1, marks=(("title", ("starred",)),))
    assert found.row_told(_query("x"), hit, 100).splitlines()[1].startswith("Machines weave patterns.")


@slow
@given(hostile.texts, st.integers(40, 240))
def test_a_passage_shows_its_text_and_not_more(text: str, limit: int) -> None:
    words = _words(text)
    chosen = passage.choose([(text, words)], limit)
    if chosen is None:
        return
    _, pieces = chosen
    told = "".join(part for part, _ in pieces)
    assert len(told) <= limit
    assert told.removeprefix("…").removesuffix("…") in " ".join(text.split())
    assert all(set(re.findall(r"[^\W_]+", part)) <= set(words) for part, bold in pieces if bold)
    back = markup.as_text(Post((Text(markup.emphasise(pieces)),)), width=1_000)
    assert _words(back) == _words(told)


def test_wider_hits_stand_behind_a_line_that_says_so() -> None:
    strict = Hit(paper=PAPER, score=1, reasons=("“x” in the title",))
    wider = Hit(paper=PAPER, score=1, reasons=("only some of the words",), wider=True)
    texts = texts_of(found.answer_post(Answer(query=_query("x"), hits=(strict, wider), total=1, wider=1), 7))
    assert texts[0] == "**1 paper** for `x`, 1 more comes near"
    assert texts[1].endswith("-# ↳ “x” in the title")
    assert texts[2] == "-# No more paper has all the words; these come near:"
    assert texts[3].endswith("-# ≈ only some of the words")
    texts = texts_of(found.answer_post(Answer(query=_query("x"), hits=(wider,), total=0, wider=1), 7))
    assert texts[0] == "**No paper** has all the words of `x`, 1 comes near"
    assert texts[1].startswith("**[A ")


def test_a_correction_is_told() -> None:
    hit = Hit(paper=PAPER, score=1, wider=True)
    spelled = (("difusion", "diffusion"),)
    answer = Answer(query=_query("difusion"), hits=(hit,), total=0, wider=1, spelled=spelled)
    head, *_ = texts_of(found.answer_post(answer, 7))
    assert head.splitlines() == [
        "**No paper** has `difusion` as it was typed, 1 comes near",
        "-# Also looked for what may be meant: “diffusion” for “difusion”",
    ]


def test_each_paper_of_the_page_can_be_opened() -> None:
    answer = Answer(query=_query("x"), hits=(Hit(paper=PAPER, score=1),), total=1)
    (select,) = (block for block in found.answer_post(answer, 7).blocks if isinstance(block, Select))
    assert (select.custom_id, select.options) == ("paperboy:card", (("2604.14630", "A *starred* title"),))


def test_a_young_archive_is_told() -> None:
    answer = Answer(query=_query("xyz"), hits=(), total=0)
    told = texts_of(found.nothing_post(answer, 79, since=date(2026, 3, 24), today=date(2026, 3, 31)))[0]
    assert "The archive is young: 79 papers since 24 March." in told
    assert (
        "young"
        not in texts_of(found.nothing_post(answer, 79, since=date(2025, 3, 24), today=date(2026, 3, 31)))[0]
    )
