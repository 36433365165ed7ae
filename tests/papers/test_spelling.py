"""How else a word may be spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.spelling import holds, others


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("h2o", ("h²o", "h₂o")),
        ("co₂", ("co2",)),
        ("x²", ("x2",)),
        ("o(n²)", ("o(n2)",)),
        ("m3-vqa", ("m³-vqa", "m₃-vqa")),
        ("epsilon-greedy", ("ε-greedy",)),
        ("ε-greedy", ("epsilon-greedy",)),
        ("α and beta", ("alpha and beta", "α and β")),
        ("l2", ("l²", "l₂", "ℓ2", "ℓ²", "ℓ₂")),
        ("ℓ₂", ("l2", "l₂", "ℓ2")),
        ("pi0", ("pi⁰", "pi₀", "π0", "π_0", "π⁰", "π₀")),
        ("π₀.5", ("pi0.5", "pi₀.5", "π0.5", "π_0.5")),
        # words that only look alike
        ("agent", ()),
        ("multiple alphabets", ()),
        ("gpt-4", ()),
        ("10", ()),
        ("all ml", ()),
    ],
)
def test_a_word_has_these_other_spellings(text: str, spelled: tuple[str, ...]) -> None:
    assert others(text) == spelled


@given(st.lists(st.sampled_from(["pi", "beta", "l2", "x4", "ℓ₁", "ε", "h2o", "²", "3", "-", " "]), max_size=30))
def test_there_are_never_many(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert len(others(text)) <= 50
    assert text not in others(text)


def test_a_name_is_held_whatever_its_accents() -> None:
    assert holds("André de la Grön", "andre DE")
    assert not holds("Andrée", "andre")
