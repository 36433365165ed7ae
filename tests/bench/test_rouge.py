"""ROUGE, by hand."""

from __future__ import annotations

import pytest

from tests.bench.rouge import rouge, rouge_1, tokens


def test_words_are_letters_and_digits_and_long_ones_are_stemmed() -> None:
    assert tokens("State-of-the-art GPT-4's Networks, learned é!") == [
        *("state", "of", "the", "art", "gpt", "4", "s", "network", "learn"),
    ]


@pytest.mark.parametrize(
    ("text", "reference", "scores"),
    [
        ("the cat sat", "the cat sat", (1, 1, 1)),
        ("the cat sat", "the cat sat down", (6 / 7, 4 / 5, 6 / 7)),
        ("sat the cat", "the cat sat", (1, 1 / 2, 2 / 3)),
        ("the the the", "the cat", (2 / 5, 0, 2 / 5)),
        ("a dog", "the cat", (0, 0, 0)),
        ("", "the cat", (0, 0, 0)),
    ],
)
def test_the_three_scores(text: str, reference: str, scores: tuple[float, float, float]) -> None:
    assert rouge(text, [reference]) == pytest.approx(scores)
    assert rouge_1(text, [reference]) == pytest.approx(scores[0])


def test_the_reference_with_the_highest_rouge_1_counts() -> None:
    assert rouge("sat the cat", ["the cat", "the cat sat"]) == pytest.approx((1, 1 / 2, 2 / 3))
    assert rouge("the cat", []) == (0, 0, 0)
