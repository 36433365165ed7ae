"""The README tells of every command and setting, and of none that there is not."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import _parser
from bot.config import SETTINGS
from bot.digest.status import COMMANDS
from bot.papers.query import parse
from storage import upkeep

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def verbs() -> dict[str, argparse.ArgumentParser]:
    (actions,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(actions.choices)


def options() -> Iterator[tuple[str, str]]:
    for verb, parser in verbs().items():
        for action in parser._actions:
            yield from ((verb, option) for option in action.option_strings if option not in ("-h", "--help"))


def table(name: str) -> list[list[str]]:
    """The cells of the rows below a heading."""
    section = README.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def test_every_discord_command_has_its_line_and_no_other() -> None:
    told = [row[0] for row in table("Commands") if row[0].startswith("`/")]
    assert sorted(told) == sorted(f"`{name}`" for name, _ in COMMANDS)


def test_every_verb_of_the_command_line_has_its_line_and_no_other() -> None:
    assert sorted(row[0] for row in table("Command line")) == sorted(f"`{verb}`" for verb in verbs())


@pytest.mark.parametrize(("verb", "option"), list(options()))
def test_every_option_of_the_command_line_is_told(verb: str, option: str) -> None:
    section = README.partition("\n## Command line\n")[2].partition("\n## ")[0]
    assert option in section, f"{verb} {option}"


def test_every_setting_has_its_line_with_its_default_and_no_other() -> None:
    told = {row[0]: row[1] for row in table("Settings")}
    assert told == {f"`{name}`": f"`{default}`" if default else "" for name, (default, _) in SETTINGS.items()}


@pytest.mark.parametrize("name", ["VERDICTS", "POSTS", "MORE", "OBSERVATIONS", "SEARCHES", "LEFT_GUILDS"])
def test_how_long_something_is_kept_is_told(name: str) -> None:
    section = README.partition("\n## What is stored about people and servers\n")[2].partition("\n## ")[0]
    assert f"{getattr(upkeep, name).days} days" in section


@pytest.mark.parametrize("name", ["README.md", "compose.yaml", "Dockerfile", "Makefile"])
def test_no_setting_is_named_that_there_is_not(name: str) -> None:
    named = set(re.findall(r"PAPERBOY_[A-Z_]+", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= set(SETTINGS)


def test_every_query_that_is_shown_can_be_asked() -> None:
    section = README.partition("### What a query can say")[2].partition("\n## ")[0]
    shown = [
        query
        for row in section.splitlines()
        if row.startswith("| `")
        for query in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    assert len(shown) >= 12
    for query in shown:
        assert parse(query).text == query
