"""`make screens`: plays every scene, takes its pictures, and writes the page that shows them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from time import monotonic

from cogs._demo.stage import Stage
from tests.screens import gallery
from tests.screens.camera import Camera
from tests.screens.scenes import Chapter, Scene, Shot, play


async def take(folder: Path, only: str | None) -> dict[str, list[str]]:
    """The pictures; a chapter's title -> its entries on the page."""
    shown: dict[str, list[str]] = {}

    async with Camera() as camera:
        for chapter in gallery.CHAPTERS:
            if only is None or only in [scene.name for scene in chapter.scenes]:
                shown[chapter.title] = await _take(camera, chapter, folder, only)
    return shown


async def _take(camera: Camera, chapter: Chapter, folder: Path, only: str | None) -> list[str]:
    shown: list[str] = []

    async def look(scene: Scene, stage: Stage, shot: Shot) -> None:
        await camera.take(stage, shot, folder, scene.name)
        shown.append(gallery.entry(scene, stage, shot))
        print(scene.name, flush=True)

    await play(chapter, look, only)
    return shown


async def check() -> list[str]:
    """The scenes that are no longer what the page shows."""
    page = gallery.PAGE.read_text(encoding="utf-8") if gallery.PAGE.exists() else ""
    return [
        scene.name
        for chapter in gallery.CHAPTERS
        for scene, entry in zip(chapter.scenes, await gallery.entries(chapter), strict=True)
        if entry not in page
    ]


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    reader.add_argument("--only", metavar="NAME", choices=gallery.names(), help="this scene's pictures alone")
    reader.add_argument("--check", action="store_true", help="take none; say which are no longer true")
    reader.add_argument("--into", metavar="DIR", type=Path, default=gallery.FOLDER, help="default: docs/screens")
    given = reader.parse_args()
    logging.disable()  # faults are played too
    if given.check:
        stale = asyncio.run(check())
        print(*stale or ["All pictures are true."], sep="\n")
        return 1 if stale else 0
    began = monotonic()
    given.into.mkdir(parents=True, exist_ok=True)
    shown = asyncio.run(take(given.into, given.only))
    if given.only is None:
        for left_over in {path.name for path in given.into.glob("*.png")} - gallery.files():
            (given.into / left_over).unlink()
        (given.into / "README.md").write_text(gallery.document(shown), encoding="utf-8")
    count = sum(map(len, shown.values()))
    size = sum(path.stat().st_size for path in given.into.iterdir())
    print(f"{count} scenes in {monotonic() - began:.0f} s; {size / 1e6:.1f} MB in {given.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
