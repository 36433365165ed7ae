"""The sentences that a reader gets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Paper
from bot.papers.summary import LIMIT, sentences, shorten, summarise


@pytest.mark.parametrize(
    "text",
    [
        "We follow Smith et al. Their method is good",
        "The gradient w.r.t. X and the loss s.t. C holds",
        "As Fig. 3 shows",
        "As Figs. 3 and 4 and Eq. (5) and Sec. 2 and Tab. 1 show",
        "Many models, e.g. BERT, fail",
        "One model, i.e. GPT, wins",
        "CNNs vs. Transformers",
        "Cf. Section 2",
        "A drop from 0.5 to 0.25 and version 2.0 of GPT-4.1",
        "J. K. Rowling and Donald E. Knuth wrote it",
        "Dr. Who and Prof. X met at St. Andrews",
        "No. 5 lives",
        "an error of approx. 5 percent",
        "lower case. follows here",
        "see arXiv.org for more",
        "Node.js and example.com are names",
        "What?",
        "",
    ],
)
def test_a_full_stop_does_not_always_end_a_sentence(text: str) -> None:
    assert sentences(text) == ((text,) if text else ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ("One.", "Two.")),
        ("Why? Because! So.", ("Why?", "Because!", "So.")),
        ("Really?! Yes.", ("Really?!", "Yes.")),
        ('He said "no." Then left.', ('He said "no."', "Then left.")),
        ("(See below.) Then.", ("(See below.)", "Then.")),
        ("It works. “Well” it does.", ("It works.", "“Well” it does.")),
        ("We use $x = 0.5$. Then $y$ is free.", ("We use $x = 0.5$.", "Then $y$ is free.")),
        ("Let $f(x) = x^2.$ It holds.", ("Let $f(x) = x^2.$ It holds.",)),
        ("It holds. $X$ wins.", ("It holds.", "$X$ wins.")),
        ("We reach 95.2. 3 runs.", ("We reach 95.2.", "3 runs.")),
        ("It is underexplored.In this work we do.", ("It is underexplored.", "In this work we do.")),
        ("Smith et al. Show. Then.", ("Smith et al. Show.", "Then.")),
        ("A lot ... Then.", ("A lot ...", "Then.")),
        ("This ends... Then.", ("This ends...", "Then.")),
    ],
)
def test_sentences_are_parted(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


_signs = st.sampled_from(
    [
        *("Word", "word", "A", "x", "et al", "Fig", "e.g", "0", "3", "$y$", "\\a", "🙂", "é", "中", '"', "(", ")"),
        *("’", ". ", ".", "? ", "!", " ", "\n", "...", "abcd.Efg ", ";"),
    ]
)
texts = st.text(max_size=200) | st.lists(_signs, max_size=60).map("".join) | st.text(min_size=280, max_size=400)


@settings(deadline=None, max_examples=150)
@given(texts)
def test_sentences_joined_give_the_words_back(text: str) -> None:
    parts = sentences(text)
    assert all(parts)
    assert all(part == part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@settings(deadline=None, max_examples=150)
@given(texts, st.booleans())
def test_a_summary_is_short_and_says_only_what_the_source_says(text: str, by_model: bool) -> None:
    clean = " ".join(text.split())
    paper = Paper(title="", url="", abstract=clean if not by_model else "other", summary=clean if by_model else "")
    told, author = summarise(paper)
    assert len(told) <= LIMIT
    if clean:
        assert told
        assert author == ("Hugging Face" if by_model else "abstract")
        whole = "".join(clean.split())
        assert whole.startswith("".join(told.split())) or whole.startswith("".join(told[:-1].split()))


def test_the_source_s_own_summary_comes_first_and_no_text_is_no_summary() -> None:
    assert summarise(Paper(title="", url="", summary="Short.", abstract="Long.")) == ("Short.", "Hugging Face")
    assert summarise(Paper(title="", url="", abstract="Long.")) == ("Long.", "abstract")
    assert summarise(Paper(title="T", url="")) == ("", "")


def test_two_sentences_if_they_fit_else_one_else_its_first_words() -> None:
    first, second, third = "First one.", "Second one.", "Third one."
    assert summarise(Paper(title="", url="", abstract=f"{first} {second} {third}"))[0] == f"{first} {second}"
    long = f"The long one {'goes on ' * 40}to its end."
    assert summarise(Paper(title="", url="", abstract=f"{first} {long}"))[0] == first
    told, _ = summarise(Paper(title="", url="", abstract=f"{long} {first}"))
    assert 280 < len(told) <= LIMIT
    assert told.endswith((" on…", " goes…"))


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
