"""What is looked at in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.salience import BEGINNINGS, CUES, NAMES, WHOLE, content, features
from bot.papers.summary_weights import WEIGHTS


def seen(title: str, *parts: str) -> list[dict[str, float]]:
    return [dict(zip(NAMES, row, strict=True)) for row in features(title, parts, parts)]


def test_every_feature_has_a_weight_and_no_weight_is_left_over() -> None:
    assert tuple(WEIGHTS) == NAMES
    assert len(NAMES) <= 30


@given(st.text(max_size=60), st.lists(st.text(max_size=120), max_size=6))
def test_any_text_has_features_of_a_known_size(title: str, parts: list[str]) -> None:
    rows = features(title, parts, parts)
    assert len(rows) == len(parts)
    for row in rows:
        values = dict(zip(NAMES, row, strict=True))
        assert min(values.values()) >= 0
        assert values.pop("long") <= 12
        assert max(values.values()) <= 1.2, "the shares and the signs; a short sentence lacks up to twelve words"


def test_where_a_sentence_stands() -> None:
    first, second, third = seen("", "Kettles whistle.", "We boil them.", "They are hot.")
    assert (first["opening"], first["sets the scene"], first["place"]) == (True, True, 0)
    assert (second["opening"], second["sets the scene"], second["place"]) == (False, False, 0.5)
    assert third["place"] == 1
    assert not seen("", "Kettles whistle.", "They are hot.")[0]["sets the scene"], "nobody comes after it"
    assert not seen("", "We boil kettles.", "They are hot.")[0]["sets the scene"]


def test_only_the_first_claim_is_the_first() -> None:
    rows = seen("", "Kettles whistle.", "This paper boils kettles.", "We show that they are hot.")
    assert [(row["first claim"], row["after a claim"]) for row in rows] == [(0, 0), (1, 0), (0, 1)]


def test_the_sentence_that_proposes_what_the_title_is_named_after() -> None:
    parts = ("SaySome whistles.", "We boil kettles.", "We propose SaySome.", "We propose saysome.")
    assert [row["names it"] for row in seen("SaySome: Words for All", *parts)] == [0, 0, 1, 0]
    for title in ("SaySome", "On the many ways of SaySome: Words", ": Words", "SaySome Words"):
        assert not any(row["names it"] for row in seen(title, *parts))


def test_what_a_sentence_shares_with_the_title_and_with_the_others() -> None:
    rows = seen("Segmenting warm kettles", "Segmentation of kettles, at noon.", "Kettles boil.", "Tea.", "The.")
    assert rows[0]["tells the title"] == pytest.approx(2 / 3)
    assert rows[0]["title's words"] == pytest.approx(2 / 3)
    assert rows[1]["covers"] == 1, "of what is repeated, all"
    assert rows[1]["central"] > rows[2]["central"] > rows[3]["central"] == 0
    assert content("We propose segmentation, in this work.") == ["segmen"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("we", "Our kettles boil."),
        ("we propose", "We then carefully designed a kettle."),
        ("we propose", "A kettle is proposed."),
        ("new", "A novel kettle."),
        ("background", "Kettles have become popular."),
        ("problem", "Boiling remains difficult."),
        ("trial", "Extensive trials were made."),
        ("points back", "It solves these problems."),
        ("stands beside", "The code is publicly available."),
        ("stands beside", "See https://a.example/kettle."),
        ("stands beside", "We will release it."),
        ("stands beside", "Further research is needed."),
        ("begins: we", "We boil."),
        ("begins: this", "These boil."),
        ("is a question", "Do they boil?"),
        ("this paper", "In this short paper they boil."),
        ("also", "Moreover, they boil."),
        ("also", "On kettles, we also boil."),
        ("to address", "To systematically address it, they boil."),
    ],
)
def test_a_cue_is_seen(name: str, sentence: str) -> None:
    assert seen("", sentence)[0][name]
    assert not seen("", "Kettles whistle.")[0][name]


def test_this_paper_is_not_what_a_sentence_hangs_on() -> None:
    assert not seen("", "This paper boils.")[0]["begins: this"]
    assert {*CUES, *BEGINNINGS, *WHOLE} < {*NAMES}
