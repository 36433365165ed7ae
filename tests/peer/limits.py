"""Discord's rate limits, and the count of who ran into them."""

from __future__ import annotations

import time
from collections import Counter, deque

from aiohttp import web

from tests.peer.faults import limits
from tests.peer.shapes import Json

PER_ROUTE, ROUTE_SECONDS = 5, 5.0
PER_SECOND = 50


class Limits:
    """5 requests in 5 seconds of one route in one channel, and 50 a second of everything."""

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self.counts: Counter[str] = Counter()
        """requests; invalid (401, 403 and 429: Discord bans who has 10,000 in 10 minutes); 429 route, 429 global,
        429 scripted."""
        self._windows: dict[str, tuple[float, int]] = {}
        """Route and channel -> (its end, requests in it)."""
        self._recent: deque[float] = deque()
        self._seconds: Counter[int] = Counter()

    def came(self) -> None:
        self.counts["requests"] += 1
        self._seconds[int(time.monotonic())] += 1

    def refusal(self, key: str) -> web.Response | None:
        """The 429 that this request gets, if one."""
        if not self.enforced:
            return None
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= PER_SECOND:
            self.counts["429 global"] += 1
            return limits(round(1 - (now - self._recent[0]), 3), everywhere=True)
        end, used = self._windows.get(key, (0.0, 0))
        if now >= end:
            end, used = now + ROUTE_SECONDS, 0
        if used >= PER_ROUTE:
            self.counts["429 route"] += 1
            response = limits(round(end - now, 3), everywhere=False)
            self._head(response, key, end - now, 0)
            return response
        self._recent.append(now)
        self._windows[key] = (end, used + 1)
        return None

    def sign(self, response: web.Response, key: str) -> None:
        """The headers by which a client keeps within the limits."""
        if self.enforced and key in self._windows:
            end, used = self._windows[key]
            self._head(response, key, max(0.0, end - time.monotonic()), PER_ROUTE - used)

    def answered(self, status: int) -> None:
        self.counts[f"status {status}"] += 1
        if status in {401, 403, 429}:
            self.counts["invalid"] += 1

    def stats(self) -> Json:
        return {**self.counts, "busiest second": max(self._seconds.values(), default=0)}

    def _head(self, response: web.Response, key: str, left: float, remaining: int) -> None:
        response.headers.update(
            {
                "X-RateLimit-Limit": str(PER_ROUTE),
                "X-RateLimit-Remaining": str(remaining),
                "X-RateLimit-Reset": f"{time.time() + left:.3f}",
                "X-RateLimit-Reset-After": f"{left:.3f}",
                "X-RateLimit-Bucket": key.partition(":")[0],
            }
        )
