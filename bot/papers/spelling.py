"""How else a word of a query may stand in a text: "ε-greedy" and "epsilon-greedy", "H2O" and "H₂O", "l2" and "ℓ₂".

Owns: spellings that mean the same. Refuses: imitating the index, which sees through accents, capitals and endings
by itself.
"""

from __future__ import annotations

import re
import unicodedata

_GREEK = dict(
    zip(
        """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi
        omega""".split(),  # noqa: SIM905
        "αβγδεζηθικλμνξπρστφχψω",
        strict=True,
    )
)
_NAMES = {letter: name for name, letter in _GREEK.items()}
_LETTER = re.compile(f"[{''.join(_NAMES)}]")
_NAME = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(_GREEK)})(?![^\W\d_])")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")
_NUMBER = re.compile(r"(?<=[^\W\d_])\d+")
_INDEX = re.compile(rf"(?<=[{''.join(_NAMES)}])(?=\d)")
_NORM = re.compile(r"(?<!\w)l(?=[\d₀-₉])")


def others(text: str) -> tuple[str, ...]:
    """Other spellings of `text`, a word or phrase in small letters: some at most, none of most words."""
    plain = text.translate(_PLAIN)
    found = {text, plain}
    found |= {_LETTER.sub(lambda letter: _NAMES[letter[0]], spelled) for spelled in found}
    found |= {_NAME.sub(lambda name: _GREEK[name[0]], spelled) for spelled in found}
    found |= {_NORM.sub("ℓ", spelled) for spelled in found} | {spelled.replace("ℓ", "l") for spelled in found}
    # "π_0.5": there is no lower full stop.
    found |= {_INDEX.sub("_", spelled) for spelled in found}
    if plain == text:
        found |= {_numbers(spelled, signs) for spelled in found for signs in (_LOWERED, _RAISED)}
    return tuple(sorted(found - {text}))


def _numbers(text: str, signs: dict[int, int]) -> str:
    return _NUMBER.sub(lambda number: number[0].translate(signs), text)


def holds(name: str, value: str) -> bool:
    """Whether the words of `value` stand side by side in `name`, whatever their capitals and accents."""
    return f" {_spelled(value)} " in f" {_spelled(name)} "


def _spelled(text: str) -> str:
    plain = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", "".join(plain).casefold()))
