"""One digest per local due day through every clock change, whatever users and the host do: weeks in many zones."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.pipeline.calendar import (
    DAY,
    EPOCH,
    FIRST,
    HISTORY,
    HOUR,
    NASTY,
    RUNS,
    ZONES,
    Outcome,
    Trouble,
    Wall,
    history,
    minute,
    simulate,
    windows,
)

SEED = 1

pytestmark = pytest.mark.no_cover  # the same lines a hundred thousand times: measuring only doubles the cost


@pytest.mark.parametrize("trouble", RUNS, ids=Trouble.told)
async def test_each_local_due_day_has_one_digest(tmp_path: Path, trouble: Trouble) -> None:
    outcome = Outcome()
    # The long run on the command line has all zones and all days with every trouble.
    calm = trouble == Trouble()
    zones = ZONES if calm else random.Random(str(trouble)).sample(ZONES, 12)
    for chosen in (windows(zones, 400, thorough=False, seed=SEED), *(history() if calm else ())):
        outcome.add(await simulate(tmp_path, chosen, trouble, seed=SEED))
    assert outcome.faults == []
    assert outcome.counts["channels"] >= len(zones)
    assert outcome.counts["posts"] > 5 * len(zones)


def test_the_oracle_sees_what_the_wall_clock_shows() -> None:
    """Read minute by minute by another eye, around every change of the clocks above."""
    first = minute(FIRST)
    places = [(zone, first, first + 400 * DAY) for zone in ZONES]
    places += [(zone, minute(at) - 5 * DAY, minute(at) + 5 * DAY) for zone, at in HISTORY]
    changes = 0
    for zone, begin, end in places:
        shown, place = Wall(zone, begin, end), ZoneInfo(zone)
        for change in shown.starts[1:]:
            changes += 1
            firsts: dict[tuple[int, int], int] = {}
            for at in range(change - 26 * HOUR, change + 26 * HOUR):
                local = datetime.fromtimestamp(at * 60, place)
                seen = local.toordinal() - EPOCH, local.hour * 60 + local.minute
                assert shown.shows(at) == seen
                firsts.setdefault(seen, at)
            day = shown.day(change)
            for clock in NASTY:
                for near in (day - 1, day):
                    if (near, clock) in firsts:
                        assert shown.first_showing(near, clock) == firsts[near, clock], (zone, near, clock)
    assert changes > 60
