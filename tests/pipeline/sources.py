"""The outside world as real servers on this machine: Hugging Face, arXiv and a blog, in their real shapes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from aiohttp import web

from bot import config
from bot.models import Feed
from tests.feeds.test_arxiv import item, rss

USER, PASSWORD, KEY = "us3r-name", "pa55-phrase", "k3y-value"
"""What the blog's address carries and nothing may repeat."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class World:
    """What the sources list, what they were asked, and how they fail."""

    def __init__(self) -> None:
        self.days: dict[date, list[Any]] = {}
        """Hugging Face's lists."""
        self.arxiv: list[str] = []
        """Items of arXiv's RSS."""
        self.submitted: list[tuple[int, datetime, tuple[str, ...]]] = []
        """(number, when, categories) of what arXiv's API knows, oldest first."""
        self.posts: list[tuple[str, str]] = []
        """(title, path) of the blog's entries."""
        self.asked: list[web.Request] = []
        self.faults: dict[str, Answer] = {}
        """Path -> what answers in its place."""
        self.base = ""

    def feeds(self) -> tuple[Feed, ...]:
        """The three sources, as an operator sets them."""
        blog = self.base.replace("://", f"://{USER}:{PASSWORD}@")
        return config.load(
            {
                "PAPERBOY_SOURCES": f"huggingface arxiv:cs.CL+cs.LG rss:{blog}/feed.xml?api_key={KEY}",
                "PAPERBOY_HUGGINGFACE_URL": self.base,
                "PAPERBOY_ARXIV_URL": self.base,
                "PAPERBOY_ARXIV_API_URL": self.base,
            }
        ).feeds

    def paths(self) -> list[str]:
        """What was asked since the last call, without the host."""
        found = [request.path_qs for request in self.asked]
        self.asked.clear()
        return found

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if fault := self.faults.get(request.path):
            return await fault(request)
        match request.path:
            case "/api/daily_papers":
                return self._hugging_face(request)
            case path if path.startswith(("/rss/", "/atom/")):
                return unless_known(request, rss(path.rpartition("/")[2].split("+"), *self.arxiv))
            case "/api/query":
                return self._api(request)
            case "/feed.xml":
                return self._blog(request)
        return web.Response(status=404, text="nothing here")

    def _hugging_face(self, request: web.Request) -> web.Response:
        day = date.fromisoformat(request.query["date"])
        limit, page = int(request.query.get("limit", 50)), int(request.query.get("p", 0))
        listed = self.days.get(day, [])
        response = unless_known(request, json.dumps(listed[page * limit : (page + 1) * limit]).encode())
        if (page + 1) * limit < len(listed):
            following = request.rel_url.update_query(p=page + 1)
            response.headers["Link"] = f'<{self.base}{following}>; rel="next"'
        return response

    def _api(self, request: web.Request) -> web.Response:
        question = request.query["search_query"]
        categories = set(re.findall(r"cat:([\w.-]+)", question))
        start, end = (
            datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)
            for text in re.findall(r"submittedDate:\[(\d{12}) TO (\d{12})\]", question)[0]
        )
        found = [
            paper for paper in self.submitted if start <= paper[1] <= end and categories.intersection(paper[2])
        ]
        first, most = int(request.query["start"]), int(request.query["max_results"])
        return web.Response(body=api(found[first : first + most], len(found)))

    def _blog(self, request: web.Request) -> web.Response:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}" or request.query.get("api_key") != KEY:
            return web.Response(status=401)
        entries = "".join(
            f"<item><title>{escape(title)}</title><link>https://blog.example{path}</link>"
            "<pubDate>Tue, 31 Mar 2026 08:00:00 GMT</pubDate></item>"
            for title, path in self.posts
        )
        return unless_known(
            request,
            "<rss version='2.0'><channel><title>Blog</title><link>https://blog.example</link>"
            f"{entries}</channel></rss>".encode(),
        )


def unless_known(request: web.Request, body: bytes) -> web.Response:
    """The body, or 304 to one who has it."""
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(body=body, headers={"ETag": tag})


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[World]:
    app = web.Application()
    app.router.add_get("/{path:.*}", world.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield world
    finally:
        await runner.cleanup()


def listed(number: int, day: date, *, votes: int = 1, title: str = "", **fields: Any) -> dict[str, Any]:
    """One item of a Hugging Face day."""
    name = f"2603.{number:05}"
    return {
        "paper": {
            "id": name,
            "authors": [{"_id": "1", "name": f"Author {number}", "hidden": False}],
            "publishedAt": f"{day}T00:00:00.000Z",
            "submittedOnDailyAt": f"{day}T00:00:00.000Z",
            "title": title or f"Paper Number {number}",
            "summary": f"We study number {number}.",
            "upvotes": votes,
            **fields,
        },
        "publishedAt": f"{day}T20:00:00.000Z",
        "title": title or f"Paper Number {number}",
        "summary": f"We study number {number}.",
        "numComments": 0,
        "isAuthorParticipating": False,
    }


def announcement(
    number: int,
    title: str = "",
    *,
    day: date = date(2026, 3, 31),
    categories: tuple[str, ...] = ("cs.CL",),
    kind: str = "new",
) -> str:
    """One item of arXiv's RSS."""
    midnight = datetime.combine(day, time(), ZoneInfo("America/New_York"))
    return item(
        f"2603.{number:05}",
        title=title or f"Paper Number {number}",
        date_line=format_datetime(midnight),
        categories=categories,
        kind=kind,
    )


def api(papers: Iterable[tuple[int, datetime, tuple[str, ...]]], total: int) -> bytes:
    """An answer of arXiv's API."""
    entries = "".join(
        f"""<entry><id>http://arxiv.org/abs/2603.{number:05}v1</id><title>Paper Number {number}</title>
        <updated>{at:%Y-%m-%dT%H:%M:%SZ}</updated><summary>We study number {number}.</summary>
        {"".join(f'<category term="{name}" scheme="http://arxiv.org/schemas/atom"/>' for name in categories)}
        <published>{at:%Y-%m-%dT%H:%M:%SZ}</published>
        <arxiv:primary_category term="{categories[0]}"/><author><name>Author {number}</name></author>
        <link href="https://arxiv.org/abs/2603.{number:05}v1" rel="alternate" type="text/html"/></entry>"""
        for number, at, categories in papers
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
        <feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"
        xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
        <id>https://arxiv.org/api/x</id><title>arXiv Query</title><updated>2026-03-31T00:00:00Z</updated>
        <opensearch:totalResults>{total}</opensearch:totalResults>{entries}</feed>""".encode()


# --- faults ---------------------------------------------------------------------------------------


def says(body: str | bytes, *, status: int = 200, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        content = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=content, status=status, headers=named)

    return answer


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(b'[{"paper": {"id": "2603.00001", "title": "Half')
    if request.transport:
        request.transport.close()
    return response
