"""Every noun comes back as it went, and what has no shape is found at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import pytest

from bot.formats.shapes import as_json, from_json
from bot.models import Button, Channel, ChannelId, GuildId, Line, Paper, PaperId, Post, Row, Schedule, Select, Text

NOUNS = (
    Post(
        (
            Text("**∑** 🙂\n"),
            Text("beside", Button(label="a", custom_id="c")),
            Line(),
            Row((Button(label="a", url="https://a.example"), Button(label="b", custom_id="b", primary=True))),
            Select("c", "choose", (("one", "One"), ("two", "Two"))),
        )
    ),
    Paper(
        id=PaperId(7),
        title="A",
        url="https://a.example",
        authors=("Ada", "Bo"),
        votes=0,
        published_at=datetime(1, 1, 1, tzinfo=UTC),
        listed_on=date(9999, 12, 31),
    ),
    Channel(
        id=ChannelId(2**62 + 1),
        guild_id=GuildId(1),
        schedule=Schedule(post_at=time(9, 5), zone="UTC", days=frozenset({6, 0})),
        next_due=None,
        paused="by hand",
        created_at=datetime(2026, 3, 31, 13, 0, 1, tzinfo=UTC),
    ),
)


@pytest.mark.parametrize("noun", NOUNS)
def test_what_goes_comes_back(noun: object) -> None:
    assert from_json(type(noun), json.loads(json.dumps(as_json(noun)))) == noun


def test_times_and_long_ids_are_written_for_people_and_for_jq() -> None:
    told = as_json(NOUNS[2])
    assert (told["id"], told["created_at"]) == (str(2**62 + 1), "2026-03-31T13:00:01Z")
    assert told["schedule"] == {"post_at": "09:05", "zone": "UTC", "days": [0, 6], "size": 8, "late_risers": True}


@dataclass(frozen=True)
class Odd:
    value: bytes


def test_a_kind_of_value_without_a_shape_is_a_bug_that_shows() -> None:
    with pytest.raises(TypeError, match="bytes"):
        as_json(Odd(b""))
