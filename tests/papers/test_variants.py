"""Candidates for what a word may mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Texts
from bot.papers import terms, variants


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("matrices", "matrix"),
        ("index", "indices"),
        ("analyses", "analysis"),
        ("hypothesis", "hypotheses"),
        ("criteria", "criterion"),
        ("phenomenon", "phenomena"),
        ("nuclei", "nucleus"),
        ("colour", "color"),
        ("behaviours", "behaviors"),
        ("optimisation", "optimization"),
        ("optimizer", "optimiser"),
        ("analyse", "analyze"),
        ("centre", "center"),
        ("modelling", "modeling"),
        ("catalog", "catalogue"),
        ("defence", "defense"),
    ],
)
def test_a_word_has_other_forms_by_rule(word: str, other: str) -> None:
    assert other in variants.regular(word)
    assert word in variants.regular(other), "and back"


def test_a_short_word_keeps_a_beginning() -> None:
    assert variants.regular("our") == variants.regular("ise") == ()
    assert variants.parted("multimodal")[2] == ("multi", "modal")
    assert variants.parted("graph") == ()


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("difusion", "diffusion"),
        ("diffussion", "diffusion"),
        ("transfomer", "transformer"),
        ("tranformers", "transformers"),
        ("reinforcment", "reinforcement"),
        ("langauge", "language"),
        ("zebrafish", None),
        ("cat", None),
        ("gpt4x", None),
    ],
)
def test_a_slip_is_the_closest_known_word(slip: str, meant: str | None) -> None:
    known = dict.fromkeys(
        ("diffusion", "infusion", "transformer", "transformers", "reinforcement", "language", "car", "gpt4o"), 9
    )
    assert variants.meant(slip, known) == meant


def test_of_equally_close_words_the_more_common_is_meant() -> None:
    assert variants.meant("modal", {"modul": 2, "model": 50, "medal": 3}) == "model"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("An in-context learning rule (ICLR) is", ("iclr", "in context learning rule")),
        ("Large language models (LLMs) are", ("llm", "large language models")),
        ("a Mixture-of-Experts (MoE) layer", ("moe", "mixture of experts")),
        ("with low-rank adaptation (LoRA)", ("lora", "low rank adaptation")),
        ("an improved (better) way", None),
        ("see the figure (a)", None),
        ("in 2024 (2025)", None),
        ("(RLHF)", None),
        ("convolutional (CNN", None),
    ],
)
def test_an_acronym_stands_behind_what_it_is_short_for(text: str, found: tuple[str, str] | None) -> None:
    assert list(variants.acronyms([text])) == ([found] if found else [])


def test_acronyms_count_texts() -> None:
    text = "A state space model (SSM), or again a state space model (SSM)."
    assert variants.acronyms([text, text, "A small step method (SSM)."]) == {
        ("ssm", "state space model"): 2,
        ("ssm", "small step method"): 1,
    }


@given(st.text(max_size=200))
def test_any_text_can_be_taken_apart(text: str) -> None:
    for short, long in variants.acronyms([text, f"{text} ({text})"]):
        assert len(long.split()) > 1
        assert long[0] == short[0]
    for word in terms.words(text):
        assert word == word.casefold()
        assert word.isalnum()
        for one, other in variants.parted(word):
            assert one + other == word


def test_words_are_small_and_plain() -> None:
    assert terms.words("Naïve_Größe, x86's ﬁn-ΔH₂O!") == ["naive", "grosse", "x86", "s", "fin", "δh2o"]
    assert terms.count(Texts("A b", "b", "c", "d")) == {"a": 2, "b": 3, "c": 1, "d": 1}
    assert terms.telling(["what", "is", "attention"]) == ["attention"]
    assert terms.telling(["what", "is", "it"]) == ["what", "is", "it"]
