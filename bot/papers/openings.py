"""What a sentence begins with and can do without: "However, ", "To address this, ", "RESULTS: ". Pure.

Owns: which words those are. Refuses: changing the others, but for the capital that a new beginning asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINKS = re.compile(
    r"""(?:However|Moreover|Furthermore|In\ addition|Additionally|Finally|Specifically|More\ specifically
    |In\ particular|Therefore|Thus|Hence|Consequently|As\ a\ result|Also|Then|To\ (?:this|that)\ end
    |Towards?\ this\ (?:end|goal)|Notably|Concretely|Instead|Nevertheless|Nonetheless|Further|Lastly|Accordingly
    |In\ (?:this\ context|response|contrast|this\ regard|turn|doing\ so)|For\ this\ (?:purpose|reason)
    |To\ do\ (?:so|this)|Besides|First(?:ly)?|Second(?:ly)?|Third(?:ly)?|(?:More\ )?[Ii]mportantly|Unfortunately
    |And|But|So|Yet|Indeed|Crucially|Overall|In\ (?:conclusion|summary|short)|Taken\ together|Together|Collectively
    |Meanwhile|Conversely|By\ contrast|Rather|Similarly|Likewise|Subsequently|Next),\ """,
    re.VERBOSE,
)
_PAPER = re.compile(
    r"""(?:(?:In|With|Throughout|Through)\ (?:this|the\ present|our)\ (?:[\w-]+\ )?
    (?:paper|work|article|study|report|letter|note|manuscript|thesis|research|survey)|Here),?
    \ (?=(?:we|I|it|our|the|an?)\b)""",
    re.VERBOSE,
)
# They point back at what is not shown: "To address these challenges, ", "Building on this insight, ".
_BACK = re.compile(
    r"""(?:To|In\ order\ to|Towards?|By|For|With|Using|Based|Building|Built|Inspired|Motivated|Guided|Driven|Given
        |Drawing|Leveraging|Following|Armed|Prompted|Contrary|Unlike|Because|Due|Combined|On\ the\ basis
        |As\ a\ (?:step|solution)|In\ (?:light|view|contrast|response|addition|line))
    \ (?:[^\s,.;:()]+\ ){0,6}?
    (?:this|these|those|such|that|the\ (?:above|aforementioned|former|latter)|their|its|them|both)\b
    (?:[^,.;:()]{0,60},\ (?=(?:we|I|our|in|this|the|an?)\b|[A-Z])|[^,.;:()]{0,40}\ (?=we\b))""",
    re.VERBOSE,
)
_COUNTER = re.compile(r"(?:\(?(?:[1-9]|[ivx]{1,3}|[a-e])\)|[1-9]\.|•|[-–*]|%+)\s+(?=\w)")
_ALL = (_COUNTER, _LINKS, _PAPER, _BACK)
_PLAIN = re.compile(r"[a-z]+\b(?![-_.]?[A-Z0-9])")
_LEFT = 20
"""Characters that must be left; less is no sentence."""


def bare(sentence: str) -> str:
    """`sentence` without what only links it to the ones before it, or says that this is the paper."""
    for _ in range(4):
        found = next((match for each in _ALL if (match := each.match(sentence))), None)
        if not found or len(sentence) - found.end() < _LEFT:
            break
        rest = sentence[found.end() :]
        sentence = rest[0].upper() + rest[1:] if _PLAIN.match(rest) else rest
    return sentence


# --- headings ---------------------------------------------------------------------------------------

_HEADINGS = {
    "background": "background|introduction|motivation|context|importance|hypothesis|objectives?|aims?|purpose"
    "|goals?|rationale|question",
    "result": "(?:methods|measurements?) and (?:main )?results|main results|(?:key |principal )?findings|results?"
    "|evidence",
    "method": "materials? and methods?|methods?|methodology|approach|study design|design|setting|participants",
    "conclusion": "conclusions?|discussion|interpretation|significance|(?:practice )?implications|comment"
    "|innovation|impact|(?:clinical )?relevance(?: to clinical practice)?",
    "aside": "(?:data |code )?availability(?: and implementation)?|(?:supplementary )?information|contact|keywords"
    "|limitations|funding|(?:trial )?registration|code|project page|website",
    "": "abstract|summary|unlabelled|description",
}
_LABELS = {
    name: re.compile(
        rf"""\[?(?i:(?:(?:authors?['’]|study|main)\ )?(?:{words.replace(" ", "[ ]")}))\]?
        (?:\s?(?:/|&|\b(?i:and)\b)\s?[A-Za-z]+(?:\ [A-Z]{{4,}})?\]?)?
        (?:\s*:\s*|\.$|\s(?=[A-Z"“])|(?<=[A-Z]{{4}})\s(?=[a-z]+-?[A-Z0-9]))""",
        re.VERBOSE,
    )
    for name, words in _HEADINGS.items()
}


def sections(parts: Iterable[str]) -> list[tuple[str, str]]:
    """(the section that a sentence stands in, the sentence without its heading) for each; "" where no heading
    was seen. A heading without a colon ("Methods We fit") is one only where there are others."""
    labelled = [(part, *_label(part)) for part in parts]
    bald = sum(bool(label) and ":" not in label for _, _, label in labelled) > 1
    found, now = [], ""
    for part, name, label in labelled:
        heading = bool(label) and (bald or ":" in label or label.strip("[]/&. ").isupper())
        now = name if heading else now
        if rest := part[len(label) :] if heading else part:
            found.append((now, rest))
    return found


def _label(part: str) -> tuple[str, str]:
    """(the section, its heading as it stands before the sentence), or ("", "") where there is none."""
    if part[:1].isupper() or part[:1] == "[":
        for name, pattern in _LABELS.items():
            if label := pattern.match(part):
                return name, label[0]
    return "", ""
