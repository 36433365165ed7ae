"""What a benchmark reads off its own process: memory, and how late the event loop is."""

from __future__ import annotations

import asyncio
import re
import resource
import time
from pathlib import Path


def memory() -> float:
    """The most that this process ever held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what the system calls the most counts the process that started this one, too
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        assert found
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def lag(found: list[float]) -> None:
    """Seconds by which a short sleep is late, again and again: how long a command waits for the event loop."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.005)
        found.append(time.perf_counter() - start - 0.005)


def percentile(found: list[float], part: float) -> float:
    return sorted(found)[int((len(found) - 1) * part)]
