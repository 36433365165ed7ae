"""Text in which LaTeX stands, as people read it: `Schr\\"odinger` -> Schrödinger, `2.3$\\times$` -> 2.3×.

Owns: which signs of a text are LaTeX, and what becomes of those outside of formulas. Refuses: losing text; what
cannot be read, and what is rather money, code, a path or an address, stays exactly as it was.

Hugging Face drops the dollar signs of an abstract and some of its backslashes ("2.3times", "360^{circ}",
"pi_{0.5}"): those remains are read as well, where nothing else can be meant.
"""

from __future__ import annotations

import re

from bot.papers.commands import CITATIONS, FORMULAS, FUNCTIONS, RELATIONS, STYLES, WORDS
from bot.papers.formula import letter, subscript, superscript, typeset
from bot.papers.remains import ADDRESS, restored

LONGEST = 10_000
"""Characters; a longer text is no abstract, and stays as it is."""
DEEPEST = 8
"""Commands inside each other, as in `\\textbf{\\emph{...}}`."""
_FAR = 1_000
"""Characters in which what begins has to end."""


def readable(text: str) -> str:
    """`text` with its LaTeX in Unicode. Raises nothing, and takes a time that grows with the length alone."""
    if len(text) > LONGEST or not (any(sign in text for sign in _SIGNS) or _lost(text)):
        return text
    found = restored(text)
    if "`" in found:
        found = _QUOTED.sub(r"“\1”", _HALF_QUOTED.sub(r"‘\1’", found))
    return " ".join(_Reader(found).read().split()) or text


def _lost(text: str) -> bool:
    return "times" in text and re.search(r"\dtimes", text) is not None


# A text without any of these holds nothing to read: most are through within microseconds.
_SIGNS = ("\\", "$", "^", "{", "`", "--", "~", "_", "infty")

_QUOTED = re.compile(r"``(?![`\s])([^`]{1,400}?)(?:''|(?<!\s)\"(?![\w']))")
_HALF_QUOTED = re.compile(r"(?<![\w`\\])`(?![\s`])([^`'\"]{1,100}?)(?<!\s)'(?![\w'])")

# --- outside of formulas ----------------------------------------------------------------------------

_ACCENT = r"""\\(?:["'`^~=](?:\{\\?[A-Za-z]\}|\\[ij](?![A-Za-z])|[A-Za-z]) | \.(?:\{[A-Za-z]\}|[IZ])
    | [cvuHkrdb]\{\\?[A-Za-z]\} | (?<=[A-Za-z]\\)[cvHk]\ [A-Za-z])"""
_LETTER = r"\\(?:ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j|dh|DH|dj|DJ|ng|NG)"
_SWITCH = r"\{\\(?:em|it|bf|sl|sc|tt|sf|rm|itshape|bfseries|scshape|ttfamily|small|large)(?![A-Za-z])\s*"
_ITEM = re.compile(
    rf"""(?=[h$\\{{^_~`-])(?:
    (?P<address>{ADDRESS})
    | (?P<code>`[^`]{{1,80}}`)
    | (?P<dollar>\$)
    | (?P<formula>\\[(\[])
    | (?P<apostrophe>(?<=\w)\\'(?=(?:s|t|re|ve|ll|d|m)\b) | (?<=\bO)\\'(?=[A-Z]))
    | (?P<accent>\{{(?:{_ACCENT})\}} | {_ACCENT})
    | (?P<letter>\{{{_LETTER}\}} | {_LETTER}(?:\{{\}}|(?![A-Za-z])(?:\ (?=[a-z]))?))
    | (?P<switch>{_SWITCH})
    | (?P<held>\{{(?=\\[A-Za-z]+\ ?\}}))
    | \\(?P<command>[A-Za-z]+)\*?
    | \\(?P<escaped>[%&\#_{{}}$])
    | (?P<space>\\[ ,;:] | (?<!\\)\\\\(?=\s))
    | (?P<nothing>\\[!/-](?=\w))
    | (?P<raised>(?<=[\w)\]}}’'])\^(?:(?=\{{|\\(?:math|text)) | [*+] | [A-Za-z-](?!\w)
        | [-+]?\d{{1,2}}(?!\d|\.\d) | (?<!\d{{3}}\^)\d{{3,}}(?!\.\d)))
    | (?P<lowered>(?<=[\w)\]}}’'])_(?=\{{))
    | (?:(?<=^[^\W\d_]) | (?<=^[A-Z]{{2}}) | (?<=[^\w\\/.@:-][^\W\d_]) | (?<=[^\w\\/.@:-][A-Z]{{2}}))
        _(?P<index>\d{{1,2}}(?=O\b) | (?:\d{{1,2}}|[a-z])(?![\w{{/]|\.\w))
    | (?P<capitals>(?<=[A-Za-z])\{{[A-Z]+\}} | \{{[A-Z]+\}}(?=[a-z]))
    | (?P<comma>(?<=\d)\{{,\}}(?=\d))
    | (?P<dash>(?<=[\w)\]}}%.,’”$×°])---?(?=[\w(\[{{\\“‘$]) | (?<=\s)---?(?=\s))
    | (?P<tie>(?:(?<=[A-Za-z]{{2}})|(?<=[A-Za-z][.,)])|(?<=[\])}}]))~(?=[\w(\[\\$“]) | (?<=\d)~(?=[A-Za-z]))
    )""",
    re.VERBOSE,
)
_SIGN_OF = {"code": None, "space": " ", "tie": " ", "nothing": "", "comma": ",", "apostrophe": "'"}
_SCRIPT = re.compile(r"[_^](?:(?=\{)|\\[A-Za-z]+|[A-Za-z0-9*+-])")
_BARE_ARGUMENT = re.compile(r" ?[A-Za-z0-9](?![A-Za-z])")
# A drive, a share or a regular expression: none of its backslashes is LaTeX.
_CODE = re.compile(r"(?:^|[^A-Za-z])[A-Za-z]:\\|^\\\\\w|\\[dwsDWSbB](?![A-Za-z{])")
_ESCAPED_QUOTE = re.compile(r"\\[\"'`](?![A-Za-z{\\])")

_STYLED = re.compile(r"\\[A-Za-z]+\{[^{}]*\}")
_COMMANDS = re.compile(r"\\[A-Za-z]+|[{}]")
_PROSE = re.compile(r"[^\W\d_]{2,},? +[^\W\d_]{2,}")
_CERTAIN = re.compile(r"^ ?[A-Za-z]$|\\[A-Za-z,!;:({|]|[\^_{]|^[<>=+±×≤≥≈∼-]+$|^\W*[^\x00-\x7f]\W*$")


def _is_formula(inside: str, before: str, after: str) -> bool:
    """Whether the signs around `inside` make it a formula: not two prices, not two shell variables."""
    if not inside.strip() or _PROSE.search(_COMMANDS.sub("", _STYLED.sub("", inside))):
        return False
    if _CERTAIN.search(inside):
        return True
    if inside[0].isspace() or inside[-1].isspace() or after.isdigit():
        return False
    return not (after.isalpha() and len(inside) > 1) and not (before.isalnum() and inside[0].isdigit())


class _Reader:
    """One pass over a text, from left to right."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self._text, self._depth = text, depth
        self._closings: dict[int, int] | None = None
        # Where quotation marks are escaped, `\"o` is an "o" in quotes.
        self._accents = "\\" in text and not _ESCAPED_QUOTE.search(text)

    def read(self) -> str:
        found: list[str] = []
        at = 0
        while item := _ITEM.search(self._text, at):
            meant, end = self._meant(item)
            found += (self._text[at : item.start()], self._text[item.start() : end] if meant is None else meant)
            at = end
        return "".join([*found, self._text[at:]])

    def _meant(self, item: re.Match[str]) -> tuple[str | None, int]:
        """(what the item says, or None where it stays as it is; where the text goes on)."""
        kind, end = item.lastgroup or "", item.end()
        if item[0][0] == "\\" and (code := self._code(item.start())):
            return None, code
        match kind:
            case "address":
                return self._address(item[0], end)
            case "dollar":
                return self._dollars(item.start())
            case "formula":
                return self._formula(item.start(), {"\\(": "\\)", "\\[": "\\]"}[item[0]])
            case "switch" | "held":
                return self._group(item.start(), end if kind == "switch" else None)
            case "command":
                return self._command(item["command"], end)
            case "raised" | "lowered":
                return self._script(item[0], end)
        return self._sign(kind, item), end

    def _sign(self, kind: str, item: re.Match[str]) -> str | None:
        match kind:
            case "accent" | "letter":
                return letter(item[0]) if self._accents or kind == "letter" else None
            case "index":
                lowered = subscript(item["index"])
                return None if lowered.startswith("_") else lowered
            case "capitals":
                return item[0].strip("{}")
            case "dash":
                return "–" if len(item[0]) == 2 else "—"
            case "escaped":
                return item["escaped"]
        return _SIGN_OF[kind]

    def _code(self, at: int) -> int | None:
        """The end of the word at `at`, if that is code."""
        start = self._text.rfind(" ", max(0, at - 100), at) + 1
        if not _CODE.search(self._text[max(start, at - 100) : at + 100].partition(" ")[0]):
            return None
        end = self._text.find(" ", at)
        return len(self._text) if end < 0 else end

    def _inner(self, text: str) -> str:
        return _Reader(text, self._depth + 1).read() if self._depth < DEEPEST else text

    def _braced(self, at: int) -> tuple[str, int] | None:
        """(what stands in the braces that open at `at`, the place behind them)."""
        if self._text[at : at + 1] != "{":
            return None
        if self._closings is None:
            self._closings, opened = {}, []
            for brace in re.finditer(r"\\.|[{}]", self._text):
                if brace[0] == "{":
                    opened.append(brace.start())
                elif brace[0] == "}" and opened:
                    self._closings[opened.pop()] = brace.start()
        closing = self._closings.get(at)
        return None if closing is None else (self._text[at + 1 : closing], closing + 1)

    def _group(self, at: int, begin: int | None = None) -> tuple[str | None, int]:
        """`{\\em words}`, `{\\alpha}`: the same without braces, where the command can be read."""
        braced = self._braced(at)
        if braced is None:
            return None, begin or at + 1
        inside, end = braced
        meant = self._inner(self._text[begin : end - 1] if begin else inside)
        return (None if begin is None and meant == inside else meant), end

    def _address(self, address: str, end: int) -> tuple[str, int]:
        """An address, and the label that `\\href` gave it."""
        address = re.sub(r"\\(.)", r"\1", address)
        label = self._braced(end + 1 if self._text[end : end + 1] == " " else end)
        if not label or (address.endswith("~") and label[0]):
            return address, end
        told = self._inner(label[0])
        same = told.split("://")[-1].rstrip("/.")
        known = not told or ("." in same and same in address)
        return address if known else f"{address} ({told})", label[1]

    def _dollars(self, at: int) -> tuple[str | None, int]:
        sign = "$$" if self._text.startswith("$$", at) else "$"
        begin = at + len(sign)
        closing = re.compile(r"(?<!\\)" + re.escape(sign)).search(self._text, begin, begin + _FAR)
        if not closing:
            return None, begin
        inside, end = self._text[begin : closing.start()], closing.end()
        if not _is_formula(inside, self._text[max(0, at - 1) : at], self._text[end : end + 1]):
            return None, begin
        meant = typeset(inside)
        # "3\\,$dB": the space at a formula's end counts.
        spaced = meant is not None and re.search(r"(?:\\[ ,;:]|~)\s*$", inside)
        return f"{meant} " if spaced else meant, end

    def _formula(self, at: int, closing: str) -> tuple[str | None, int]:
        begin = at + 2
        end = self._text.find(closing, begin, begin + _FAR)
        before, after = self._text[max(0, at - 1) : at], self._text[end + 2 : end + 3]
        inside = self._text[begin:end]
        if end < 0 or before.isalnum() or after in tuple("*+?{|") or not _is_formula(inside, " ", " "):
            return None, begin
        return typeset(inside), end + 2

    def _script(self, sign: str, at: int) -> tuple[str | None, int]:
        if len(sign) > 1:
            return superscript(sign[1:]), at
        command = _COMMANDS.match(self._text, at) if self._text[at] == "\\" else None
        braced = self._braced(command.end() if command else at)
        inside = typeset(self._text[at : braced[1]]) if braced else None
        if not braced or not inside:
            return None, at
        script = superscript(inside) if sign == "^" else subscript(inside)
        runs_on = script[0] == sign and self._text[braced[1] : braced[1] + 1].isalnum()
        return (None if runs_on else script), braced[1]

    def _command(self, name: str, end: int) -> tuple[str | None, int]:
        if name in FORMULAS:
            return self._symbol(name, end)
        if name in WORDS:
            return self._word(name, end)
        braced = self._braced(end)
        if not braced:
            return None, end
        inside, behind = braced
        if name in STYLES:
            return self._inner(inside), behind
        if name in CITATIONS:
            return f"[{inside}]", behind
        match name:
            case "url" | "path":
                return re.sub(r"\\([_%#&~])", r"\1", inside), behind
            case "href" if self._text[behind : behind + 1] == "{":
                return self._address(inside, behind)
            case "footnote":
                return f" ({self._inner(inside)})", behind
            case "textsuperscript" | "textsubscript":
                script = superscript if name == "textsuperscript" else subscript
                return script(self._inner(inside)) if inside else "", behind
            case "textcolor" if second := self._braced(behind):
                return self._inner(second[0]), second[1]
        return None, end

    def _word(self, name: str, end: int) -> tuple[str, int]:
        word = WORDS[name]
        if self._text.startswith("{}", end):
            end += 2
        elif name in ("allowbreak", "nolinebreak") and self._text.startswith(" ", end):
            end += 1
        return word.removesuffix(".") if self._text.startswith(".", end) else word, end

    def _symbol(self, name: str, end: int) -> tuple[str | None, int]:
        """A command of formulas outside of one, with its arguments and scripts."""
        begin = end - len(name) - 1
        at = end
        for _ in range(FORMULAS[name]):
            bare = _BARE_ARGUMENT.match(self._text, at)
            braced = self._braced(at)
            if not braced and not bare:
                return None, end
            at = braced[1] if braced else bare.end() if bare else at
        for _ in range(2):
            script = _SCRIPT.match(self._text, at)
            braced = self._braced(script.end()) if script else None
            at = braced[1] if braced else script.end() if script else at
        meant = typeset(self._text[begin:at]) if at - begin <= _FAR else None
        if meant is None:
            return None, end
        at += 2 if self._text.startswith("{}", at) else 0
        before, after = self._text[max(0, begin - 1) : begin], self._text[at : at + 1]
        # A word is parted from a letter before it, a relation has spaces on both sides or on none.
        apart = name in FUNCTIONS or (meant in RELATIONS and after == " ")
        return f" {meant}" if apart and before.isalnum() else meant, at
