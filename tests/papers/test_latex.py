"""What becomes of LaTeX in titles, abstracts and names, and what must stay as it is."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.papers.formula import typeset
from bot.papers.latex import DEEPEST, LONGEST, readable

FORMULAS = {
    r"10^{-3}": "10⁻³",
    r"10^-3": "10⁻³",
    r"x<y": "x<y",
    r"\mathcal{O}(n\log n)": "O(n log n)",
    r"\log\log n": "log log n",
    r"\mathbb{R}^{n \times d}": "ℝ^(n × d)",
    r"\mathbb R^d": "ℝᵈ",
    r"\mathbf{x}_i^2 \sim \mathcal{N}(0,1)": "xᵢ² ∼ N(0,1)",
    r"x\in X": "x ∈ X",
    r"\sim 9": "∼9",
    r"{\sim}50{\times}": "∼50×",
    r"32 \times 32": "32 × 32",
    r"32\times32": "32×32",
    r"\pm 0.1": "±0.1",
    r"\frac{a+b}{c}": "(a+b)/c",
    r"\frac12k": "(1/2)k",
    r"\sqrt{n}+\sqrt{a+b}": "√n+√(a+b)",
    r"\hat{y} = \bar{x}": "ŷ = x̄",
    r"\tilde{\mathcal{O}}(\sqrt{d})": "Õ(√d)",
    r"\left(1-\frac{1}{e}\right)": "(1-1/e)",
    r"360^\circ": "360°",
    r"A^* + B^{\top}": "A* + Bᵀ",
    r"p_{\text{data}}(x|y)": "p_data(x|y)",
    r"\pi_{0.5}": "π_0.5",
    r"x_{t-1}": "xₜ₋₁",
    r"T^{-1/3}": "T^(-1/3)",
    r"\alpha^{\alpha}": "α^α",
    r"AP_{[50:95]}": "AP_[50:95]",
    r"\sum_{i=1}^n x_i": "∑ᵢ₌₁ⁿ xᵢ",
    r"\max_i \operatorname{sign}(x_i)": "maxᵢ sign(xᵢ)",
    r"\varepsilon\text{-greedy}": "ε-greedy",
    r"1{,}000\,\%": "1,000 %",
    r"a \not= b \neq c": "a ≠ b ≠ c",
    r"\|x\|_2 \le \langle a, b \rangle": "‖x‖₂ ≤ ⟨a, b⟩",
    r"\pmπ": "±π",
    r"\text{set\_1}_2": "set_1₂",
    # Not all of these can be read: then nothing of them is.
    r"\unheard{x}": None,
    r"\binom{n}{k}": None,
    r"\overline{AB}": None,
    r"x^": None,
    r"{x": None,
    r"\begin{matrix} a \end{matrix}": None,
    "x" * 1_001: None,
    "{" * 13 + "x" + "}" * 13: None,
}

TEXTS = {
    # letters
    r"Andr\'e, Schr\"odinger, Poincar{\'e}, Erd\H{o}s": "André, Schrödinger, Poincaré, Erdős",
    r"Milo\v{s} \c{C}elik and Lou\v s {\O}stergaard": "Miloš Çelik and Louš Østergaard",
    r"na\"{\i}ve, Pok\'emon, S\o ren, Stra{\ss}e, {\L}ukasz": "naïve, Pokémon, Søren, Straße, Łukasz",
    r"O\'Brien's MLLM\'s": "O'Brien's MLLM's",
    # formulas
    r"at $10^{-3}$ and \(W_1\) and $$E=mc^2$$": "at 10⁻³ and W₁ and E=mc²",
    r"a $k$-NN in $O(n^2)$, 4$\times$ faster, $\sim$9k, 15$\sim$30": "a k-NN in O(n²), 4× faster, ∼9k, 15∼30",
    r"M$^3$-VQA, H$_2$O and $^{18}$F for $ y$": "M³-VQA, H₂O and ¹⁸F for y",
    r"v$\textbf{i}$deo with $\textbf{two words}$": "video with two words",
    r"$36.14\,$dB": "36.14 dB",
    # formulas without signs around them
    r"2.3\times faster, \epsilon-greedy, \ell_2 norm, p\approx0.3": "2.3× faster, ε-greedy, ℓ₂ norm, p≈0.3",
    r"O(n\log n), \mathcal{O}(n \log n), A=B\neq A": "O(n log n), O(n log n), A=B ≠ A",
    r"{\Theta}(40K) at 360{\deg}": "Θ(40K) at 360°",
    r"x^2, R^d, A^*, 10^-4, e^+e^-, X^{2}-Net, 10^{26}": "x², Rᵈ, A*, 10⁻⁴, e⁺e⁻, X²-Net, 10²⁶",
    r"CO_2, H_2O, x_0, π_{0.5}, Z_{P}, r^{exit}": "CO₂, H₂O, x₀, π_0.5, Z_P, r^exit",
    # commands
    r"a \textit{very \emph{deep}} one, {\em and} {\it so on}": "a very deep one, and so on",
    r"R\&D costs \$5, 3\% of \#1, a\_b": "R&D costs $5, 3% of #1, a_b",
    r"at \url{https://a.example/b\_c} or \href{https://d.example/}{here}": (
        "at https://a.example/b_c or https://d.example/ (here)"
    ),
    r"\href{https://d.example/x}{d.example/x}.": "https://d.example/x.",
    r"(\eg, this) \ie that, \etc. 5\,TB vs.\ 3~TB": "(e.g., this) i.e. that, etc. 5 TB vs. 3 TB",
    r"as in~\cite{knuth84}\footnote{See there.}": "as in [knuth84] (See there.)",
    r"E\textsuperscript{2}R and \textsc{Net} in \LaTeX": "E²R and Net in LaTeX",
    r"{S}ignal {P}rocessing, Allo{SR}, 1{,}000": "Signal Processing, AlloSR, 1,000",
    r"One title \\ in two lines": "One title in two lines",
    # typography
    "``Look,'' they said, `why not'?": "“Look,” they said, ‘why not’?",
    "1--3 ranges --- and dashes --- of words--like these---": "1–3 ranges — and dashes — of words–like these---",
    "Fig.~3 of Table~II, process.~This": "Fig. 3 of Table II, process. This",
    # what Hugging Face leaves
    "2.3times, 256times256, 360^{circ}, {sim}1K, sim14,000": "2.3×, 256×256, 360°, ∼1K, ∼14,000",
    "pi_{0.5}, pi_0, theta_{GRPO}, infty-RoPE, leq 5": "π_0.5, π₀, θ_GRPO, ∞-RoPE, ≤5",
    "mathcal{O}(T^{-1/3}), texttt{D}ual, {bf MASK}": "O(T^(-1/3)), Dual, MASK",
    "https://a.example/x{https://a.example/x}. https://a.example/y{code}": (
        "https://a.example/x. https://a.example/y (code)"
    ),
}

AS_IT_WAS = (
    # money
    "it costs $5 and $10",
    "from $3M to $300M+ in 5 years",
    "$20-$30, US$14.0 to US$131, AU$1.2/kL, 1$ or 2$",
    "rental of $534,700; another ($65) and <$10",
    # code
    r"split at \n and \t, or match \d+\.\d{2}, ^\w+\s*$ and [\w.]+",
    r"C:\users\nu\beta and \\server\pi\alpha",
    "echo $a $b $HOME/bin:$PATH, snake_case_name, v_2.pt, __init__, x_1.y, /a_b/c_1",
    r"write `\alpha` or `x_1` or ```x^2```",
    "run foo --bar, <!-- never -->, i--;",
    r"he said \"open\" and \'over\'",
    "f'{name} and {other}', {-1, 0, 1}, {True, False}",
    "https://a.example/~me/a--b/x_1/2times?q=~x",
    # what nothing is known of
    r"our \method beats \ours{} and {\name}",
    r"$\overline{AB}$ and \begin{equation} x \end{equation}",
    r"100% of x, 5~10, ~50, ~/.bashrc, a ^ b, ^_^, 209^221",
    r"\textbf{unclosed and {\em open",
    r"{\em }",
    # words
    "sim2real, three times, simulations, a limit of times",
    "it's, rock 'n' roll, the '90s",
)


@pytest.mark.parametrize(("source", "meant"), FORMULAS.items())
def test_a_formula_reads_as_without_latex_or_not_at_all(source: str, meant: str | None) -> None:
    assert typeset(source) == meant


@pytest.mark.parametrize(("text", "meant"), TEXTS.items())
def test_a_text_reads_as_without_latex(text: str, meant: str) -> None:
    assert readable(text) == meant
    assert readable(meant) == meant


@pytest.mark.parametrize("text", AS_IT_WAS)
def test_what_is_no_latex_or_cannot_be_read_stays_as_it_was(text: str) -> None:
    assert readable(text) == text


_pieces = st.sampled_from(
    [
        *("\\", "$", "{", "}", "^", "_", "`", "'", '"', "~", "-", "(", ")", "[", "]", "%", "&", "#", " ", "\x01"),
        *(
            r"\alpha",
            r"\textbf{",
            r"\frac",
            r"\sqrt[",
            r"\(",
            r"\)",
            r"\'",
            r"\"",
            r"\c",
            r"\href{",
            r"\left(",
            r"\\",
        ),
        *(r"\hat", r"\not", r"\begin{a}", r"\newcommand{\a}{\a\a}", r"\text", r"\mathcal", "{\\em ", "``", "''"),
        *("a", "b1", "é", "π", "²", "1", "2times", "sim3", "pi_", "mathcal{", "https://a.b", "infty", "word "),
    ]
)
texts = st.one_of(st.text(max_size=80), st.lists(_pieces, max_size=50).map("".join))


@given(texts)
@example("$" + r"\hat" * 240 + "$")
@example("$" * 1_000)
@example("{" * 5_000 + "x" + "}" * 5_000)
@example(r"\textbf{" * (DEEPEST + 2) + "x" + "}" * (DEEPEST + 2))
def test_every_text_can_be_read_and_grows_little(text: str) -> None:
    found = readable(text)
    assert len(found) <= 2 * len(text)
    assert bool(found.strip()) == bool(text.strip())


@given(
    st.text(st.characters(exclude_characters="\\$^{`-~_", exclude_categories=["Cs"])).filter(
        lambda text: "times" not in text and "infty" not in text
    )
)
def test_a_text_without_a_sign_of_latex_is_the_same_text(text: str) -> None:
    assert readable(text) is text


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        "$",
        "\\",
        r"\(",
        "$x_1$ ",
        r"\alpha_",
        r"\frac{",
        r"\'e",
        "``a",
        "a--",
        "https://a{",
        r"\newcommand{\a}{\a}",
    ],
)
def test_a_text_that_is_no_abstract_stays_as_it_is(piece: str) -> None:
    """(What is as long as an abstract and hostile takes half a second at most; no clock is asked here.)"""
    text = piece * (100_000 // len(piece))
    assert len(text) > LONGEST
    assert readable(text) is text
    assert readable(text[:2_000])


def captured(shared: Path) -> Iterator[str]:
    for path in sorted((shared / "hf" / "mornings").glob("*.json.gz"))[:60]:
        for item in json.loads(gzip.decompress(path.read_bytes())):
            yield from (item["paper"]["title"], item["paper"]["summary"])
    for path in sorted((shared / "feeds" / "arxiv_cs_cv").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")).get("papers", ()):
            yield from (item["title"], item["abstract"])


def test_nearly_all_that_sources_write_can_be_read(shared: Path) -> None:
    texts = {" ".join(text.split()) for text in captured(shared)}
    marked = [text for text in texts if re.search(r"\\|\$[^$]+\$", text)]
    assert len(marked) > 300
    left = [text for text in marked if re.search(r"\\[A-Za-z]|\$[^$ ]*[\\^_{][^$]*\$", readable(text))]
    assert len(left) < len(marked) / 10
    found = {text: readable(text) for text in texts}
    assert [text for text in found.values() if readable(text) != text] == []
