"""docs/screens: its pictures by name, and the page that shows them.

Owns: the list of chapters and the words around pictures. Refuses: taking them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cogs._demo.stage import Stage
from tests.screens import digests, operating, papers, refusals, searches, silence, subscribing
from tests.screens.scenes import Chapter, Scene, Shot, mark, play

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
PAGE = FOLDER / "README.md"
ENDINGS = ("", "-phone")
"""What the names of a scene's pictures end with."""
CHAPTERS = tuple(each.CHAPTER for each in (digests, searches, papers, subscribing, silence, operating, refusals))

_HEAD = """\
# What Paperboy says

Every message as Discord shows it, wide and on a phone. The papers are those of the bundled sample: titles,
authors and days are real, summaries are ours, votes are sample data.

`make screens` takes the pictures, in a simulated Discord that a real browser draws. A test fails where a message
is not any more what its pictures show.
"""


def names() -> list[str]:
    """Of all scenes, in their order."""
    return [scene.name for chapter in CHAPTERS for scene in chapter.scenes]


def files() -> set[str]:
    """Of all pictures."""
    return {f"{name}{ending}.png" for name in names() for ending in ENDINGS}


async def marks(chapter: Chapter) -> dict[str, str]:
    """Scene -> the hash of what it says, played now."""
    found: dict[str, str] = {}

    async def look(scene: Scene, stage: Stage, shot: Shot) -> None:
        found[scene.name] = mark(stage, shot)

    await play(chapter, look)
    return found


def section(chapter: Chapter, marked: Mapping[str, str]) -> str:
    """A chapter of the page."""
    lines = [f"## {chapter.title}\n", f"{chapter.about}\n"]
    for scene in chapter.scenes:
        wide, phone = (f'<img src="{scene.name}{ending}.png"' for ending in ENDINGS)
        lines.append(
            f"{scene.caption}\n\n<!-- {scene.name}: {marked.get(scene.name, '')} -->\n"
            f'{wide} width="560" alt="{scene.name}">\n{phone} width="300" alt="{scene.name}, on a phone">\n'
        )
    return "\n".join(lines)


def document(marked: Mapping[str, str]) -> str:
    """The whole page."""
    contents = "\n".join(f"- [{chapter.title}](#{_anchor(chapter.title)})" for chapter in CHAPTERS)
    return "\n".join((_HEAD, f"{contents}\n", *(section(chapter, marked) for chapter in CHAPTERS)))


def _anchor(title: str) -> str:
    return "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -").replace(" ", "-")
