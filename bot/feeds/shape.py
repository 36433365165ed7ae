"""The shape of a list: which fields its items carry, and what to say where none of them can be read.

Owns: counting, and the words. Which fields tell a source's shape is the source's own module's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bot.errors import FeedError

Item = TypeVar("Item")


def tally(items: Sequence[Item], fields: Mapping[str, Callable[[Item], object]]) -> dict[str, int]:
    """How many items carry each field: one for which its test says yes."""
    return {name: sum(map(bool, map(carries, items))) for name, carries in fields.items()}


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def nothing_read(count: int, missing: str, so: str = "the source changed its shape") -> FeedError:
    """That not one of `count` items could be read, because each lacks `missing`."""
    who = "the only entry has no" if count == 1 else f"none of the {count:,} entries has"
    return FeedError("", f"{who} {missing}: {so}")
