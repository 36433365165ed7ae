"""The pictures are true, all there, and none is left over; and how they are made small."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from cogs._demo.stage import Stage
from tests.screens import gallery
from tests.screens.camera import WIDTHS, small
from tests.screens.scenes import Chapter, Scene, Shot, mark, play, told

RUN = "run make screens"


@pytest.mark.parametrize("chapter", gallery.CHAPTERS, ids=lambda chapter: chapter.title)
async def test_every_message_is_still_what_its_pictures_show(chapter: Chapter) -> None:
    page = gallery.PAGE.read_text(encoding="utf-8")
    shown = zip(chapter.scenes, await gallery.entries(chapter), strict=True)
    assert [scene.name for scene, entry in shown if entry not in page] == [], RUN


def test_every_picture_is_there_and_none_is_left_over() -> None:
    assert {path.name for path in gallery.FOLDER.glob("*.png")} == gallery.files(), RUN


def test_the_page_has_the_scenes_in_their_order() -> None:
    assert tuple(WIDTHS) == gallery.ENDINGS
    page = gallery.PAGE.read_text(encoding="utf-8")
    names = re.findall(r"<!-- ([\w-]+): [0-9a-f]{16} -->", page)
    assert names == gallery.names(), RUN
    assert len(set(names)) == len(names)
    written = gallery.document({chapter.title: () for chapter in gallery.CHAPTERS})
    assert all(line in page for line in written.splitlines()), RUN


async def test_a_scene_does_not_depend_on_those_before_its_stage_opened() -> None:
    chapter = next(each for each in gallery.CHAPTERS if "error-old" in [scene.name for scene in each.scenes])
    seen: list[tuple[str, str, str]] = []

    async def look(scene: Scene, stage: Stage, shot: Shot) -> None:
        seen.append((gallery.entry(scene, stage, shot), told(stage, shot), mark(stage, shot)))

    await play(chapter, look, "error-old")
    ((entry, text, found),) = seen
    assert entry in gallery.PAGE.read_text(encoding="utf-8"), RUN
    assert "This digest is too old" in text
    assert f"<!-- error-old: {found} -->" in entry


def test_a_small_picture_keeps_its_planes_exactly_and_comes_out_the_same_twice() -> None:
    picture = Image.new("RGB", (400, 300), (57, 58, 65))
    picture.paste((62, 63, 69), (20, 20, 120, 60))
    for column in range(240):  # the edge of a letter
        picture.putpixel((column, 200), (column // 12 * 12, 175, 244))
    raw = io.BytesIO()
    picture.save(raw, "PNG")
    made = small(raw.getvalue())
    assert made == small(raw.getvalue())
    shown = Image.open(io.BytesIO(made))
    assert shown.mode == "P"
    assert len(shown.getcolors() or ()) <= 32
    whole = shown.convert("RGB")
    assert whole.size == (400, 300)
    assert whole.getpixel((0, 0)) == (57, 58, 65)
    assert whole.getpixel((50, 40)) == (62, 63, 69)
    edge = whole.getpixel((200, 200))
    assert isinstance(edge, tuple)
    assert sum(abs(a - b) for a, b in zip(edge, (192, 175, 244), strict=True)) <= 16
