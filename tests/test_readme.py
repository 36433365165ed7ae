"""The README and `docs/` tell what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import SETTINGS
from bot.digest.status import COMMANDS
from storage import upkeep
from tests.docs import registered, written

ROOT = Path(__file__).resolve().parents[1]
DOCS = ("README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")))
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


async def test_the_tables_are_as_the_code_has_them() -> None:
    assert read("README.md") == await written(read("README.md")), "run make docs"


async def test_every_command_is_told_and_no_other() -> None:
    assert sorted(await registered()) == sorted(name for name, _ in COMMANDS)


@pytest.mark.parametrize(
    "name",
    ["VERDICTS", "POSTS", "MORE", "OBSERVATIONS", "SEARCHES", "LEFT_GUILDS", "EMPTY_INBOXES", "PAUSED_INBOXES"],
)
def test_how_long_something_is_kept_is_told(name: str) -> None:
    assert f"{getattr(upkeep, name).days} days" in read("docs/privacy.md")


@pytest.mark.parametrize("name", [*DOCS, "compose.yaml", "Dockerfile", "Makefile"])
def test_no_setting_is_named_that_there_is_not(name: str) -> None:
    assert set(re.findall(r"PAPERBOY_[A-Z_]+", read(name))) <= set(SETTINGS)


@pytest.mark.parametrize("name", DOCS)
def test_every_command_that_is_named_exists(name: str) -> None:
    """`/digest now`, or `/digest` for all of them; `/demo` is the demo's."""
    known = {f"/{part}" for command, _ in COMMANDS for part in (command[1:], command[1:].split()[0])}
    named = re.findall(r"`(/[a-z]+(?: [a-z]+)?)", read(name))
    assert {each for each in named if each not in known and each.split()[0] not in known} <= {"/data"} | {
        each for each in named if each.startswith("/demo")
    }


@pytest.mark.parametrize("name", DOCS)
def test_every_link_leads_somewhere(name: str) -> None:
    for found in _LINK.findall(read(name)):
        target = found[0] or found[1]
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", DOCS[1:])
def test_every_page_is_linked_from_the_readme(name: str) -> None:
    assert f"({name})" in read("README.md")
