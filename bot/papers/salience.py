"""How much each sentence of an abstract tells of what its paper did. Pure.

Owns: what is looked at in a sentence. Refuses: how much that weighs, which is fitted on summaries that authors and
readers wrote (`summary_weights`), and what is shown.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.papers import terms

_ADVERBS = r"(?:\w+ly |also |then |first |next |further |here |thus |hence |have |now )*"
_THIS = r"(?:this|the present|our) (?:\w+ )?(?:paper|work|article|study|thesis|survey|report|manuscript|research)"


def _any(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PROPOSES = _any(
    rf"\bwe,? {_ADVERBS}(?:propos|introduc|present|develop|design|devis|describ|formulat|construct|buil[dt]|creat"
    r"|releas|contribut|offer|suggest)|\b(?:is|are) (?:proposed|introduced|presented|developed)\b|\bto propose"
    r"|\b(?:called|dubbed|termed)\b"
)
_SHOWS = _any(
    rf"\bwe,? {_ADVERBS}(?:show|demonstrat|prov[ei]|find|found|observ|discover|reveal|establish|argu|conclud"
    r"|illustrat|identif|report|confirm)"
)
_PAPER = _any(rf"\b{_THIS}\b|\bhere,? we\b")
_OURS = _any(rf"\b(?:we|our)\b|{_PAPER.pattern}")
DANGLING = _any(
    rf"(?!{_THIS})(?:it|this|these|they|such|that|those|its|their|he|both"
    r"|the (?:latter|former|key|main|resulting))\b"
)
"""At the begin of a sentence: it says something of what stands before."""

CUES: Mapping[str, re.Pattern[str]] = {
    "we": _any(r"\b(?:we|our)\b"),
    "we propose": _PROPOSES,
    "new": _any(r"\b(?:novel|new|simple|first|efficient|effective)\b"),
    "background": _any(
        r"\b(?:recent(?:ly)?|ha(?:s|ve) (?:become|been)|widely|traditional|conventional|existing|current(?:ly)?"
        r"|typically|often|usually|commonly|most|promising|important|fundamental|critical|crucial|essential|emerging)\b"
    ),
    "problem": _any(
        r"\b(?:challeng\w*|difficult\w*|limit(?:ed|ation\w*)|remain\w*|lack\w*|suffer\w*|expensive|costly|unclear"
        r"|prohibitive\w*|fail\w*|hard)\b"
    ),
    "trial": _any(r"\b(?:experiment|evaluat|benchmark|dataset|empirical|extensive)"),
    "points back": _any(
        r"\b(?:this|these|such|those|the above|the aforementioned) (?:issue|problem|challenge|limitation|gap"
        r"|question|task|setting|shortcoming|drawback|difficult|observation|idea|insight)"
    ),
    "stands beside": _any(
        r"\b(?:codes?|implementations?|project page|demos?|videos?|weights|website|data(?:sets?)?) (?:[\w-]+ )*?"
        r"(?:available|released?|public\w*|found)|https?:|\bgithub|\bcomments?:|\baccepted (?:at|to|by|for)\b"
        r"|\b(?:future|further) (?:work|studies|research)\b|\bwe (?:hope|believe)\b"
        r"|\bwill (?:\w+ )?(?:release|open|be (?:\w+ )?(?:released|available))"
    ),
}
"""What a sentence may have anywhere."""
BEGINNINGS: Mapping[str, re.Pattern[str]] = {
    "begins: we": _any(r"we\b"),
    "begins: this": DANGLING,
    "is a question": re.compile(r".*\?$", re.DOTALL),
}
"""What a sentence may begin with, or be as a whole."""
WHOLE: Mapping[str, re.Pattern[str]] = {
    "this paper": re.compile(rf".*?{_PAPER.pattern}", re.IGNORECASE),
    "also": _any(
        r"(?:furthermore|moreover|additionally|also|in addition|finally|besides|lastly|further|second)\b"
        r"|.*?\bwe (?:also|further|additionally|then|finally|first|next)\b"
    ),
    "to address": _any(
        r"to (?:\w+ly )?(?:this end|address|tackle|overcome|solve|alleviate|mitigate|remedy|bridge|fill)\b"
    ),
}
"""What it may begin with before its opening is taken off."""
_FINDERS = (*(each.search for each in CUES.values()), *(each.match for each in BEGINNINGS.values()))
_WHOLE = tuple(each.match for each in WHOLE.values())

NAMES = (
    # Whether it is the first, and "we" come only after it; its place from 0 to 1; tens of words too few, too many.
    *("opening", "sets the scene", "place", "short", "long"),
    # The share of the title's words that it has, and of its words that the title has.
    *("tells the title", "title's words"),
    # The cosine to the whole abstract, and the share of what the abstract repeats.
    *("central", "covers"),
    # Whether it is the first that proposes or shows something, or stands behind that; the first that proposes what
    # the title is named after.
    *("first claim", "after a claim", "names it"),
    *CUES,
    *BEGINNINGS,
    *WHOLE,
)
"""Of the numbers in a row of `features`."""

_STEM = 6
"""Letters by which words are taken for one: "segment", "segmentation"."""
# What every abstract says.
_DULL = terms.FUNCTION_WORDS | {
    *("approach", "introduce", "method", "paper", "present", "propose", "proposed", "results", "show", "work"),
}


def content(text: str) -> list[str]:
    """The stems of the words that say what a text is about."""
    return _content(terms.words(text))


def _content(words: Sequence[str]) -> list[str]:
    return [word[:_STEM] for word in words if len(word) > 1 and word not in _DULL]


def _name(title: str) -> str:
    """ "SaySome" of "SaySome: Words for All", or "" where the title has no name."""
    name, colon, _ = title.casefold().partition(":")
    return name.strip() if colon and 2 <= len(name.strip()) <= 30 and len(name.split()) <= 3 else ""


def features(title: str, parts: Sequence[str], shown: Sequence[str]) -> list[tuple[float, ...]]:
    """One row of numbers, named by NAMES, for each sentence of an abstract, which would be shown as in `shown`."""
    asked = {*content(title)}
    name = _name(title)
    texts = [terms.words(part) for part in shown]
    said = [{*_content(words)} for words in texts]
    shared = Counter(word for words in said for word in words)
    repeated = sum(number for number in shared.values() if number > 1)
    length = math.sqrt(sum(number * number for number in shared.values()))
    ours = [_OURS.search(part) is not None for part in parts]
    rows: list[tuple[float, ...]] = []
    claimed = named = False
    for at, (part, told, text, words) in enumerate(zip(parts, shown, texts, said, strict=True)):
        proposes = _PROPOSES.search(part) is not None
        claims = proposes or any(cue.search(part) for cue in (_SHOWS, _PAPER))
        names = proposes and bool(name) and name in told.casefold()
        numbers = [shared[word] for word in words]
        rows.append(
            (
                *(at == 0, at == 0 and not ours[0] and any(ours), at / max(1, len(parts) - 1)),
                *(max(0, 12 - len(text)) / 10, max(0, len(text) - 25) / 10),
                len(words & asked) / max(1, len(asked)),
                len(words & asked) / max(1, len(words)),
                sum(numbers) / length / math.sqrt(len(words)) if words else 0.0,
                sum(number for number in numbers if number > 1) / max(1, repeated),
                *(claims and not claimed, claimed, names and not named),
                *(find(told) is not None for find in _FINDERS),
                *(find(part) is not None for find in _WHOLE),
            )
        )
        claimed, named = claimed or claims, named or names
    return rows
