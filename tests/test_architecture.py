"""Who may import whom, and where the outside world comes in: read from the code itself."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("bot", "storage", "cogs")
    for path in sorted((ROOT / package).rglob("*.py"))
}
"""Module -> file."""

NOUNS = ("bot.models", "bot.errors", "bot.identifiers", "bot.addresses")
MAY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NOUNS, ()),
    "bot": (),
    "bot.config": NOUNS,
    "bot.fetch": (*NOUNS, "bot.fetch"),
    "bot.feeds": (*NOUNS, "bot.feeds"),
    "bot.formats": (*NOUNS, "bot.formats"),
    "bot.papers": (*NOUNS, "bot.papers"),
    "bot.digest": (*NOUNS, "bot.papers", "bot.digest"),
    "bot.report": (*NOUNS, "bot.papers", "bot.digest"),
    "bot.pipeline": (
        *(*NOUNS, "bot.feeds", "bot.formats", "bot.papers", "bot.digest", "bot.pipeline"),
        "storage",
    ),
    "bot.schedule": NOUNS,
    "bot.sample": (),
    # The composition roots.
    "bot.demo": (*NOUNS, "bot.config", "bot.digest", "bot.papers", "bot.pipeline", "bot.report", "storage"),
    "bot.__main__": ("bot", "storage", "cogs"),
    "storage": ("bot.models", "bot.errors", "storage"),
    "storage.migrations": (),
    "cogs": (*NOUNS, "bot.papers", "bot.digest", "bot.pipeline", "storage", "cogs"),
    "cogs._demo": ("bot", "storage", "cogs"),
}
"""Module or package -> what it may import of ours; the longest name counts."""

HOMES: dict[str, tuple[str, ...]] = {
    "discord": ("cogs",),
    "sqlite3": ("storage",),
    "aiosqlite": ("storage",),
    "feedparser": ("bot.feeds",),
    "aiohttp": (
        "bot.fetch.fetcher",
        "bot.fetch.connection",
        "bot.fetch.answer",
        "bot.fetch.completions",
        "bot.fetch.words",
        # The cogs need the errors that discord.py lets through.
        "cogs._client",
        "cogs._publish",
        "cogs._demo",
    ),
    "apscheduler": ("bot.schedule",),
    "pylatexenc": ("bot.papers.formula", "bot.papers.bibtex"),
    "numpy": ("bot.papers.ranking", "bot.papers.meaning", "bot.papers.fusion"),
    "model2vec": ("bot.papers.meaning",),
    "huggingface_hub": ("bot.papers.meaning",),
    "simcord": ("cogs._demo",),
    "os": ("bot.__main__",),
}
"""Library -> who may import it; no other library from outside is used."""

OPTIONAL = {"model2vec", "huggingface_hub"}
"""Of an extra: whoever does without it has neither, so they are imported inside a function."""

WORLD = {
    ("os", "environ"),
    ("os", "getenv"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("utils", "utcnow"),
}
"""The environment and the clock: read by the command line only, which passes them on."""

_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|PRAGMA) \S")

DULL = {"utils", "util", "helpers", "helper", "manager", "service", "services", "base", "common", "misc", "core"}


def inside(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def imported(source: ast.Module) -> Iterator[tuple[str, bool]]:
    """(module, whether at the top of the file); `from bot import x` is bot.x where that is a module."""
    top = set(map(id, source.body))
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their package"
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in FILES else str(node.module), id(node) in top


def faults(module: str, source: ast.Module) -> list[str]:
    """Every breach of the rules in one module."""
    found = [fault for name, top in imported(source) for fault in import_faults(module, name, at_top=top)]
    for node in ast.walk(source):
        if isinstance(node, ast.Attribute) and module != "bot.__main__":
            owner = node.value
            last = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if (last, node.attr) in WORLD:
                found.append(f"{module}, line {node.lineno}: {last}.{node.attr}")
        elif isinstance(node, ast.Constant) and not inside(module, ("storage",)) and _SQL.match(str(node.value)):
            found.append(f"{module}, line {node.lineno}: SQL outside of storage")
    return found


def import_faults(module: str, name: str, *, at_top: bool) -> Iterator[str]:
    library = name.partition(".")[0]
    if library in ("bot", "storage", "cogs"):
        rule = max((rule for rule in MAY if inside(module, (rule,))), key=len)
        if name != "bot" and not inside(name, MAY[rule]):  # "bot" alone: its version
            yield f"{module} imports {name}"
        if module == "bot.__main__" and at_top and inside(name, ("cogs", "bot.schedule", "bot.demo")):
            yield f"{module} imports {name} before a command needs it"
    elif library in HOMES:
        if at_top and library in OPTIONAL:
            yield f"{module} imports {name}, which may be missing, before it is needed"
        if not inside(module, HOMES[library]):
            yield f"{module} imports {name}, which is at home in {HOMES[library]}"
    elif library not in sys.stdlib_module_names:
        yield f"{module} imports {name}, which is no dependency"


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 30
    assert {"bot.__main__", "bot.pipeline.deliver", "storage.database", "cogs._client"} <= set(FILES)
    assert {rule for rule in MAY if not any(inside(module, (rule,)) for module in FILES)} <= {"cogs._demo"}


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_it_may(module: str) -> None:
    assert faults(module, tree(module)) == []


@pytest.mark.parametrize("module", FILES)
def test_a_module_says_what_it_owns(module: str) -> None:
    assert ast.get_docstring(tree(module))


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [module for module in FILES if DULL & set(module.split("."))] == []


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("bot.papers.query", "from storage import papers"),
        ("bot.papers.query", "from bot.digest.post import facts"),
        ("bot.feeds.rss", "import bot.fetch"),
        ("bot.fetch.guard", "import aiohttp"),
        ("storage.papers", "from bot.papers import identity"),
        ("storage.migrations", "from storage.database import Database"),
        ("bot.pipeline.ask", "def f():\n    from cogs import _client"),
        ("cogs.search", "from bot.feeds import arxiv"),
        ("cogs.search", "import sqlite3"),
        ("cogs.search", "import aiohttp"),
        ("bot.digest.post", "from discord import ui"),
        ("bot.__main__", "from cogs._client import Connection"),
        ("bot.report", "import requests"),
        ("bot.pipeline.meaning", "def f():\n    import model2vec"),
        ("bot.papers.meaning", "import model2vec"),
        ("bot.schedule", "from datetime import datetime\ndatetime.now()"),
        ("cogs.digest", "import discord\nx = discord.utils.utcnow()"),
        ("bot.config", "import os"),
        ("bot.pipeline.ask", "x = 'SELECT * FROM papers'"),
    ],
)
def test_a_breach_is_found(module: str, code: str) -> None:
    assert module in FILES
    assert len(faults(module, ast.parse(code))) == 1
