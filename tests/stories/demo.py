"""The demo as it is started by hand: a process, and the address that it prints."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START = 120.0
"""Seconds that a start may take on a machine that does much else."""
END = 60.0
"""Seconds that an end may take."""


@dataclass(slots=True, kw_only=True)
class Demo:
    """`printed` is what stood on the terminal once the page was there."""

    address: str
    printed: str
    process: asyncio.subprocess.Process

    async def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        async with asyncio.timeout(END):
            return await self.process.wait()


@asynccontextmanager
async def running(folder: Path, *command: str) -> AsyncIterator[Demo]:
    """`python -m` this command, `bot demo` if nothing is said, in `folder`; at last ended by Ctrl-C. It must end
    well, and may warn (of what a story breaks) but not fail."""
    log = folder / "log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *(command or ("bot", "demo")),
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        async with asyncio.timeout(START):
            printed = await _printed(process, log)
        address = re.search(r"http://\S+", printed)
        assert address, printed
        yield Demo(address=address[0], printed=printed, process=process)
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(END):
            code = await process.wait()
        assert code == 0, f"it ended with {code}: {log.read_text()}"
        for trouble in ("Traceback", " ERROR "):
            assert trouble not in log.read_text(), log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _printed(process: asyncio.subprocess.Process, log: Path) -> str:
    """The address and what to try, down to the line on the people."""
    assert process.stdout is not None
    printed = ""
    while "Ada" not in printed:
        line = await process.stdout.readline()
        assert line, f"it ended: {printed}, see {log}"
        printed += line.decode()
    return printed
