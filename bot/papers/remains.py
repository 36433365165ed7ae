"""What is left of LaTeX where a source dropped dollar signs and backslashes: "2.3times", "360^{circ}", "pi_{0.5}".

Owns: telling such remains from words; Hugging Face leaves them in every thirtieth abstract. Refuses: whatever may
mean something else ("sim2real", "three times").
"""

from __future__ import annotations

import re

from bot.papers.commands import GREEK
from bot.papers.formula import typeset

ADDRESS = r"""https?://(?:[^\s{}<>"\\$]|\\[_%\#&~])+"""
"""A web address in a text, with backslashes before signs that LaTeX escapes."""

_REMAINS = re.compile(
    rf"""(?<![A-Za-z])(?=[^\W\d_]|[\\{{^])(?:
    (?P<address>{ADDRESS}) | \\href\{{(?={ADDRESS}\{{[^{{}}]*\}})
    | (?P<times>(?<=\d)(?:\{{times\}}|times(?:\b|(?=\d|sim\d))))
    | (?P<about>\{{sim\}} | \bsim(?=\d[\d,.]*(?:[KMB%]\b|times|[×%]|\\%|\s|$)) | \bsim\ (?=\d\d))
    | (?P<degrees>\^(?:\{{circ\}}|circ(?:\b|(?=times))))
    | (?<!\\)(?:
        (?P<endless>infty\b)
        | (?P<style>math(?:cal|bb|bf|rm|it|sf)|text(?:bf|it|tt|sc|rm|sf))(?=\{{[^{{}}\\]*\}})
        | (?P<limit>leq|geq)\ ?(?=\d)
        | (?<![\w.-])(?P<greek>{GREEK})(?=[_^](?:\{{|\d\b)))
    | \{{(?P<bold>bf)\ (?=[^{{}}]*\}})
    )""",
    re.VERBOSE,
)
_MEANT = {"times": "×", "about": "∼", "degrees": "°", "endless": "∞", "bold": r"{\bf "}


def restored(text: str) -> str:
    """`text` with signs, or LaTeX again, where something was left of it. Addresses stay as they are."""
    return _REMAINS.sub(_meant, text)


def _meant(remains: re.Match[str]) -> str:
    kind = remains.lastgroup or ""
    if kind in ("limit", "greek"):
        return str(typeset(f"\\{remains[kind]}"))
    if kind == "style":
        return f"\\{remains[kind]}"
    return remains[0] if kind == "address" else _MEANT.get(kind, "")
