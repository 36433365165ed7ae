"""The tables of the README that are written from the code: `make docs` writes them, a test compares them.

Each stands between `<!-- NAME: written by make docs -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from discord import app_commands

from bot.__main__ import _parser
from bot.config import SETTINGS
from bot.digest.status import COMMANDS
from bot.papers.query import EXAMPLES
from cogs._client import COGS, Paperboy
from storage.database import Database

README = Path(__file__).resolve().parents[1] / "README.md"
Command = app_commands.Command[Any, ..., Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


async def registered() -> dict[str, Command]:
    """Every slash command as it is registered with Discord."""
    with tempfile.TemporaryDirectory() as folder:
        async with Database(Path(folder) / "docs.sqlite") as db:
            bot = Paperboy(db=db, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), feeds=())
            for name in COGS:
                await bot.load_extension(name)
            found = [command for command in bot.tree.walk_commands() if isinstance(command, app_commands.Command)]
            return {f"/{command.qualified_name}": command for command in found}


def rights(command: Command) -> str:
    """Who may use it."""
    wanted = command.root_parent or command
    if not wanted.default_permissions:
        return "everybody"
    # The tree's default has direct messages too, where everybody manages their own.
    direct = wanted.allowed_contexts is None or wanted.allowed_contexts.dm_channel is not False
    return f"Manage Server{', or your inbox' if direct else ''}"


async def commands() -> str:
    found = await registered()
    rows = [(f"`{name}`", about, rights(found[name])) for name, about in COMMANDS]
    return table(("command", "what it does", "who"), rows)


def queries() -> str:
    return table(("query", "finds"), [(f"`{query}`", about) for query, about in EXAMPLES])


def settings() -> str:
    rows = [(f"`{name}`", f"`{default}`" if default else "", about) for name, (default, about) in SETTINGS.items()]
    return table(("setting", "default", "meaning"), rows)


def verbs() -> str:
    (actions,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    rows = [
        (f"`{choice.dest}`", choice.help or "", "<br>".join(_options(actions.choices[choice.dest])))
        for choice in actions._choices_actions
    ]
    return table(("command", "what it does", "options"), rows)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.dest == "help":
            continue
        name = action.option_strings[0] if action.option_strings else ""
        shape = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
        if not action.option_strings and not shape:
            shape = action.dest.upper()
        shown = " ".join(filter(None, (name, str(shape) if action.nargs != 0 else "")))
        yield f"`{shown}`{f' {action.help}' if action.help else ''}"


async def written(text: str) -> str:
    """`text` with each table as the code has it."""
    tables = {"commands": await commands(), "queries": queries(), "settings": settings(), "verbs": verbs()}
    for name, made in tables.items():
        before, begin, rest = text.partition(f"<!-- {name}: written by make docs -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise ValueError(f"The README has no place for the table {name!r}.")
        text = f"{before}{begin}{made}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(asyncio.run(written(README.read_text(encoding="utf-8"))), encoding="utf-8")
