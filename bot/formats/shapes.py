"""Records as JSON and back: a dataclass's own annotations are the shape, both ways.

Owns: how each kind of value is written ("2026-03-31T13:00:00Z", Discord's ids in quotes) and what is refused
when it comes back edited, with the place in words. Refuses: files, and what the values mean. Pure.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.errors import UserError
from bot.models import ChannelId, GuildId, MessageId, UserId

Kind = TypeVar("Kind")
_Coder = Callable[[Any], Any]
_Coders = tuple[_Coder, _Coder]
"""(a value as JSON has it, what JSON has as a value)."""

HIDDEN = {"moves": False}
"""The metadata of a field that is not written, because others tell it already."""

_IN_QUOTES = (ChannelId, GuildId, MessageId, UserId)
"""Discord's ids are longer than the numbers that jq and JavaScript keep exact."""
_LARGEST = 2**53
# What no reader sees and a terminal may obey, but tabs and line ends; and halves of surrogate pairs, which JSON
# can carry and no database can store.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def as_json(record: Any) -> dict[str, Any]:
    """A dataclass as what `json.dumps` takes; `from_json` gives an equal one back."""
    kind: Any = type(record)
    shape: dict[str, Any] = _coders(kind)[0](record)
    return shape


def from_json(kind: type[Kind], value: object) -> Kind:
    """Raises UserError with the field and what is wrong with it. null is the same as a field left out."""
    wanted: Any = kind
    record: Kind = _coders(wanted)[1](value)
    return record


def visible(text: str) -> str:
    """The text without control characters."""
    return _CONTROLS.sub("", text)


@cache
def _coders(kind: Any) -> _Coders:
    if kind in _IN_QUOTES:
        return str, _discord_id
    if isinstance(kind, NewType):
        return _coders(kind.__supertype__)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if dataclasses.is_dataclass(kind):
        return _fields(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        if inner[1:] == (type(None),):
            return _optional(inner[0])
        return _one_of(inner) if all(map(dataclasses.is_dataclass, inner)) else _text_or_texts
    if origin is tuple and inner[1:] == (...,):
        return _many(inner[0], list, tuple)
    if origin is tuple:
        return list, _row(inner)
    if origin is frozenset:
        return _many(inner[0], sorted, frozenset)
    if origin is Mapping:
        return _by_name(inner[1])
    if origin is Literal:
        return _same, _choice(inner)
    if issubclass(kind, StrEnum):
        return str, _choice(tuple(kind))
    raise TypeError(f"{kind} has no shape yet")


# --- what is made of others -------------------------------------------------------------------------


def _fields(kind: Any) -> _Coders:
    hints = get_type_hints(kind)
    told = [field for field in dataclasses.fields(kind) if field.metadata != HIDDEN]
    outs = [(field.name, _coders(hints[field.name])[0]) for field in told]
    ins = {field.name: _coders(hints[field.name])[1] for field in told}
    bare = [field.name for field in told if field.default is field.default_factory is dataclasses.MISSING]
    empty = {name: None for name in bare if type(None) in get_args(hints[name])}
    required = [name for name in bare if name not in empty]

    def out(record: Any) -> dict[str, Any]:
        return {name: coder(getattr(record, name)) for name, coder in outs}

    def back(value: Any) -> Any:
        found = dict(empty)
        for name, given in _object(value).items():
            if name not in ins:
                raise UserError(f"there is no field “{visible(name)[:40]}”: take it out, or check its spelling")
            if given is not None:
                found[name] = _at(name, ins[name], given)
        for name in required:
            if name not in found:
                raise UserError(f"{name} is missing")
        return kind(**found)

    return out, back


def _at(place: str, coder: _Coder, value: Any) -> Any:
    try:
        return coder(value)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def _optional(kind: Any) -> _Coders:
    out, back = _coders(kind)
    return (lambda value: None if value is None else out(value)), back


def _many(kind: Any, gathered: _Coder, kept: _Coder) -> _Coders:
    out, back = _coders(kind)

    def each(value: Any) -> Any:
        return kept([_at(f"item {number}", back, item) for number, item in enumerate(_list(value), start=1)])

    return (lambda values: gathered([out(value) for value in values])), each


def _by_name(kind: Any) -> _Coders:
    out, back = _coders(kind)

    def each(value: Any) -> Any:
        return {name: _at(visible(name)[:40], back, item) for name, item in _object(value).items()}

    return (lambda values: {name: out(item) for name, item in values.items()}), each


def _row(kinds: tuple[Any, ...]) -> _Coder:
    def back(value: Any) -> Any:
        if len(_list(value)) != len(kinds):
            raise UserError(f"this has {len(value)} items, and should have {len(kinds)}")
        return tuple(_coders(kind)[1](item) for kind, item in zip(kinds, value, strict=True))

    return back


def _one_of(kinds: tuple[Any, ...]) -> _Coders:
    """Dataclasses that tell themselves apart by their field `kind`."""
    by_name = {get_args(get_type_hints(kind)["kind"])[0]: kind for kind in kinds}

    def back(value: Any) -> Any:
        name = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in by_name:
            raise UserError(f"its kind is none of {', '.join(by_name)}")
        return from_json(by_name[name], value)

    return as_json, back


def _text_or_list(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_at(f"item {number}", _text, item) for number, item in enumerate(value, start=1))
    return _text(value)


_text_or_texts: _Coders = (lambda value: value if isinstance(value, str) else list(value)), _text_or_list
"""str | tuple[str, ...], the one union of plain values that there is."""


def _choice(choices: tuple[Any, ...]) -> _Coder:
    def back(value: Any) -> Any:
        for choice in choices:
            if value == choice:
                return choice
        raise UserError(f"this is {_named(value)}, and should be one of {', '.join(choices)}")

    return back


# --- plain values -----------------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UserError(f"this is {_named(value)}, and should be a text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UserError(f"this is {_named(value)}, and should be a list")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"this is {_named(value)}, and should be an object: {{…}}")
    return value


def _number(value: Any) -> int:
    # pandas writes 12 as 12.0 where another row has none.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if type(number) is not int or not 0 <= number < _LARGEST:
        raise UserError(f"this is {_named(value)}, and should be a whole number from 0 on")
    return number


def _discord_id(value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,18}", value) or int(value) >= 2**63:
        raise UserError(f"this is {_named(value)}, and should be an id of Discord's, in quotes")
    return int(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"this is {_named(value)}, and should be true or false")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(f"{_named(value)} is no time: write 2026-03-31T13:00:00Z") from None


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise UserError(f"{_named(value)} is no day: write 2026-03-31") from None


def _time_of_day(value: Any) -> time:
    if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", _text(value)):
        raise UserError(f"{_named(value)} is no time of day: write 13:00")
    return time.fromisoformat(value)


def _named(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"“{visible(value)[:40]}”"
        case int() | float():
            return f"the number {str(value)[:20]}"
        case list():
            return "a list"
    return "an object"


_PLAIN: dict[Any, _Coders] = {
    str: (_same, _text),
    int: (_same, _number),
    bool: (_same, _yes_or_no),
    # Every datetime of ours is in UTC.
    datetime: (lambda value: f"{value.isoformat('T', 'seconds').removesuffix('+00:00')}Z", _moment),
    date: (date.isoformat, _day),
    time: (lambda value: value.isoformat("minutes"), _time_of_day),
}
