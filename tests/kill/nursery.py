"""Starts the real bot again and again, each time in a process of its own that has everything imported already.

`python -m tests.kill.nursery` reads a line of JSON for each start and answers with the process's number, then with
its exit code. It imports once and forks: a start costs a tenth of an interpreter's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from tests.test_cli import ROOT, environment


class Nursery:
    """One bot at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ending: asyncio.Task[int] | None = None
        self.pid = 0

    async def start(self, folder: Path, settings: Mapping[str, str], options: Sequence[str]) -> asyncio.Task[int]:
        """The exit code to come; what the bot says goes to `folder`/log."""
        assert self._process.stdin
        asked = {"folder": str(folder), "environment": environment(folder, **settings), "options": list(options)}
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.pid = await self._number()
        self._ending = asyncio.create_task(self._number())
        return self._ending

    def signal(self, number: signal.Signals) -> None:
        if self._ending and not self._ending.done():
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    async def _number(self) -> int:
        assert self._process.stdout
        return int(await self._process.stdout.readline())

    async def close(self) -> None:
        if self._ending:
            self.signal(signal.SIGKILL)
            await self._ending
        await self._process.communicate(b"")


@asynccontextmanager
async def nursing() -> AsyncIterator[Nursery]:
    # What is killed leaves no measurement, and measuring doubles its time.
    surroundings = {name: value for name, value in environment(ROOT).items() if not name.startswith("COVERAGE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.kill.nursery"),
        cwd=ROOT,
        env=surroundings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    nursery = Nursery(process)
    try:
        yield nursery
    finally:
        await nursery.close()


def main() -> None:
    importlib_all()
    gc.collect()
    gc.freeze()
    while line := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            be_the_bot(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def importlib_all() -> None:
    """What a start would import late."""
    import encodings.idna  # noqa: F401
    import sqlite3  # noqa: F401

    import tests.peer.launch
    from cogs._client import COGS

    assert tests.peer.launch
    for name in COGS:
        __import__(name)


def be_the_bot(asked: dict[str, Any]) -> NoReturn:
    from tests.peer import launch

    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    said = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, said), (2, said)):
        os.dup2(source, target)
    sys.exit(launch.main(asked["options"]))


if __name__ == "__main__":
    main()
