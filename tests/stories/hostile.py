"""`python -m tests.stories.hostile`: the demo's page, where a source lists one paper as bad as a source can."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bot import demo
from bot.models import Fetched, Validators
from cogs._demo import page

BEGIN = "An agent that attacks"
"""By this it is found."""
PAPER = "2603.31337"
PIECES = (
    *(
        "<script>alert(1)</script>",
        "<img src=https://evil.example/a onerror=alert(1)>",
        "&lt;b&gt;",
        "\u202e\u2066txet\u2069",
    ),
    *(
        "@everyone",
        "<@1>",
        "<@&2>",
        "<#3>",
        "**b**",
        "`code`",
        "[here](https://evil.example/b)",
        "https://evil.example/c",
    ),
    *(
        "\n# h",
        "\n-# small",
        "\n> quote",
        "\n- list",
        "```js\nx\n```",
        "__u__",
        "~~s~~",
        "||spoiler||",
        "_i_",
        "*j*",
    ),
    *(
        "</help:4>",
        "<:blob:5>",
        "<t:0:R>",
        "<id:guide>",
        "@here",
        "](https://evil.example/d)",
        "<https://evil.example/e>",
    ),
    *("\u200f\u05e9\u05dc\u05d5\u05dd", "\u200b\u200d\ufeff", "a" + "\u0301" * 20, "\\*\\_", "🙂", "x" * 60),
)


def text(turn: int) -> str:
    """`BEGIN`, then all pieces from this one on: what is cut off of one text begins another."""
    return " ".join((BEGIN, *PIECES[turn:], *PIECES[:turn]))


def listed() -> dict[str, object]:
    """The paper as Hugging Face would list it, with bad text in every place."""
    title = text(0)[:300]
    return {
        "paper": {
            "id": PAPER,
            "authors": [{"name": f"Mallory {piece}", "hidden": False} for piece in PIECES],
            "publishedAt": "2026-03-30T15:37:25.000Z",
            "submittedOnDailyAt": "2026-03-31T01:21:47.983Z",
            "title": title,
            "summary": f"{text(8)}. We propose that {text(16)}.",
            "upvotes": 900,
            "projectPage": "javascript:alert(1)",
            "githubRepo": "https://evil.example/f) [x](https://evil.example/g",
            "ai_summary": text(24),
            "ai_keywords": list(PIECES),
            "organization": {"name": "evil", "fullname": text(12)},
        },
        "publishedAt": "2026-03-30T11:37:25.000Z",
        "title": title,
        "summary": text(8),
        "numComments": 1,
    }


async def fetch(url: str, validators: Validators) -> Fetched:
    """The sample on its last day, and that paper. Raises FeedError."""
    got = await demo.Sample(lambda: demo.NOW).fetch(url, validators)
    address = urlsplit(url)
    if address.path == "/api/daily_papers" and f"date={demo.NOW.date()}" in address.query:
        got = Fetched(url=url, body=json.dumps([listed(), *json.loads(got.body)]).encode())
    return got


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        await page.serve(
            Path(folder) / "demo.sqlite",
            print,
            show=str,
            stop=stop,
            port=0,
            now=demo.NOW,
            feeds=demo.SOURCES[:1],
            fetch=fetch,
            guarded=fetch,
        )


if __name__ == "__main__":
    asyncio.run(main())
