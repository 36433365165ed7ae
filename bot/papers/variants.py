"""What somebody may have meant by a word: the plural, the other side of the ocean, one word or two, what an
acronym stands for, a slip of the keys.

Owns: candidates, from the word and from texts. Refuses: whether the archive has them (storage), and spellings that
mean the same to everybody (`spelling`), which belong to the strict meaning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

_ENDINGS = (
    # Latin and Greek plurals; the regular ones have one stem anyway.
    ("ices", "ix"),
    ("ices", "ex"),
    ("yses", "ysis"),
    ("eses", "esis"),
    ("ria", "rion"),
    ("mena", "menon"),
    ("ua", "uum"),
    ("ula", "ulum"),
    ("ora", "orus"),
    ("uli", "ulus"),
    ("clei", "cleus"),
    ("ulae", "ula"),
    # British and American.
    ("our", "or"),
    ("ours", "ors"),
    ("ourable", "orable"),
    ("isation", "ization"),
    ("isations", "izations"),
    ("ise", "ize"),
    ("ised", "ized"),
    ("ising", "izing"),
    ("iser", "izer"),
    ("isers", "izers"),
    ("yse", "yze"),
    ("ysed", "yzed"),
    ("ysing", "yzing"),
    ("tre", "ter"),
    ("tres", "ters"),
    ("elling", "eling"),
    ("elled", "eled"),
    ("eller", "eler"),
    ("ogue", "og"),
    ("ogues", "ogs"),
    ("ence", "ense"),
)
_COMMON = 3
"""Papers that have each of two words that are seen in one."""
_SHORTEST = 5
"""Letters below which a slip could mean too many words."""
_CLOSE = 0.8
"""Of 1, as difflib reckons: one letter wrong in five, two in ten."""
_ACRONYM = re.compile(r"\(([A-Za-z][\w-]{1,9}?)s?\)")
_REACH = 12
"""Words before its bracket in which the long form of an acronym begins."""


def regular(word: str) -> tuple[str, ...]:
    """The other forms that a word may have by rule; most are no words."""
    found = []
    for one, other in _ENDINGS:
        for old, new in ((one, other), (other, one)):
            if word.endswith(old) and len(word) - len(old) >= 2:
                found.append(word[: -len(old)] + new)
    return tuple(dict.fromkeys(found))


def parted(word: str) -> tuple[tuple[str, str], ...]:
    """Every way to see two words in one, each of three letters at least: "multimodal" as "multi modal"."""
    return tuple((word[:at], word[at:]) for at in range(3, len(word) - 2))


def candidates(word: str) -> tuple[str, ...]:
    """What `among` needs to know of, in papers that have it."""
    return (*regular(word), *(part for pair in parted(word) for part in pair))


def among(word: str, known: Mapping[str, int]) -> set[str]:
    """The other spellings of a word, of those that papers have (word -> papers)."""
    found = {other for other in regular(word) if other in known}
    likely = [pair for pair in parted(word) if min(known.get(part, 0) for part in pair) >= _COMMON]
    if likely:
        found.add(" ".join(max(likely, key=lambda pair: min(known[part] for part in pair))))
    return found


def meant(word: str, known: Mapping[str, int]) -> str | None:
    """The word of `known` (word -> papers) that a slip of the keys turned into `word`; of equally close ones the
    most common."""
    if len(word) < _SHORTEST or not word.isalpha():
        return None
    matcher = SequenceMatcher(None, "", word, autojunk=False)
    best: tuple[float, int, str] | None = None
    for other, papers in known.items():
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < _CLOSE or matcher.quick_ratio() < _CLOSE:
            continue
        found = (round(matcher.ratio(), 3), papers, other)
        if found[0] >= _CLOSE and (best is None or found > best):
            best = found
    return best[2] if best else None


def acronyms(texts: Iterable[str]) -> Counter[tuple[str, str]]:
    """(short, long) for each "long form (LF)" in `texts`, in small letters, and how many say so.

    The long form begins with the acronym's first letter and has its letters in order, each word at most once
    before the next begins (after Schwartz and Hearst, 2003).
    """
    found: Counter[tuple[str, str]] = Counter()
    for text in texts:
        pairs = set()
        for bracket in _ACRONYM.finditer(text):
            short = bracket[1].lower()
            words = re.findall(r"[^\W_]+", text[max(0, bracket.start() - 160) : bracket.start()].lower())[-_REACH:]
            if long := _long(short, words):
                pairs.add((short, long))
        found.update(pairs)
    return found


def _long(short: str, words: Sequence[str]) -> str | None:
    letters = [letter for letter in short if letter.isalnum()]
    at = len(letters) - 1
    for begin in range(len(words) - 1, -1, -1):
        # The letters that this word ends with give way from its end; the first must begin it.
        word = words[begin]
        if at >= 0 and letters[at] in word:
            place = len(word)
            while at >= 0 and (place := word.rfind(letters[at], 0, place)) >= 0:
                at -= 1
                if place == 0:
                    break
            if at < 0:
                whole = words[begin:]
                return " ".join(whole) if word[0] == letters[0] and len(whole) > 1 else None
    return None
