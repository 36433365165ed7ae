"""A text cut into sentences, as abstracts have them. Pure.

Owns: where a sentence ends. Refuses: changing a text; every sign of it stands in one of its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A run is taken whole and once: "....." without end would be tried from each of its stops.
_END = re.compile(r"""(?<![.!?…])[.!?…]++["')\]”’»]*+(?=\s)|[。！？]+[”’」』）]*""")

# Words that open a sentence and are neither a name nor the rest of an abbreviation.
_OPENERS = (
    "A|Additionally|Across|After|All|Also|Although|An|And|As|At|Based|Because|Both|Building|But|By|Code|Compared"
    "|Consequently|Current|Currently|Despite|Each|Empirical|Empirically|Evaluation|Evaluations|Existing"
    "|Experimental|Experiments|Extensive|Finally|First|Following|For|From|Further|Furthermore|Given|Hence|Here"
    "|However|If|Importantly|In|Inspired|Instead|Interestingly|Is|It|Its|Leveraging|Many|Meanwhile|Moreover|Most"
    "|Motivated|Notably|On|Our|Overall|Previous|Project|Recent|Recently|Remarkably|Results|Second"
    "|Secondly|Since|Some|Specifically|Starting|Such|Surprisingly|The|Then|There|Therefore|These|They|Third|This"
    "|Those|Through|Thus|To|Together|Under|Unfortunately|Unlike|Using|We|What|When|Where|Whereas|While|With|Yet"
)
_OPENS = re.compile(rf"(?:{_OPENERS})(?=[\s,])")
# "underexplored.In this work": the feed lost the space.
_GLUED = re.compile(rf"(?:(?<=[a-z]{{2}})|(?<=[0-9%)\]]))[.!?](?=(?:{_OPENERS})[\s,])")
_ADDRESS = re.compile(r"[/@\\]|www\.")

# A full stop ends no sentence behind these,
_NEVER = re.compile(
    r"""(?:\b(?:e\.?g|i\.e|w\.r\.t|s\.t|a\.k\.a|[Cc]f|vs|[Vv]iz|resp|approx|incl|esp|ca|[Ff]igs?|[Ee]qs?|[Ee]qns?
    |[Ss]ecs?|[Tt]abs?|[Rr]efs?|[Tt]hms?|Drs?|Profs?|M[rR]s?|Ms|St|Mt))\.$""",
    re.VERBOSE,
)
# nor behind these, unless the next word can only open a sentence: "the U.S. We", but "the U.S. Senate".
_SELDOM = re.compile(r"(?:\bet al|\bal|\b(?:[A-Z]|[a-z])(?:\.[A-Za-z])*|\bInc|\bLtd|\bCorp|\bCo|\bJr|\bPh\.D)\.$")
_NUMBER = re.compile(r"\b(?:Nos?|Vols?|Art|Ch|pp?)\.$")
# "1. We fit. 2. We test": what counts the steps is no sentence.
_COUNT = re.compile(r"(?:^|[:;,]\s)\s*[(\[]?(?:\d{1,2}|[ivx]{1,4}|[a-z])\.$")

_OPENING = "\"'(\\[“‘«¿¡"
# "% A line that was a comment" is left in some abstracts.
_BEGIN = re.compile(rf"\s*(?:%+\s+)?[{_OPENING}]*")
# Names such as "mBERT", "k-NN" and "zip2zip" open a sentence as they are.
_NAME = re.compile(r"[a-z]{1,5}-?[A-Z0-9]|[ivx]{1,4}\) [A-Z]|[a-z]\) [A-Z]")
_FORMULA = re.compile(r"(?<!\\)\$[^$]{1,300}\$")
_PROSE = re.compile(r"[A-Za-z]{2,},? +[a-z]{2,}")

_CLOSING = re.compile(r"[)\]]")
_FAR = 200
"""Characters in which a bracket is closed again, if it is."""


def sentences(text: str) -> tuple[str, ...]:
    """`text` cut into sentences; joined with spaces they give the text back (with glued ones parted)."""
    found, start = [], 0
    for end in _ends(text):
        found.append(text[start:end].strip())
        start = end
    found.append(text[start:].strip())
    return tuple(sentence for sentence in found if sentence)


def _ends(text: str) -> Iterator[int]:
    formulas = (
        [each.span() for each in _FORMULA.finditer(text) if not _PROSE.search(each[0])] if "$" in text else []
    )
    ends = {each.end(): False for each in _END.finditer(text)}
    ends |= {each.end(): True for each in _GLUED.finditer(text) if not _is_address(text, each.end())}
    start = seen = depth = passed = 0
    for end in sorted(ends):
        while passed < len(formulas) and formulas[passed][1] <= end:
            passed += 1
        inside = passed < len(formulas) and formulas[passed][0] < end
        depth += text.count("(", seen, end) + text.count("[", seen, end)
        depth = max(0, depth - text.count(")", seen, end) - text.count("]", seen, end))
        seen = end
        if inside or (depth and _CLOSING.search(text, end, end + _FAR)):
            continue
        if ends[end] or _is_end(text, start, end):
            yield end
            start, depth = end, 0


def _is_address(text: str, at: int) -> bool:
    """Whether the word that ends at `at` is part of an address or a path."""
    return bool(_ADDRESS.search(text[max(0, at - 200) : at].rpartition(" ")[2]))


def _is_end(text: str, start: int, end: int) -> bool:
    """Whether the sentence that begins at `start` ends at `end`, where a stop and its quotes do."""
    if text[end - 1] in "。！？”’」』）" and not text[end : end + 1].isspace():
        return True
    begin = _BEGIN.match(text, end)
    at = begin.end() if begin else end
    first = text[at : at + 1]
    if not first or not _begins(text, at, first):
        return False
    near = max(start, end - 16)
    if _NEVER.search(text, near, end) or _COUNT.search(text[max(start, end - 20) : end]):
        return False
    if _NUMBER.search(text, near, end):
        return not first.isdigit()
    return not _SELDOM.search(text, near, end) or bool(_OPENS.match(text, at))


def _begins(text: str, at: int, first: str) -> bool:
    """Whether what stands at `at` can begin a sentence."""
    if first.isalpha():
        return not first.islower() or bool(_NAME.match(text, at))
    return first.isdigit() or first in "$\\•" or text[at - 1] in _OPENING
