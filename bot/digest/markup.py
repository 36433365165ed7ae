"""Discord's markdown, and its limits: escaping, links, times, counting, and the way back to plain text.

Owns: every rule of how text must be written so that Discord shows just that text. Pure.
Rules: Discord's markdown (backslash escapes any punctuation; `[text](address)` links in bot messages;
`<t:seconds:style>` local times), and 40 components and 4,000 characters in a message of Components V2.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.models import Button, Line, Post, Row, Select, Text

MAX_COMPONENTS = 40
MAX_CHARACTERS = 4_000
LONGEST_ADDRESS = 500
"""A longer one would take the place of other papers: its title stands without a link."""

_PUNCTUATION = re.compile(r"([\\*_~`|\[\]()<>#])")
_LINE_START = re.compile(r"^(\s*)([-+>]|\d+\.)", re.MULTILINE)
# What `as_text` takes back: an escape, code, a link, a local time, bold.
_MARKUP = re.compile(r"\\([\\*_~`|\[\]()<>#:\-+>.])|`([^`]*)`|\[((?:[^\]\\]|\\.)*)\]\((\S+?)\)|<t:(\d+):\w>|\*\*")


def escape(text: str) -> str:
    """`text` so that Discord shows just that: no markdown, no mention, no link, one line."""
    text = _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
    text = _LINE_START.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", text)
    # A bare address would become a link; a zero-width space parts what would look like a mention.
    return text.replace("://", "\\://").replace("@", "@\u200b")


def emphasise(pieces: Iterable[tuple[str, bool]]) -> str:
    """Parts of one line of text (plain), those that are True in bold. A bold part begins and ends with a letter
    or digit, so that its stars cannot join others."""
    return "".join(f"**{_part(text)}**" if bold else _part(text) for text, bold in pieces)


def _part(text: str) -> str:
    """Escaped, with the space at its ends."""
    before, after = text[:1].isspace(), text.strip() and text[-1:].isspace()
    return f"{' ' if before else ''}{escape(text)}{' ' if after else ''}"


def link(text: str, url: str) -> str:
    """`text` (plain) linked to `url`."""
    safe = re.sub(r"[()<>\[\]\\\s|*`]", lambda found: f"%{ord(found[0]):02X}", url)
    told = escape(text) or "untitled"
    return f"[{told}]({safe})" if len(safe) <= LONGEST_ADDRESS else told


def local(moment: datetime, style: str = "f") -> str:
    """A time that every reader sees in their own zone. Styles: f date and time, R "in 5 hours", t time."""
    return f"<t:{int(moment.timestamp())}:{style}>"


def yours(moment: datetime) -> str:
    """The same where a time in another zone stands beside it: two hours of one moment would seem to be two."""
    return f"{local(moment, 'F')} your time"


def components(post: Post) -> int:
    """What Discord counts against 40: the frame, its blocks, and what stands in rows."""
    total = 1
    for block in post.blocks:
        match block:
            case Row(buttons):
                total += 1 + len(buttons)
            case Select():
                total += 2
            case Text(button=Button()):
                total += 3
            case _:
                total += 1
    return total


def characters(post: Post) -> int:
    """What Discord counts against 4,000: all displayed text."""
    return sum(length(block.content) for block in post.blocks if isinstance(block, Text))


def length(text: str) -> int:
    """Characters as Discord may count them: UTF-16 units, the larger of the two ways."""
    return len(text.encode("utf-16-le")) // 2


def fits(post: Post) -> bool:
    return components(post) <= MAX_COMPONENTS and characters(post) <= MAX_CHARACTERS


def as_text(post: Post, width: int = 100) -> str:
    """The post for a terminal: no markup, wrapped, links written out, times in UTC."""
    parts = []
    for block in post.blocks:
        match block:
            case Text(content):
                parts.append("\n".join(_line(line, width) for line in content.splitlines()))
            case Line():
                parts.append("")
            case Row(buttons):
                parts.append("  ".join(f"[{button.label}]{_address(button.url)}" for button in buttons))
            case Select(placeholder=placeholder):
                parts.append(f"[{placeholder}]")
    return "\n".join(parts)


def _address(url: str | None) -> str:
    return f" {url}" if url else ""


def _line(line: str, width: int) -> str:
    small = line.startswith("-# ")
    line = re.sub(r"^(?:-# |#{1,3} )", "", line)
    # The address of a link stands on a line of its own.
    addresses: list[str] = []

    def plain(found: re.Match[str]) -> str:
        escaped, code, linked, address, moment = found.groups()
        if address:
            addresses.append(address)
            return _MARKUP.sub(plain, linked)
        return _told(int(moment)) if moment else escaped or code or ""

    line = _MARKUP.sub(plain, line).replace("@\u200b", "@")
    indent = "  " if small else ""
    wrapped = textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
    return "\n".join([*wrapped, *(f"  {address}" for address in addresses)]).replace("\u00a0", " ")


def _told(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"
