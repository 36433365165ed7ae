"""`make screens`: plays every scene, takes its pictures, and writes the page that shows them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from time import monotonic

from cogs._demo.stage import Stage
from tests.screens import gallery
from tests.screens.camera import Camera
from tests.screens.scenes import Scene, Shot, mark, play


async def take(folder: Path, only: str | None) -> dict[str, str]:
    """The pictures, and scene -> the hash of what it says."""
    marked: dict[str, str] = {}
    async with Camera() as camera:

        async def look(scene: Scene, stage: Stage, shot: Shot) -> None:
            marked[scene.name] = mark(stage, shot)
            await camera.take(stage, shot, folder, scene.name)
            print(scene.name, flush=True)

        for chapter in gallery.CHAPTERS:
            if only is None or only in [scene.name for scene in chapter.scenes]:
                await play(chapter, look, only)
    return marked


async def check() -> list[str]:
    """The scenes whose text is no longer that of their pictures."""
    page = gallery.PAGE.read_text(encoding="utf-8") if gallery.PAGE.exists() else ""
    marked = {
        name: found for chapter in gallery.CHAPTERS for name, found in (await gallery.marks(chapter)).items()
    }
    return [name for name, found in marked.items() if f"<!-- {name}: {found} -->" not in page]


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    reader.add_argument("--only", metavar="NAME", choices=gallery.names(), help="this scene's pictures alone")
    reader.add_argument("--check", action="store_true", help="take none; say which are no longer true")
    reader.add_argument("--into", metavar="DIR", type=Path, default=gallery.FOLDER, help="default: docs/screens")
    given = reader.parse_args()
    if given.check:
        stale = asyncio.run(check())
        print(*stale or ["All pictures are true."], sep="\n")
        return 1 if stale else 0
    began = monotonic()
    given.into.mkdir(parents=True, exist_ok=True)
    marked = asyncio.run(take(given.into, given.only))
    if given.only is None:
        for left_over in {path.name for path in given.into.glob("*.png")} - gallery.files():
            (given.into / left_over).unlink()
        (given.into / "README.md").write_text(gallery.document(marked), encoding="utf-8")
    size = sum(path.stat().st_size for path in given.into.iterdir())
    print(f"{len(marked)} scenes in {monotonic() - began:.0f} s; {size / 1e6:.1f} MB in {given.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
