"""docs/screens: its pictures by name, and the page that shows them.

Owns: the list of chapters and the words around pictures. Refuses: taking them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from cogs._demo.stage import Stage
from tests.screens import digests, inboxes, operating, papers, refusals, searches, silence, subscribing
from tests.screens.scenes import Chapter, Scene, Shot, mark, play

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
PAGE = FOLDER / "README.md"
ENDINGS = ("", "-phone")
"""What the names of a scene's pictures end with."""
CHAPTERS = tuple(
    each.CHAPTER for each in (digests, searches, papers, subscribing, inboxes, silence, operating, refusals)
)

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


async def entries(chapter: Chapter) -> list[str]:
    """The chapter's scenes as the page has to show them, played now."""
    found: list[str] = []

    async def look(scene: Scene, stage: Stage, shot: Shot) -> None:
        found.append(entry(scene, stage, shot))

    await play(chapter, look)
    return found


def entry(scene: Scene, stage: Stage, shot: Shot) -> str:
    """A scene on the page; its comment stands for the text of its pictures."""
    told = escape(scene.caption)
    wide, phone = (f'<img src="{scene.name}{ending}.png" alt="{told}"' for ending in ENDINGS)
    steps = f"\n\n{', '.join(shot.steps)}" if shot.steps else ""
    return (
        f"**{scene.caption}**{steps}\n\n<!-- {scene.name}: {mark(stage, shot)} -->\n"
        f'{wide} width="560">\n{phone} width="300">\n'
    )


def document(shown: Mapping[str, Sequence[str]]) -> str:
    """The whole page; `shown`: a chapter's title -> its entries."""
    contents = "\n".join(f"- [{chapter.title}](#{_anchor(chapter.title)})" for chapter in CHAPTERS)
    parts = [
        "\n".join((f"## {chapter.title}\n", f"{chapter.about}\n", *shown[chapter.title])) for chapter in CHAPTERS
    ]
    return "\n".join((_HEAD, f"{contents}\n", *parts))


def _anchor(title: str) -> str:
    return "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -").replace(" ", "-")
