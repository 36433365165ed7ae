"""Settings: environment variables, read once, every fault told at once.

Owns: names, defaults and their meaning (the README's table is checked against SETTINGS). Refuses: reading
the environment (its caller does) and showing a secret.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bot.addresses import shown
from bot.errors import ConfigError
from bot.models import Feed, FeedKind

DEFAULT_SOURCES = "huggingface arxiv:cs.AI+cs.CL+cs.CV+cs.LG+stat.ML"

SETTINGS: Mapping[str, tuple[str, str]] = {
    "DISCORD_TOKEN": ("", "The bot's token. Needed by `run` only."),
    "PAPERBOY_DATABASE": (
        "paperboy.sqlite",
        "Path of the one file that Paperboy keeps (`/data/paperboy.sqlite` in the container).",
    ),
    "PAPERBOY_SOURCES": (
        DEFAULT_SOURCES,
        "What to read, separated by spaces: `huggingface`, `arxiv:cs.CL+cs.LG`, `rss:https://…` (any RSS or Atom "
        "feed, bioRxiv and medRxiv among them).",
    ),
    "PAPERBOY_POLL_MINUTES": ("60", "Minutes between two looks at a source, 10 to 1440."),
    "PAPERBOY_BACKFILL_DAYS": ("14", "Hugging Face days read at the first start, 0 to 365."),
    "PAPERBOY_FEEDS_PER_SERVER": (
        "10",
        "Feeds that the admins of a Discord server may add for it with `/feeds add`, 0 to 25; 0 switches that off "
        "and reads none.",
    ),
    "PAPERBOY_INBOXES": (
        "1000",
        "People who may have a digest of their own in direct messages, 0 to 100000; 0 switches that off and "
        "pauses those there are.",
    ),
    "PAPERBOY_GRACE_HOURS": (
        "6",
        "Hours after its due time in which a digest is still posted, late, 1 to 23. Later its papers fold into "
        "the next one.",
    ),
    "PAPERBOY_WHEN_UNSURE": (
        "post",
        "What to do when a digest may have arrived and the channel's history may not be read: `post` it (it may "
        "then be there twice) or `skip` it and its papers (they may then be missing).",
    ),
    "PAPERBOY_MEANING": (
        "",
        "A model2vec model that helps `/search` find what other words mean: a folder, or a model's id on Hugging "
        "Face. Needs the extra `semantic`.",
    ),
    "PAPERBOY_ASK_HUGGINGFACE": (
        "button",
        "Whether `/search` may ask Hugging Face's own search for what the archive lacks, which sends it the words "
        "of the query: `button` when somebody presses *Ask Hugging Face*, `always` also by itself where nothing "
        "is found, or `never`.",
    ),
    "PAPERBOY_MODEL_URL": (
        "",
        "Where a language model of yours is, which writes summaries where a source has none: the base of any "
        "OpenAI-compatible API, `http://localhost:11434/v1`. Titles and abstracts are sent there.",
    ),
    "PAPERBOY_MODEL": ("", "That model's name, as its server knows it. Readers see it."),
    "PAPERBOY_MODEL_KEY": ("", "That server's key, where it wants one."),
    "PAPERBOY_MODEL_DAILY": ("200", "How often a day (UTC) the model may be asked, 0 to 100000."),
    "PAPERBOY_CONTACT": ("", "An address or page that sources may write to; sent with every request."),
    "PAPERBOY_LOG_LEVEL": ("INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
    "PAPERBOY_HUGGINGFACE_URL": ("https://huggingface.co", "Where Hugging Face is, for a mirror."),
    "PAPERBOY_ARXIV_URL": ("https://rss.arxiv.org", "Where arXiv's feeds are, for a mirror."),
    "PAPERBOY_ARXIV_API_URL": (
        "https://export.arxiv.org",
        "Where arXiv's API is, which answers for days that were missed, for a mirror.",
    ),
}
"""Name -> (default, meaning)."""

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator set. The token shows in no repr."""

    token: str = field(repr=False)
    database: Path
    feeds: tuple[Feed, ...] = field(repr=False)
    poll_minutes: int
    backfill_days: int
    feeds_per_server: int
    """How many feeds a Discord server may add; 0: none, and none is read."""
    inboxes: int
    """How many people may have a digest of their own; 0: none, and none is sent."""
    grace: timedelta
    """How late a digest may still be posted."""
    post_when_unsure: bool
    """Whether a digest that may be there already is posted again where nobody can look."""
    meaning: str
    """The model that tells what texts mean, a folder or an id; "": none."""
    ask_huggingface: str
    """When its search may be asked: "button", "always" or "never"."""
    huggingface: str = field(repr=False)
    """The site's address."""
    model_url: str = field(repr=False)
    """The base of the API of the operator's own model; "": none."""
    model: str
    model_key: str = field(repr=False)
    model_daily: int
    contact: str
    log_level: str


def load(environment: Mapping[str, str]) -> Settings:
    """Raises ConfigError with every fault, in words."""
    faults: list[str] = []

    def text(name: str) -> str:
        return environment.get(name, "").strip() or SETTINGS[name][0]

    def number(name: str, least: int, most: int) -> int:
        raw = text(name)
        if not re.fullmatch(r"[0-9]{1,9}", raw) or not least <= int(raw) <= most:
            faults.append(f"{name} is {raw[:40]!r}: it takes a whole number from {least} to {most}.")
            return least
        return int(raw)

    for name in sorted(environment):
        if name.startswith("PAPERBOY_") and name not in SETTINGS:
            faults.append(f"{name} is no setting of Paperboy: check its spelling, or remove it.")
    level = text("PAPERBOY_LOG_LEVEL").upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        faults.append(f"PAPERBOY_LOG_LEVEL is {level!r}: it takes DEBUG, INFO, WARNING or ERROR.")
    unsure = text("PAPERBOY_WHEN_UNSURE").lower()
    if unsure not in {"post", "skip"}:
        faults.append(f"PAPERBOY_WHEN_UNSURE is {unsure[:40]!r}: it takes post or skip.")
    asking = text("PAPERBOY_ASK_HUGGINGFACE").lower()
    if asking not in {"button", "always", "never"}:
        faults.append(f"PAPERBOY_ASK_HUGGINGFACE is {asking[:40]!r}: it takes button, always or never.")
    token = text("DISCORD_TOKEN")
    if token and not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII):
        faults.append(
            "DISCORD_TOKEN does not look like a bot's token (three parts joined by dots): copy it again from "
            "the Bot page of your application."
        )
    sites = {}
    for name in ("PAPERBOY_HUGGINGFACE_URL", "PAPERBOY_ARXIV_URL", "PAPERBOY_ARXIV_API_URL"):
        sites[name] = text(name).rstrip("/")
        if not _is_web(sites[name]):
            faults.append(f"{name} is no web address: it begins with https:// or http://.")
    model = {name: text(f"PAPERBOY_{name}") for name in ("MODEL_URL", "MODEL", "MODEL_KEY")}
    model["MODEL_URL"] = model["MODEL_URL"].rstrip("/").removesuffix("/chat/completions")
    faults += _model_faults(model["MODEL_URL"], model["MODEL"], model["MODEL_KEY"])
    settings = Settings(
        token=token,
        database=Path(text("PAPERBOY_DATABASE")).expanduser(),
        feeds=_feeds(text("PAPERBOY_SOURCES"), sites, faults),
        poll_minutes=number("PAPERBOY_POLL_MINUTES", 10, 1440),
        backfill_days=number("PAPERBOY_BACKFILL_DAYS", 0, 365),
        feeds_per_server=number("PAPERBOY_FEEDS_PER_SERVER", 0, 25),
        inboxes=number("PAPERBOY_INBOXES", 0, 100_000),
        grace=timedelta(hours=number("PAPERBOY_GRACE_HOURS", 1, 23)),
        post_when_unsure=unsure == "post",
        meaning=text("PAPERBOY_MEANING"),
        ask_huggingface=asking,
        huggingface=sites["PAPERBOY_HUGGINGFACE_URL"],
        model_url=model["MODEL_URL"],
        model=" ".join(model["MODEL"].split()),
        model_key=model["MODEL_KEY"],
        model_daily=number("PAPERBOY_MODEL_DAILY", 0, 100_000),
        contact=" ".join(text("PAPERBOY_CONTACT").split()),
        log_level=level,
    )
    if faults:
        raise ConfigError(faults)
    return settings


def _feeds(text: str, sites: Mapping[str, str], faults: list[str]) -> tuple[Feed, ...]:
    feeds: dict[str, Feed] = {}
    arxiv: tuple[str, ...] = ()
    for word in text.split():
        kind, _, rest = word.rstrip(",").partition(":")
        match kind.casefold():
            case "huggingface" if not rest:
                feed = Feed(
                    kind=FeedKind.HUGGINGFACE,
                    name="huggingface",
                    label="Hugging Face",
                    address=sites["PAPERBOY_HUGGINGFACE_URL"],
                )
            case "arxiv":
                categories = tuple(dict.fromkeys(re.split(r"[+,]", rest)))
                wrong = [category for category in categories if not _CATEGORY.fullmatch(category)]
                if wrong:
                    faults.append(
                        f"PAPERBOY_SOURCES: {wrong[0]!r} is no arXiv category; write arxiv:cs.CL+stat.ML."
                    )
                    continue
                # One feed, however it is written: categories come and go without a new first reading.
                arxiv = tuple(dict.fromkeys(arxiv + categories))
                feed = Feed(
                    kind=FeedKind.ARXIV,
                    name="arxiv",
                    label=f"arXiv {'+'.join(arxiv)}",
                    address=sites["PAPERBOY_ARXIV_URL"],
                    archive=sites["PAPERBOY_ARXIV_API_URL"],
                    categories=arxiv,
                )
            case "rss" if _is_web(rest):
                safe = shown(rest)
                # Two feeds that differ only in what is hidden are two feeds all the same.
                mark = "" if safe == rest else f"#{hashlib.sha256(rest.encode()).hexdigest()[:8]}"
                feed = Feed(
                    kind=FeedKind.RSS,
                    name=f"rss:{safe}{mark}",
                    label=safe.partition("://")[2],
                    address=rest,
                )
            case "rss":
                faults.append("PAPERBOY_SOURCES: behind rss: comes the feed's web address, rss:https://….")
                continue
            case _:
                faults.append(
                    f"PAPERBOY_SOURCES: {kind[:40]!r} is no source; write huggingface, arxiv:cs.CL+cs.LG or "
                    "rss:https://…, separated by spaces."
                )
                continue
        feeds[feed.name] = feed
    return tuple(feeds.values())


def _model_faults(url: str, name: str, key: str) -> Iterator[str]:
    if url and not name:
        yield "PAPERBOY_MODEL_URL needs PAPERBOY_MODEL beside it: the name of the model to be asked there."
    if not url:
        for setting, value in (("PAPERBOY_MODEL", name), ("PAPERBOY_MODEL_KEY", key)):
            if value:
                yield f"{setting} needs PAPERBOY_MODEL_URL beside it: the address of the API, or is to be removed."
    elif not _is_web(url):
        yield "PAPERBOY_MODEL_URL is no web address: it begins with https:// or http://."
    elif re.search(r"[?#\s\\]", url) or not url.isprintable():
        yield "PAPERBOY_MODEL_URL is the base of an API: it ends before /chat/completions, without ? and #."
    elif "@" in urlsplit(url).path:
        yield "PAPERBOY_MODEL_URL has an @ behind its host: in a password, / is written %2F and @ %40."
    elif key and "@" in urlsplit(url).netloc:
        yield "PAPERBOY_MODEL_KEY is set, and PAPERBOY_MODEL_URL has a password in it: keep one of them."
    if not re.fullmatch(r"[!-~]*", key):
        yield "PAPERBOY_MODEL_KEY has a sign in it that no key has, a space perhaps: copy it again."


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def read_env_file(text: str) -> dict[str, str]:
    """The assignments of a `.env` file: NAME=value lines, # comments, optional quotes and `export`.

    Raises ConfigError for a line that is neither.
    """
    found, faults = {}, []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip().removeprefix("export ").strip()
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = entry.partition("=")
        if not equals or not re.fullmatch(r"\w+", name.strip(), re.ASCII):
            faults.append(f".env, line {number}: write NAME=value (the line is not shown, it may hold a secret).")
            continue
        value = value.strip()
        quoted = re.fullmatch(r"""(["'])(.*?)\1(?:\s+#.*)?""", value)
        found[name.strip()] = quoted[2] if quoted else re.split(r"\s#", value, maxsplit=1)[0].rstrip()
    if faults:
        raise ConfigError(faults)
    return found
