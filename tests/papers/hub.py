"""A model hub on this machine: as much of Hugging Face's API as a download asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "c" * 40


@contextmanager
def serving(name: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """(its address, what it was asked for so far) of a hub with the model `name`, whose files are in `folder`."""
    asked: list[str] = []
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            found: bytes | None = None
            if path.startswith(f"/api/models/{name}/tree/"):
                tree = [
                    {"type": "file", "path": file, "size": len(text), "oid": hashlib.sha1(text).hexdigest()}
                    for file, text in files.items()
                ]
                found = json.dumps(tree).encode()
            elif path.startswith(f"/api/models/{name}"):
                siblings = [{"rfilename": file} for file in files]
                found = json.dumps({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings}).encode()
            elif path.startswith(f"/{name}/resolve/"):
                found = files.get(path.rpartition("/")[2])
            self.send_response(404 if found is None else 200)
            self.send_header("ETag", f'"{hashlib.sha1(found or b"").hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            if body:
                self.wfile.write(found or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
