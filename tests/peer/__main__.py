"""The peer as a process of its own: `python -m tests.peer --channels 1000 --latency 0.08 0.16`.

Prints one line of JSON with its addresses, then serves until it is ended. `GET <control>/stats` counts what came;
`POST <control>/faults` takes the fields of one `Fault` as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
from datetime import UTC, datetime

from tests.peer.rest import Peer, serving


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--latency", type=float, nargs=2, default=(0.0, 0.0), metavar=("LEAST", "MOST"))
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    parser.add_argument("--at", type=datetime.fromisoformat, help="what its clock shows at the start")
    options = parser.parse_args()
    peer = Peer(channels=options.channels, latency=tuple(options.latency), limited=not options.unlimited)
    if options.at:
        ahead = options.at.astimezone(UTC) - datetime.now(UTC)
        peer.clock = lambda: datetime.now(UTC) + ahead
    gc.disable()  # a halt of ours would look like a burst of theirs
    async with serving(peer):
        print(json.dumps({"rest": peer.rest, "gateway": peer.gateway.url, "control": peer.control}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
