"""Which numbers and names of a text another one bears out. Pure.

Owns: what counts as a number or a name, and when two of them are the same. Refuses: whether a sentence is true; a
text may lie without a number or a name that is new. Where it is in doubt, it does not believe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from bot.papers import terms

_WORDS = {
    **{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"},
    **{"ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15"},
    **{"sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30"},
    **{"forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"},
    **{"hundred": "100", "dozen": "12", "half": "0.5", "twice": "2 times", "doubles": "2 times"},
    **{"double": "2 times", "doubled": "2 times", "doubling": "2 times", "triple": "3 times"},
    **{"triples": "3 times", "tripled": "3 times", "tripling": "3 times"},
}
"""Words that are numbers. "One" is not among them: it is a pronoun more often."""
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})(?=fold\b|\b)", re.IGNORECASE)
_SCALES = {
    **{"k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "billion": 9, "t": 12, "trillion": 12},
}
# Not within a name ("GPT-4", "H2O"). A small m, b or t behind a number may be a unit.
_NUMBER = re.compile(
    r"""(?<![\w.])(?<![^\W\d_]-)
    (?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*|\.\d+)
    (?:\s?(?P<percent>%|per\ ?cent\b|percentage\b)
    | -?(?P<letter>[kKMBT])\b | [\s-]?(?P<scale>thousand|million|billion|trillion)\b
    | [\s-]?(?P<times>×|x\b|X\b|times\b|fold\b))?""",
    re.VERBOSE,
)
_LINKS = re.compile(r"\s*(?:[,/–—-]|,?\s*(?:and|or|to)\b)\s*")
"""What stands between the numbers of a list, whose last one says what all of them are."""
_VAGUE = frozenset({"dozens", "hundreds", "thousands", "millions", "billions"})
_NUMBERED = re.compile(r" ?(\d+(?:\.\d+)*)(?![\w%×]| ?%| percent)")
_TOKEN = re.compile(r"[^\W_]+(?:[-–'’.&/+][^\W_]+)*")
_RUN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_BEGINS = frozenset(
    """authors author researchers research results result experiments experiment tests test evaluation evaluations
    evaluated study studies paper work works method methods approach approaches model models system framework
    training trained using given compared combining based built building instead across despite unlike
    introduces introduced introducing introduce proposes proposed proposing propose presents presented presenting
    present shows showed showing show finds found finding develops developed developing develop trains
    improves improved improving improve achieves achieved achieving outperforms outperforming demonstrates
    demonstrated describes described reveals analyses analyzes analysis performance applied applying tested testing
    released releases offers provides adds reduces investigating examining analyzing analysing current recent
    existing prior previous new novel many several large one""".split()  # noqa: SIM905
)
"""Words, beside those that link, that a sentence about any paper may begin with."""

Number = tuple[str, str]
"""(its value; "%", "×" or "" for one that counts)."""


def invented(text: str, source: str) -> str:
    """The first number or name of `text` that `source` does not have; "" where it has them all.

    A name is a word with a capital or a digit in it, but for the first word of a sentence where that may be any
    word. Capitals and accents do not count, nor whether a name is one word, two, or two with a hyphen.
    """
    return next(_strange_numbers(text, source), "") or next(_strange_names(text, source), "")


def _strange_numbers(text: str, source: str) -> Iterator[str]:
    known = {number for _, numbers in _numbers(source) for number in numbers}
    runs = _runs(source)
    for told, numbers in _numbers(text):
        # "GPT 4" for "GPT-4": as part of a name, with the word before it.
        named = told[0].isalpha() and not any(kind for _, kind in numbers) and _stands(told, runs)
        if not known & numbers and not named:
            yield told
    yield from sorted(_VAGUE & {*terms.words(text)} - {*terms.words(source)})
    for token in text.split():
        # Exponents, indices and fractions (10⁻³, ½) are believed as they are written only.
        if any(sign.isnumeric() and not sign.isascii() for sign in token) and _bare(token) not in source:
            yield _bare(token)


def _numbers(text: str) -> list[tuple[str, set[Number]]]:
    """(as it is written, with a word right before it; what it may mean) of each."""
    text = _WORD.sub(lambda word: _WORDS[word[0].lower()], text)
    found: list[tuple[str, set[Number]]] = []
    following: re.Match[str] | None = None
    for number in reversed([*_NUMBER.finditer(text)]):
        meant = {(_value(number), "%" if number["percent"] else "×" if number["times"] else "")}
        if following and not any(number[part] for part in ("percent", "letter", "scale", "times")):
            between = text[number.end() : following.start()]
            if _LINKS.fullmatch(between):
                meant |= {(_value(number), kind) for _, kind in found[-1][1]}
        before = re.search(r"[^\W\d_]*[ -]?$", text[max(0, number.start() - 40) : number.start()])
        found.append((f"{before[0] if before else ''}{number[0]}".strip(), meant))
        following = number
    return found[::-1]


def _value(number: re.Match[str]) -> str:
    raw = number["value"].replace(",", "")
    if raw.count(".") > 1:
        return raw
    scale = number["letter"] or number["scale"]
    # Digits without end would cost time without end.
    value = Decimal(raw[:40]) * 10 ** (_SCALES[scale.lower()] if scale else 0)
    return f"{value.normalize():f}"


def _strange_names(text: str, source: str) -> Iterator[str]:
    runs, known = _runs(source), {*terms.words(source)}
    begin = True
    for token in _TOKEN.finditer(text):
        word = token[0]
        if not (begin and _may_begin(word, known)):
            yield from (name for name in _names(word) if not (_NUMBER.fullmatch(name) or _stands(name, runs)))
            numbered = _NUMBERED.match(text, token.end())
            # "GPT 5" is a name of its own, and not GPT-4 and a five from somewhere else.
            if numbered and word.isalpha() and word != word.lower():
                name = f"{word} {numbered[1]}"
                if not _stands(name, runs):
                    yield name
        after = text[token.end() : token.end() + 3]
        begin = bool(re.match(r"[.!?]+[\"')\]”’]*\s", after))


def _names(word: str) -> Iterator[str]:
    """The parts of a hyphenated word that are names, those side by side as one: "GPT-4" of "GPT-4-based"."""
    held: list[str] = []
    for part in re.split(r"[-–/&+]", word):
        bare = re.sub(r"['’]\w*$", "", part)
        if any(sign.isupper() or sign.isdigit() for sign in bare):
            held.append(bare)
            continue
        if held:
            yield " ".join(held)
        held = []
    if held:
        yield " ".join(held)


def _stands(name: str, runs: str) -> bool:
    """Whether the source has it. A number alone was looked at as a number."""
    found = _RUN.findall(terms.plain(name))
    if all(run[0].isdigit() for run in found):
        return True
    *first, last = found
    forms = {last, f"{last}s", last.removesuffix("s")} - {""}
    return any(f" {' '.join([*first, form])} " in runs for form in forms)


def _runs(source: str) -> str:
    return f" {' '.join(run.replace(',', '') for run in _RUN.findall(terms.plain(source)))} "


def _may_begin(word: str, known: set[str]) -> bool:
    """Whether a sentence's first word is one like any other, which has its capital from its place."""
    bare = re.sub(r"['’]\w*$", "", word)
    if bare[1:] != bare[1:].lower() or any(sign.isdigit() for sign in bare):
        return False
    first = terms.plain(re.split(r"[-–/]", bare)[0])
    if first in terms.FUNCTION_WORDS or first in _BEGINS:
        return True
    stem = first[: max(5, len(first) - 3)]
    return len(first) > 4 and any(other.startswith(stem) for other in known)


def _bare(token: str) -> str:
    return token.strip(".,;:!?()[]\"'“”‘’")
