"""What a sentence begins with, and the headings that stand before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.openings import bare, sections

REST = "we propose a kettle that boils at noon."
TOLD = "We propose a kettle that boils at noon."


@pytest.mark.parametrize(
    "opening",
    [
        "However, ",
        "To this end, ",
        "In this paper, ",
        "In this paper ",
        "In this study, ",
        "Here, ",
        "Here ",
        "Therefore, in this paper, ",
        "However, to address this, ",
        "To address these challenges, ",
        "To address this issue, in this paper, ",
        "To systematically close this gap, ",
        "To combine their strengths, ",
        "Motivated by this observation, ",
        "Building on these insights, ",
        "Contrary to this belief, ",
        "Unlike these kettles, ",
        "To facilitate this change ",
        "1) To fill in this gap, ",
        "(ii) ",
        "More importantly, ",
        "% ",
        "In conclusion, ",
    ],
)
def test_what_only_links_a_sentence_is_left_out(opening: str) -> None:
    assert bare(f"{opening}{REST}") == TOLD


def test_a_name_or_a_stray_capital_may_follow() -> None:
    assert bare(f"To address this gap, {TOLD}") == TOLD
    assert bare("With these changes, KettleNet boils water at noon.") == "KettleNet boils water at noon."


@pytest.mark.parametrize(
    "sentence",
    [
        "Inspired by the way cats fall, we propose a kettle that lands on its feet.",
        "Under these conditions, we prove that no kettle boils before noon.",
        "If this holds, we can boil every kettle at noon.",
        "To boil water at noon, we propose a kettle with a clock.",
        "In this paper kettles are boiled.",
        "This paper proposes a kettle that boils at noon.",
        "Howevermore, a kettle boils.",
        "Finally, it boils.",
        "However,",
        "",
    ],
)
def test_what_says_something_stays(sentence: str) -> None:
    assert bare(sentence) == sentence


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("However, mBERT boils water only at noon every day.", "mBERT boils water only at noon every day."),
        ("However, k-NN search boils water only at noon.", "k-NN search boils water only at noon."),
        ("However, $x$ kettles boil water only at noon.", "$x$ kettles boil water only at noon."),
        ("However, kettles boil water only at noon.", "Kettles boil water only at noon."),
    ],
)
def test_a_new_beginning_gets_a_capital_unless_it_is_a_name(sentence: str, told: str) -> None:
    assert bare(sentence) == told


_PIECES = st.sampled_from(
    [
        "However, ",
        "To address this, ",
        "In this paper, ",
        "we boil ",
        "it, ",
        "(1) ",
        "these ",
        "kettles at noon. ",
        "% ",
    ]
)


@given(st.text(max_size=80) | st.lists(_PIECES, max_size=12).map("".join))
def test_the_rest_of_a_sentence_is_as_it_was(sentence: str) -> None:
    told = bare(sentence)
    assert sentence.endswith(told[1:])
    assert told == sentence or len(told) >= 20


def test_headings_are_taken_off_and_hold_until_the_next() -> None:
    parts = (
        "BACKGROUND: Kettles whistle.",
        "Nobody knows why.",
        "METHODS AND RESULTS: We heard ten.",
        "Conclusions: They are hot.",
        "Trial registration: 123.",
    )
    assert sections(parts) == [
        ("background", "Kettles whistle."),
        ("background", "Nobody knows why."),
        ("result", "We heard ten."),
        ("conclusion", "They are hot."),
        ("aside", "123."),
    ]


def test_headings_without_a_colon_need_another_or_capitals() -> None:
    assert sections(("Background Kettles whistle.", "Results We heard ten.")) == [
        ("background", "Kettles whistle."),
        ("result", "We heard ten."),
    ]
    assert sections(("Purpose.", "Kettles whistle.", "Method.", "We heard ten.")) == [
        ("background", "Kettles whistle."),
        ("method", "We heard ten."),
    ]
    assert sections(("We heard ten.", "CONCLUSIONS/SIGNIFICANCE They are hot.")) == [
        ("", "We heard ten."),
        ("conclusion", "They are hot."),
    ]
    assert sections(("STUDY OBJECTIVE We ask.", "AUTHORS' CONCLUSIONS AND CLINICAL IMPORTANCE mTea is hot.")) == [
        ("background", "We ask."),
        ("conclusion", "mTea is hot."),
    ]
    assert sections(("[Purpose] The kettle whistles.", "[Results] It is hot.")) == [
        ("background", "The kettle whistles."),
        ("result", "It is hot."),
    ]


@pytest.mark.parametrize(
    "parts",
    [
        ("Background Subtraction finds kettles.", "We heard ten."),
        ("Results show that kettles whistle.", "Methods that boil are hot."),
        ("IMPACT is a kettle.", "DESIGN boils it."),
        ("Design of kettles.", "background: none."),
        ("Goal.",),
        (),
    ],
)
def test_other_sentences_have_no_heading(parts: tuple[str, ...]) -> None:
    assert sections(parts) == [("", part) for part in parts]
