"""The sentences that a reader gets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Paper
from bot.papers.sentences import sentences
from bot.papers.summary import LIMIT, chosen, remembered, shorten, summarise, whole

_signs = st.sampled_from(
    [
        *("Word", "word", "A", "x", "et al", "Fig", "e.g", "0", "3", "$y$", "\\a", "🙂", "é", "中", '"', "(", ")"),
        *("’", ". ", ".", "? ", "!", " ", "\n", "...", "abcd.Efg ", ";"),
    ]
)
texts = st.text(max_size=200) | st.lists(_signs, max_size=60).map("".join) | st.text(min_size=280, max_size=400)


def paper(abstract: str = "", *, title: str = "", summary: str = "") -> Paper:
    return Paper(title=title, url="", abstract=abstract, summary=summary)


def told(abstract: str, title: str = "") -> str:
    text, author = summarise(paper(abstract, title=title))
    assert author == "abstract"
    assert len(text) <= LIMIT
    return text


@settings(deadline=None, max_examples=200)
@given(texts, st.text(max_size=40), st.booleans())
def test_a_summary_is_short_and_says_only_what_the_source_says(text: str, title: str, by_model: bool) -> None:
    clean = " ".join(text.split())
    told, author = summarise(paper("" if by_model else clean, title=title, summary=clean if by_model else ""))
    assert len(told) <= LIMIT
    assert author == (("Hugging Face" if by_model else "abstract") if clean else "")
    if clean:
        assert told
        whole = "".join(clean.split()).casefold()
        for part in sentences(told):
            assert "".join(part.removesuffix("…").split()).casefold() in whole


# --- the source's own summary -----------------------------------------------------------------------


def test_the_source_s_own_summary_comes_first_and_no_text_is_no_summary() -> None:
    assert summarise(paper("Long.", summary="Short.")) == ("Short.", "Hugging Face")
    assert summarise(paper("Long.")) == ("Long.", "abstract")
    assert summarise(paper(title="T")) == ("", "")


@pytest.mark.parametrize(
    "summary",
    ["N/A", "none", "-", "…", "no summary available.", "I'm sorry, the text is missing.", "Kettles at Noon!"],
)
def test_a_summary_that_says_nothing_gives_way_to_the_abstract(summary: str) -> None:
    abstract = "We boil kettles at noon."
    assert summarise(paper(abstract, title="Kettles at noon", summary=summary)) == (abstract, "abstract")
    assert summarise(paper(title="Kettles at noon", summary=summary)) == (summary, "Hugging Face"), "or to nothing"


def test_a_summary_may_speak_of_errors_and_of_what_cannot_be() -> None:
    for summary in (
        "Error correction keeps kettles quiet.",
        "None of the kettles boils.",
        "Sorry kettles whistle.",
    ):
        assert summarise(paper("Other.", summary=summary)) == (summary, "Hugging Face")


def test_a_summary_as_long_as_an_abstract_is_read_like_one() -> None:
    abstract = f"{SCENE} {CLAIM} {ASIDE} {MORE} {RESULT} {'Nobody was hurt in any of these kitchens. ' * 8}"
    assert len(abstract) > 600
    assert summarise(paper(abstract, title=TITLE, summary=abstract)) == (f"{CLAIM} {RESULT}", "abstract")
    assert summarise(paper(title=TITLE, summary=abstract)) == (f"{CLAIM} {RESULT}", "Hugging Face")


def test_of_a_long_summary_the_first_sentences_are_shown() -> None:
    first, second = f"One model boils {'many ' * 30}kettles.", f"It whistles {'very ' * 30}loudly."
    assert summarise(paper("Other.", summary=f"{first} {second}")) == (first, "Hugging Face")
    short = "It whistles."
    assert summarise(paper("Other.", summary=f"{first} {short} {second}")) == (f"{first} {short}", "Hugging Face")


# --- the abstract -----------------------------------------------------------------------------------

TITLE = "Kettles that boil at noon"
SCENE = "Kettles have been popular for centuries, but existing ones often whistle at the wrong time of the day."
CLAIM = "We propose a kettle with a wound clock that opens a valve and boils its water at noon."
ASIDE, MORE = "The clock is wound by hand.", "Its spring was made by a smith in the north of the country."
RESULT = "In trials in ten kitchens it outperforms whistling kettles by 12%."


def test_what_was_done_and_what_came_out_are_shown() -> None:
    assert told(f"{SCENE} {CLAIM} {ASIDE} {RESULT} Code is available.", TITLE) == f"{CLAIM} {RESULT}"


def test_a_result_is_added_only_where_there_is_one_and_both_are_short() -> None:
    assert told(f"{SCENE} {CLAIM} {ASIDE} {MORE}", TITLE) == CLAIM
    long = f"Experiments in ten kitchens show that it is faster than {'all the other ' * 8}kettles."
    assert told(f"{SCENE} {CLAIM} {long}", TITLE) == CLAIM
    proud = "We propose a kettle with a clock that outperforms whistling kettles by 12% at noon."
    assert told(f"{SCENE} {proud} {RESULT}", TITLE) == proud, "the first sentence says what came out"


def test_a_sentence_that_says_what_the_title_does_is_not_left_alone() -> None:
    thin, more = "We present kettles that boil at noon.", "Specifically, a clock opens a valve above a gas flame."
    assert told(f"{SCENE} {thin} {more} {MORE}", TITLE) == f"{thin} {more}"
    assert told(f"{SCENE} {thin} Code is available at https://a.example/kettle. {MORE}", TITLE) == thin


def test_what_points_back_is_left_out_before_the_sentence() -> None:
    linked = f"To address this problem, in this paper, {CLAIM[0].lower()}{CLAIM[1:]}"
    assert told(f"{SCENE} {linked} {ASIDE} {MORE}", TITLE) == CLAIM


def test_a_sentence_that_hangs_on_another_is_not_shown_alone() -> None:
    hanging = "This boils the water of the kettles at noon with a clock for the kettles."
    assert not told(f"{SCENE} {CLAIM} {hanging} {MORE}", TITLE).startswith("This")
    question = "Can kettles that boil at noon boil water at noon for kettles?"
    assert told(f"{question} {CLAIM} {MORE}", TITLE) == CLAIM


def test_asides_are_not_what_a_paper_did() -> None:
    aside = "Comments: 12 pages, kettles that boil at noon, code at https://a.example/kettle."
    assert told(f"{aside} {SCENE} {CLAIM}", TITLE) == CLAIM
    later = "We will release all kettles that boil at noon and their data."
    assert told(f"{SCENE} {CLAIM} {later}", TITLE) == CLAIM
    future = "Future work should study kettles that boil at noon elsewhere."
    assert told(f"{SCENE} {CLAIM} {future}", TITLE) == CLAIM


def test_of_a_structured_abstract_it_is_the_conclusion_without_its_heading() -> None:
    ends = "Warm kettles are associated with fewer cold teas among adults in the north."
    parts = (
        "BACKGROUND: Whether warm kettles are associated with cold teas is unknown among adults.",
        "METHODS: A cohort of 412 adults was asked twice a year about kettles.",
        "RESULTS: 31 teas were cold in the first year, and 12 in the second.",
        f"CONCLUSIONS: {ends}",
    )
    title = "Warm kettles and cold teas: a cohort study"
    assert told(" ".join(parts), title).startswith(ends)
    bald = " ".join(part.replace(":", "", 1) for part in parts)
    assert told(bald, title).startswith(ends)


def test_a_text_without_a_claim_is_told_by_what_stands_for_it() -> None:
    news = (
        "The town museum opened its hall of kettles on Monday. Visitors find ninety of them from six centuries. "
        "The oldest was found in a well. Tickets cost four crowns. The hall is closed on Sundays and in winter."
    )
    assert told(news, "A hall of kettles opens in the town museum").startswith("The town museum opened its hall")


def test_a_text_of_one_or_two_sentences_is_shown_as_it_is() -> None:
    assert told("One kettle.") == "One kettle."
    assert told("However, it boils. This is all.") == "However, it boils. This is all."
    assert told("no full stop") == "no full stop"


def test_other_languages_begin_at_their_beginning() -> None:
    german = "Kessel pfeifen oft zur falschen Zeit. Wir zeigen einen mit Uhr. Er kocht mittags. Das freut alle."
    assert told(german) == "Kessel pfeifen oft zur falschen Zeit. Wir zeigen einen mit Uhr."
    assert told("水壶会响。我们提出新水壶。它很快。") == "水壶会响。 我们提出新水壶。"


def test_line_breaks_are_spaces() -> None:
    broken = f"{SCENE} {CLAIM} {ASIDE} {MORE}".replace(" ", "\n", 9).replace("clock that", "clock\nthat")
    assert told(broken, TITLE) == CLAIM


def test_a_long_sentence_ends_before_its_list_or_between_words() -> None:
    listed = f"We propose a kettle with a clock that boils its water at noon in two ways: (1) {'slowly ' * 40}."
    assert (
        told(f"{SCENE} {listed}", TITLE)
        == "We propose a kettle with a clock that boils its water at noon in two ways…"
    )
    long = f"We propose a kettle with a clock that boils at noon and {'goes on ' * 40}to its end."
    text = told(f"{SCENE} {long}", TITLE)
    assert 280 < len(text) <= LIMIT
    assert text.endswith((" on…", " goes…"))


def test_a_list_of_fields_before_the_abstract_is_none_of_it() -> None:
    assert told(f"Authors: Ada Lovelace, C. Babbage Upvotes: 13 Summary: {SCENE} {CLAIM}", TITLE) == told(
        f"{SCENE} {CLAIM}", TITLE
    )


def test_an_abstract_is_read_once_and_an_article_is_not_remembered() -> None:
    remembered.cache_clear()
    for _ in range(3):
        told(f"{SCENE} {CLAIM} {SCENE}", TITLE)
        told(f"{SCENE} {CLAIM} {SCENE * 60}", TITLE)
    assert (remembered.cache_info().misses, remembered.cache_info().hits) == (1, 2)


@pytest.mark.parametrize(
    "piece", ["x", "....", "😀 ", "$a ", "(. A", "&lt;p>. ", "هذا. ", "... ", "the of (1) aa ", "。"]
)
def test_no_abstract_takes_long_and_each_gives_a_text_that_fits(piece: str) -> None:
    start = time.perf_counter()
    text = chosen(TITLE, (piece * 40_000)[:40_000])
    assert time.perf_counter() - start < 2
    assert 0 < len(text) <= LIMIT


# --- shortening -------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=80), st.integers(0, 60))
def test_shortening_keeps_the_limit_and_tells_that_something_is_left_out(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    if len(text) <= limit:
        assert short == text
    elif limit:
        assert short.endswith("…")
        assert text.startswith(short[:-1])


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one, two", 6, "one…"),
        ("x" * 20, 10, "x" * 9 + "…"),
        ("a " + "x" * 20, 10, "a xxxxxxx…"),
        ("word", 1, "…"),
        ("word", 0, ""),
    ],
)
def test_shortening_cuts_between_words_where_it_can(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("We show for all of them that $a + b + c$ holds", "We show for all of them that…"),
        ("We show for all of them that it is $a + b = c$ here", "We show for all of them that it is…"),
        ("We show it for $3 and again for $4 of them all", "We show it for $3 and again for $4 of…"),
        ("$a + b + c + d + e + f + g + h + i + j + k + l$", "$a + b + c + d + e + f + g + h + i +…"),
        ("We show for all these things that x = y + z", "We show for all these things that x…"),
    ],
)
def test_shortening_does_not_cut_inside_a_formula(text: str, short: str) -> None:
    assert shorten(text, 38) == short


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (40, "One. Two goes on. Three goes further on."),
        (39, "One. Two goes on."),
        (17, "One. Two goes on."),
        (16, "One."),
        (4, "One."),
        (3, "On…"),
        (0, ""),
    ],
)
def test_whole_sentences_are_kept_while_they_fit(limit: int, text: str) -> None:
    assert whole("One. Two goes on. Three goes further on.", limit) == text
