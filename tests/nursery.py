"""Real processes of the bot at a tenth of their price: each is the fork of one that has imported everything.

`python -m tests.nursery FD` listens at a socket. A connection brings two files for what the process says, and a
line of JSON that tells what it is; it is answered with the process's number, then with its exit code. What cannot
be forked (the imports themselves, the settings of the interpreter) needs `tests.test_cli.fresh`.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]

BOT, LAUNCH = "bot.__main__", "tests.peer.launch"
"""What a process can be: a module with a `main`."""


class Forked:
    """A started process; the same words as asyncio's."""

    def __init__(self, pid: int, answers: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._answers, self._connection = answers, connection
        self.ending = asyncio.create_task(self._end())
        """The exit code to come."""

    async def _end(self) -> int:
        try:
            return int(await self._answers.readline())
        finally:
            self._connection.close()

    @property
    def returncode(self) -> int | None:
        return self.ending.result() if self.ending.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self.ending)

    def send_signal(self, number: int) -> None:
        if not self.ending.done():
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Starts as many at a time as are asked for. What is still alive when it is closed is killed."""

    def __init__(self, *, measured: bool = True) -> None:
        """Without being `measured`, no process costs or yields any coverage."""
        from tests.test_cli import environment

        surroundings = environment(ROOT)
        if not measured:
            surroundings = {
                name: value for name, value in surroundings.items() if not name.startswith("COVERAGE_")
            }
        self._folder = tempfile.mkdtemp(prefix="paperboy-")  # a socket's path must be short
        self._door = str(Path(self._folder) / "door")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(self._door)
            door.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(door.fileno())],
                cwd=ROOT,
                env=surroundings,
                stdin=subprocess.PIPE,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    async def start(
        self,
        module: str,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str],
        out: IO[bytes],
        err: IO[bytes],
    ) -> Forked:
        """`python -m MODULE ARGUMENTS` in `folder`, once the nursery is ready."""
        asked = {"module": module, "arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._door)
        socket.send_fds(connection, [b"\n"], [out.fileno(), err.fileno()])
        answers, writer = await asyncio.open_unix_connection(sock=connection)
        writer.write(json.dumps(asked).encode() + b"\n")
        return Forked(int(await answers.readline()), answers, writer)

    def close(self) -> None:
        self._process.communicate(b"")
        shutil.rmtree(self._folder)


@functools.cache
def shared() -> Nursery:
    """The one of all tests of this process; `tests.conftest` closes it."""
    return Nursery()


def close_shared() -> None:
    if shared.cache_info().currsize:
        shared().close()
        shared.cache_clear()


# --- the process that forks -------------------------------------------------------------------------


def main(door: socket.socket) -> None:
    import_everything()
    gc.collect()
    gc.freeze()
    with door:
        asked = serve(door)
    if asked:
        end(be(**asked))


def import_everything() -> None:
    """What a start would import, also late."""
    for name in ("encodings.idna", "sqlite3", "bot.demo", "bot.schedule", BOT, LAUNCH):
        importlib.import_module(name)
    from cogs._client import COGS

    for name in COGS:
        importlib.import_module(name)


def serve(door: socket.socket) -> dict[str, Any] | None:
    """Fork for each connection. Returns what is asked in each child, and None here once standard input ends."""
    children: dict[int, socket.socket] = {}
    bell, ringing = os.pipe()
    os.set_blocking(ringing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ringing)
    while True:
        ready, _, _ = select.select([door, bell, sys.stdin], [], [])
        if bell in ready:
            os.read(bell, 4096)
            _tell_ends(children)
        if sys.stdin in ready:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            return None
        if door not in ready:
            continue
        connection = door.accept()[0]
        files = socket.recv_fds(connection, 1, 2)[1]
        with connection.makefile() as lines:
            asked: dict[str, Any] = json.loads(lines.readline())
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (door, connection, *children.values()):
                inherited.close()
            os.close(bell)
            os.close(ringing)
            return {**asked, "files": files}
        for file in files:
            os.close(file)
        children[pid] = connection
        connection.sendall(b"%d\n" % pid)


def _tell_ends(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with children.pop(pid) as connection, suppress(OSError):  # who asked may be gone
            connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def be(
    *, module: str, arguments: Sequence[str], folder: str, environment: Mapping[str, str], files: Sequence[int]
) -> int:
    """The exit code."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, *files)):
        os.dup2(source, target)
        os.close(source)
    try:
        return int(importlib.import_module(module).main(arguments))
    except SystemExit as ended:  # argparse
        return int(ended.code or 0)


def end(code: int) -> NoReturn:
    """As an interpreter ends, but for taking the modules apart: that would copy all memory of the nursery."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # what nobody closed says so
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
