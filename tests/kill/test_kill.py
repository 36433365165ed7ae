"""Twenty runs of the real bot, killed thirteen times each; `make kill` plays two hundred."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.kill.__main__ import never, play, table


# It looks for what no other test reaches in time, not in code: measuring would only double its cost.
@pytest.mark.no_cover
@pytest.mark.skipif(sys.platform == "win32", reason="there is neither fork nor SIGKILL")
async def test_however_often_it_is_killed_nothing_is_lost_doubled_or_half_written(tmp_path: Path) -> None:
    tally = await play(range(1, 21), tmp_path)
    assert tally.faults == []
    assert never(tally) == [], table(tally)
    assert tally.kills.total() >= 200
    assert tally.digests >= 100
    assert tally.round_ups >= 20
