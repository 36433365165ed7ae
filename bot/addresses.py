"""Web addresses fit to be shown, stored and compared. Pure; imports nothing of ours."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_TRACKING = re.compile(r"(?:rss=[^&]*|utm_[a-z]+=[^&]*|source=rss[^&]*)", re.IGNORECASE)
_SECRET = re.compile(
    r"([?&;](?:[^=&#;]*[_.-])?(?:(?:api|access|auth)?(?:key|token)|secret|password|passwd|pwd)=)[^&#]*",
    re.IGNORECASE,
)


def shown(url: str) -> str:
    """An address fit for logs and people: without user info, and without the values of keys and tokens."""
    text = "".join(character for character in url if character.isprintable() and not character.isspace())
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _SECRET.sub(r"\1…", text)
    end = re.search(r"[/?#\\]|$", rest)
    at = end.start() if end else len(rest)
    host = rest[:at].rpartition("@")[2]
    if not re.fullmatch(r"(?:\[[^\[\]]*\]|[^:@]*)(?::\d*)?", host):
        # A password with a slash in it: where it ends is a guess, so nothing of it is shown.
        return f"{scheme}://…"
    return _SECRET.sub(r"\1…", f"{scheme}://{host}{rest[at:]}")


def without_tracking(url: str) -> str:
    """The address without what only says how it was reached."""
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part and not _TRACKING.fullmatch(part)]
    return parts._replace(query="&".join(kept)).geturl()


def normal(url: str) -> str:
    """One spelling for one address: scheme and host in lower case, without usual port, fragment and tracking.

    Raises ValueError for what is no address.
    """
    parts = urlsplit(without_tracking(url))
    host, port = parts.hostname or "", parts.port
    place = f"[{host}]" if ":" in host else host.rstrip(".")
    user, at, _ = parts.netloc.rpartition("@")
    if port and port != {"http": 80, "https": 443}.get(parts.scheme):
        place += f":{port}"
    return parts._replace(netloc=f"{user}{at}{place}", path=parts.path or "/", fragment="").geturl()
