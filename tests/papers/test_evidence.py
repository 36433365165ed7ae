"""Numbers and names that a text may repeat, and those that it made up."""

from __future__ import annotations

import pytest

from bot.papers.evidence import invented

SOURCE = (
    "AgentBench: Evaluating LLMs as Agents. We present AgentBench, a benchmark of 8 environments and 1,200 tasks. "
    "Of twenty models, GPT-4 reaches 42.5% and Llama-2-70B 7.0 percent, three times as fast; gains of 5-10% and "
    "1, 2 and 4% hold for the Schrödinger equation at 10⁻³. It has 2.5 million parameters, 16 GB, H₂O and 3D maps."
)


@pytest.mark.parametrize(
    "text",
    [
        "AgentBench has eight environments.",
        "It has 1.2k tasks, or 1.2K, or 1200, or 1,200.",
        "Of 20 models, GPT4 reaches 42.5 %.",
        "Of them GPT 4 reaches 42.5 percent, and Llama 2 70B 7%.",
        "It is 3x as fast, 3× as fast, threefold, or 3 times.",
        "Gains are 5% to 10%, or 1% and 2%.",
        "It solves the Schrodinger equation at 10⁻³.",
        "It has 2.5M parameters, or 2,500,000; 16GB.",
        "It has H2O in 3-D maps.",
        "An LLM is a model; AGENTS are too.",
        "Benchmarking models shows that agents' gains hold.",
        "Tests show that it holds. The authors are content. Environments vary.",
        "AgentBench-based and GPT-4-based agents gain.",
        "One of them is best.",
        "",
    ],
)
def test_what_the_source_has_is_borne_out_in_other_spellings(text: str) -> None:
    assert invented(text, SOURCE) == ""


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("It has nine environments.", "has 9"),
        ("It has 1,201 tasks.", "has 1,201"),
        ("It has 1.2M tasks.", "has 1.2M"),
        ("It has 42.5 tasks.", "has 42.5"),
        ("Gains of 8% hold.", "of 8%"),
        ("It is 8 times as fast.", "is 8 times"),
        ("It is 20x as fast.", "is 20x"),
        ("It has 4 environments.", "has 4"),
        ("It has 70 tasks.", "has 70"),
        ("It doubles the gains.", "It 2 times"),
        ("It has thousands of tasks.", "thousands"),
        ("It has .5 tasks.", "has .5"),
        ("It holds at 10⁻⁵.", "10⁻⁵"),
        ("It takes ½ of them.", "½"),
        ("With GPT-5 it gains.", "GPT 5"),
        ("With GPT 5 it gains.", "GPT 5"),
        ("With Llama-3-70B it gains.", "Llama 3 70B"),
        ("With GPT-42.5 it gains.", "GPT 42.5"),
        ("It beats Gemini on tasks.", "Gemini"),
        ("Gemini beats it on tasks.", "Gemini"),
        ("It gains. Gemini does not.", "Gemini"),
        ("AgentGym beats it.", "AgentGym"),
        ("It is by the MIT.", "MIT"),
        ("It is on ImageNet1k.", "ImageNet1k"),
        ("It runs deepseek-r1 on tasks.", "r1"),
        ("Chronos-9 beats it.", "Chronos 9"),
        ("It has 4D maps.", "has 4"),
        ("٣ tasks are there.", "٣"),
    ],
)
def test_what_it_has_not_is_found(text: str, strange: str) -> None:
    assert invented(text, SOURCE) == strange


def test_endless_digits_take_no_time() -> None:
    digits = "9" * 4_000
    assert invented(f"It has {digits}k tasks and 1.2.3.4.5.", SOURCE)
    assert invented("It has 1,200 tasks.", f"{digits} {digits}M and 1,200") == ""
