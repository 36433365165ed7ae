"""A formula in LaTeX as one would write it without: `\\mathcal{O}(n\\log n)` -> O(n log n), `10^{-3}` -> 10⁻³.

Owns: reading formulas (pylatexenc's parser, its symbols and accents), spacing, superscripts and subscripts.
Refuses: finding formulas in a text, and guessing: a formula with anything unknown in it is not read at all.

Letters in calligraphic, bold, roman type become plain ones, because that is how they are searched for and read
aloud; the sets ℝ, ℕ, ℤ, ℚ, ℂ keep their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pylatexenc import latex2text, latexwalker  # type: ignore[import-untyped]
from pylatexenc.macrospec import std_macro  # type: ignore[import-untyped]

LONGEST = 1_000
"""Characters of a formula; a longer one is none that an abstract would hold."""
DEEPEST = 12
"""Braces inside each other: pylatexenc's parser and our reading recurse."""

_PLAIN = frozenset(
    """mathcal mathscr mathfrak mathbf mathrm mathit mathsf mathtt mathnormal mathds mathbbm boldsymbol bm pmb
    text textnormal textrm textbf textit textsf texttt textsc textup textsl textmd emph mbox hbox
    underline operatorname mathop mathrel mathbin ensuremath""".split()  # noqa: SIM905
)
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"})
_SWITCHES = frozenset(
    """rm bf it sf tt sc em sl cal displaystyle textstyle scriptstyle limits nolimits nonumber allowbreak nobreak
    xspace""".split()  # noqa: SIM905
)
_FUNCTIONS = frozenset(
    """log ln lg exp max min sup inf lim sin cos tan cot sinh cosh tanh arcsin arccos arctan arg det dim ker deg
    gcd hom Pr argmax argmin sign sgn tr rank diag softmax mod""".split()  # noqa: SIM905
)
_MARKS = {
    **dict.fromkeys(("hat", "widehat"), "\u0302"),
    **dict.fromkeys(("tilde", "widetilde"), "\u0303"),
    **dict.fromkeys(("bar", "overline"), "\u0304"),
    **{"dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "check": "\u030c", "breve": "\u0306"},
    **{"acute": "\u0301", "grave": "\u0300", "not": "\u0338"},
}
_SETS = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ"}
# What a reading holds until its neighbours are known: a relation has spaces on both sides or on none, an operator
# has behind it what it has before it, a word is parted from words, a fraction gets brackets beside a factor.
# And a written underscore, which lowers nothing.
_RELATION, _OPERATOR, _PARTED, _FRACTION, _LINE = "\x01\x02\x03\x04\x05"
_MARKERS = f"{_RELATION}{_OPERATOR}{_PARTED}{_FRACTION}{_LINE}"

# Where our readers would look for another sign than pylatexenc gives, or it gives none.
_OURS = {
    **{name: name for name in _FUNCTIONS},
    **{name: _SETS[name] for name in "RNZQ"},
    **{"epsilon": "ε", "varepsilon": "ε", "phi": "φ", "varphi": "φ", "Real": "ℝ", "Reals": "ℝ", "star": "⋆"},
    **{"ast": "*", "prime": "′", "bullet": "•", "cdots": "…", "lbrack": "[", "rbrack": "]", "colon": ":"},
    **{"lt": "<", "gt": ">", "degree": "°", "textdegree": "°", "lvert": "|", "rvert": "|", "|": "‖", "%": "%"},
    **{"implies": "⇒", "iff": "⇔", "gets": "←", "land": "∧", "lor": "∨", "neg": "¬", "ne": "≠", "owns": "∋"},
    **{"leqslant": "≤", "geqslant": "≥", "coloneqq": "≔", "triangleq": "≜", "dag": "†", "dagger": "†"},
    **{"textless": "<", "textgreater": ">", "textbar": "|", "textasciitilde": "~"},
    **dict.fromkeys(("quad", "qquad", "enspace", "thinspace", "medspace", "\\"), " "),
    **dict.fromkeys(("/", "@", "-", "!"), ""),
    "_": _LINE,
}
_KINDS = frozenset({"Sm", "Ll", "Lu", "Lo", "Po", "Ps", "Pe", "Zs", "Sc"})
"""Categories of the signs that stand in formulas: not the zodiac's, not a chess piece."""
_ALONE = frozenset("∞∂∇∀∃∄∅∑∏∐∫∬∭∮√ℵ¬⊤⊥⋯")
"""Mathematical signs that are no relations."""
_SPECIALS = {"~": " ", "''": "″", "--": "--", "---": "---"}
_BINARY = frozenset("×·±∓∘∪∩∧∨⊗⊕⊙∖⋆*÷")
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
_RAISED = {"*": "*", "∗": "*", "⋆": "*", "∘": "°", "°": "°", "′": "′", "†": "†", "‡": "‡", "'": "′", "⊤": "ᵀ"}
_WORD = re.compile(r"[^\W\d_]{3}")
_SIMPLE = re.compile(r"[\w.]+|.|[(\[{][^()\[\]{}]*[)\]}]")
_GROWING = re.compile(r"\\(?:left|right|middle|[Bb]igg?[lrm]?)(?![A-Za-z])\s*\.?")
# arXiv makes Greek letters of their commands, also in "\\pm\\pi".
_GLUED = re.compile(r"(\\[A-Za-z]+)(?=[^\x00-\x7f])")
_PERCENT = re.compile(r"(?<!\\)%")


class _Unreadable(Exception):
    """Something in it is unknown."""


@lru_cache(maxsize=2_048)
def typeset(source: str) -> str | None:
    """`source`, the inside of a formula, in Unicode and on one line; None where not all of it can be read."""
    if len(source) > LONGEST or _depth(source) > DEEPEST or any(marker in source for marker in _MARKERS):
        return None
    prepared = _PERCENT.sub(r"\\%", _GROWING.sub("", _GLUED.sub(r"\1 ", source)))
    try:
        walker = latexwalker.LatexWalker(prepared, latex_context=_grammar(), tolerant_parsing=False)
        state = walker.make_parsing_state(in_math_mode=True)
        nodes, _, length = walker.get_latex_nodes(parsing_state=state)
        return _row(nodes).strip().replace(_LINE, "_") if length == len(prepared) else None
    except Exception:  # _Unreadable, a fault of the formula's syntax, or whatever pylatexenc trips over
        return None


@lru_cache(maxsize=1_024)
def letter(source: str) -> str | None:
    """An accented or special letter: `\\'e`, `\\c{c}`, `{\\o}`; None where it is none."""
    try:
        found = unicodedata.normalize("NFC", str(_texts().latex_to_text(source, tolerant_parsing=False))).strip()
    except Exception:  # as above
        return None
    return found if len(found) == 1 and found.isalpha() else None


def superscript(text: str) -> str:
    """`text`, a reading, raised: "²", "⁻³", or "^(a/b)" where a sign cannot be."""
    return _RAISED.get(text) or _script(text, "^", _SUPERSCRIPTS)


def subscript(text: str) -> str:
    """`text`, a reading, lowered: "₀", or "_data"."""
    return _script(text, "_", _SUBSCRIPTS)


def _script(text: str, sign: str, signs: dict[str, str]) -> str:
    # Words stay words: "p_data" is read and found, "p" with a tail of tiny letters is not.
    if all(character in signs for character in text) and not _WORD.search(text):
        return "".join(signs[character] for character in text)
    return f"{sign}{text}" if _SIMPLE.fullmatch(text) else f"{sign}({text})"


def _depth(source: str) -> int:
    depth = deepest = 0
    for brace in re.findall(r"[{}]", source):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
    return deepest


@lru_cache(maxsize=1)
def _grammar() -> Any:
    """pylatexenc's macros with their arguments, and those that it takes for bare words."""
    grammar = latexwalker.get_default_latex_context_db()
    one, two = _PLAIN | _MARKS.keys() | {"url"}, _FRACTIONS | {"href", "textcolor"}
    macros = [std_macro(name, "{") for name in one - {"operatorname"}]
    macros += [std_macro(name, "{{") for name in two]
    grammar.add_context_category("formulas", macros=[*macros, std_macro("operatorname", "*{")], prepend=True)
    return grammar


@lru_cache(maxsize=1)
def _texts() -> Any:
    return latex2text.LatexNodes2Text(strict_latex_spaces=True)


# --- reading a parsed formula -----------------------------------------------------------------------


def _row(nodes: Any) -> str:
    """Nodes side by side. Raises _Unreadable."""
    found: list[str] = []
    raising = ""
    for piece in _pieces(nodes):
        if piece in ("^", "_") and not raising:
            raising = piece
        elif raising:
            if piece.isspace():
                continue
            plain = _spaced(piece).strip()
            _attach(found, superscript(plain) if raising == "^" else subscript(plain))
            raising = ""
        else:
            found.append(piece)
    if raising:
        raise _Unreadable
    return _spaced("".join(found))


def _attach(found: list[str], script: str) -> None:
    """A script belongs to what stands before it, and a written one must not run into what follows."""
    script += _PARTED if script[:1] in ("^", "_") else ""
    while found and found[-1].isspace():
        found.pop()
    tail = found[-1][-1:] if found else ""
    if tail and tail in _MARKERS:
        found[-1] = found[-1][:-1] + script + tail
    else:
        found.append(script)


def _pieces(nodes: Any) -> Iterator[str]:
    """What scripts apply to: single signs, groups, macros."""
    for node in nodes:
        if node is None:
            continue
        if node.isNodeType(latexwalker.LatexCharsNode):
            yield from re.findall(r"(?<=\^)[-+]\d+|\s+|.", node.chars)
        elif node.isNodeType(latexwalker.LatexGroupNode):
            inner = _row(node.nodelist)
            yield inner if node.delimiters == ("{", "}") else f"{node.delimiters[0]}{inner}{node.delimiters[1]}"
        elif node.isNodeType(latexwalker.LatexMacroNode):
            yield _macro(node)
        elif node.isNodeType(latexwalker.LatexSpecialsNode) and node.specials_chars in _SPECIALS:
            yield _SPECIALS[node.specials_chars]
        else:
            raise _Unreadable


def _macro(node: Any) -> str:
    name = node.macroname
    arguments = [argument for argument in (node.nodeargd.argnlist if node.nodeargd else ()) if argument]
    if name == "operatorname":
        return f"{_PARTED}{_row(arguments[-1:])}{_PARTED}"
    if name in _PLAIN:
        return _row(arguments)
    if name == "mathbb":
        inner = _row(arguments)
        return _SETS.get(inner, inner)
    if name in _FRACTIONS:
        over, under = (_factor(_row([argument])) for argument in arguments)
        return f"{_FRACTION}{over}/{under}{_FRACTION}"
    if name == "sqrt":
        if len(arguments) != 1:
            raise _Unreadable
        return f"√{_factor(_row(arguments))}"
    if name in _MARKS:
        inner = _row(arguments)
        if len(inner) != 1:
            raise _Unreadable
        marked = unicodedata.normalize("NFC", inner + _MARKS[name])
        return f"{_RELATION}{marked}{_RELATION}" if name == "not" else marked
    if name in ("href", "url"):
        address, label = arguments[0].latex_verbatim()[1:-1], _row(arguments[1:])
        return f"{label} ({address})" if label else address
    if name == "textcolor":
        return _row(arguments[1:])
    if name in _SWITCHES:
        return ""
    return _symbol(name)


def _factor(text: str) -> str:
    """`text` so that it can stand beside a sign of division."""
    return text if re.fullmatch(r"√?(?:[\w.]|[⁰-₟²³¹])+", text) else f"({text})"


def _symbol(name: str) -> str:
    sign = _OURS.get(name)
    if sign is None:
        spec = _texts().latex_context.get_macro_spec(name)
        sign = spec.simplify_repl if spec else None
        if not isinstance(sign, str) or len(sign) != 1 or unicodedata.category(sign) not in _KINDS:
            raise _Unreadable
    if name in _FUNCTIONS:
        return f"{_PARTED}{sign}{_PARTED}"
    if sign in _BINARY:
        return f"{_OPERATOR}{sign}{_OPERATOR}"
    if sign == "|" or (len(sign) == 1 and unicodedata.category(sign) == "Sm" and sign not in _ALONE):
        return f"{_RELATION}{sign}{_RELATION}"
    return sign


def _spaced(text: str) -> str:
    """The same without markers, each replaced by the space or bracket that its neighbours ask for."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(rf"(?<=[\w)\]]){_FRACTION}([^{_FRACTION}]*){_FRACTION}", r"(\1)", text)
    text = re.sub(rf"{_FRACTION}([^{_FRACTION}]*){_FRACTION}(?=[\w(])", r"(\1)", text).replace(_FRACTION, "")
    text = re.sub(r" *([⟩⌋⌉])|([⟨⌊⌈]) *", r"\1\2", text)
    text = re.sub(rf" *{_RELATION}([^{_RELATION}]*){_RELATION} *", _related, text)
    text = re.sub(rf"( ?){_OPERATOR}([^{_OPERATOR}]*){_OPERATOR} ?", r"\1\2\1", text)
    text = re.sub(rf"(?<=[\w)\]|‖]) ?{_PARTED}[ {_PARTED}]*(?=[\w√∞∑∏∫])", " ", text).replace(_PARTED, "")
    return re.sub(r"(?<=[^\s<>=]) ?([<>=]) ?(?=[^\s<>=])", _even, re.sub(r" +", " ", text))


def _related(found: re.Match[str]) -> str:
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :]
    operands = before and after and before[-1] not in "([{,;^_" and after[0] not in ")]},;^_"
    return f" {found[1]} " if operands else found[1]


def _even(found: re.Match[str]) -> str:
    return f" {found[1]} " if " " in found[0] else found[0]
