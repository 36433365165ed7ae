"""Settings: every fault at once, in words, and no secret anywhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import config
from bot.config import SETTINGS, Settings
from bot.errors import ConfigError
from bot.models import Feed, FeedKind

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl.mnopqrstuvwxyz-ABCDEFGHIJKLMNOPQR"


def faults(**environment: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as found:
        config.load(environment)
    assert str(found.value) == "\n".join(found.value.faults)
    return found.value.faults


def sources(text: str, **environment: str) -> tuple[Feed, ...]:
    return config.load({"PAPERBOY_SOURCES": text, **environment}).feeds


def test_nothing_set_is_enough_and_means_the_defaults() -> None:
    settings = config.load({})
    assert (settings.token, settings.database, settings.contact) == ("", Path("paperboy.sqlite"), "")
    assert (settings.poll_minutes, settings.backfill_days, settings.log_level) == (60, 14, "INFO")
    assert (settings.grace, settings.post_when_unsure) == (timedelta(hours=6), True)
    assert (settings.ask_huggingface, settings.huggingface) == ("button", "https://huggingface.co")
    assert [feed.label for feed in settings.feeds] == ["Hugging Face", "arXiv cs.AI+cs.CL+cs.CV+cs.LG+stat.ML"]
    assert config.load(dict.fromkeys(SETTINGS, " ")) == settings
    assert config.load({name: default for name, (default, _) in SETTINGS.items()}) == settings
    assert config.load({"PATH": "/bin", "HOME": "/root"}) == settings


def test_every_setting_is_heard() -> None:
    settings = config.load(
        {
            "DISCORD_TOKEN": f" {TOKEN}\n",
            "PAPERBOY_DATABASE": "~/papers.sqlite",
            "PAPERBOY_SOURCES": "huggingface",
            "PAPERBOY_POLL_MINUTES": "10",
            "PAPERBOY_BACKFILL_DAYS": "0",
            "PAPERBOY_FEEDS_PER_SERVER": "3",
            "PAPERBOY_GRACE_HOURS": "2",
            "PAPERBOY_WHEN_UNSURE": "SKIP",
            "PAPERBOY_MEANING": " models/small ",
            "PAPERBOY_ASK_HUGGINGFACE": "Always",
            "PAPERBOY_MODEL_URL": " http://127.0.0.1:11434/v1/ ",
            "PAPERBOY_MODEL": "small-model:3b",
            "PAPERBOY_MODEL_KEY": "k-1",
            "PAPERBOY_MODEL_DAILY": "5",
            "PAPERBOY_CONTACT": " ops@example.org\n",
            "PAPERBOY_LOG_LEVEL": "debug",
            "PAPERBOY_HUGGINGFACE_URL": "http://mirror.example:8080/hf/",
            "PAPERBOY_INBOXES": "0",
        }
    )
    assert settings == Settings(
        token=TOKEN,
        database=Path.home() / "papers.sqlite",
        feeds=(
            Feed(
                kind=FeedKind.HUGGINGFACE,
                name="huggingface",
                label="Hugging Face",
                address="http://mirror.example:8080/hf",
            ),
        ),
        poll_minutes=10,
        backfill_days=0,
        feeds_per_server=3,
        inboxes=0,
        grace=timedelta(hours=2),
        post_when_unsure=False,
        meaning="models/small",
        ask_huggingface="always",
        huggingface="http://mirror.example:8080/hf",
        model_url="http://127.0.0.1:11434/v1",
        model="small-model:3b",
        model_key="k-1",
        model_daily=5,
        contact="ops@example.org",
        log_level="DEBUG",
    )


def test_every_fault_is_told_at_once_each_by_its_name() -> None:
    found = faults(
        DISCORD_TOKEN="my token",
        PAPERBOY_SOURCES="huggingface:x arxiv: arxiv:cs.CL+Physics! rss: rss:ftp://a.example twitter",
        PAPERBOY_POLL_MINUTES="9",
        PAPERBOY_BACKFILL_DAYS="many",
        PAPERBOY_GRACE_HOURS="24",
        PAPERBOY_WHEN_UNSURE="perhaps",
        PAPERBOY_ASK_HUGGINGFACE="sometimes",
        PAPERBOY_LOG_LEVEL="LOUD",
        PAPERBOY_HUGGINGFACE_URL="huggingface.co",
        PAPERBOY_ARXIV_URL="https://",
        PAPERBOY_DATABSE="/data/x",
    )
    for name, count in (
        ("DISCORD_TOKEN", 1),
        ("PAPERBOY_SOURCES", 6),
        ("PAPERBOY_POLL_MINUTES", 1),
        ("PAPERBOY_BACKFILL_DAYS", 1),
        ("PAPERBOY_GRACE_HOURS", 1),
        ("PAPERBOY_WHEN_UNSURE", 1),
        ("PAPERBOY_ASK_HUGGINGFACE", 1),
        ("PAPERBOY_LOG_LEVEL", 1),
        ("PAPERBOY_HUGGINGFACE_URL", 1),
        ("PAPERBOY_ARXIV_URL", 1),
        ("PAPERBOY_DATABSE", 1),
    ):
        assert len([fault for fault in found if fault.startswith(name)]) == count, (name, found)
    assert len(found) == 16
    assert all(fault.endswith(".") or "…" in fault for fault in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PAPERBOY_POLL_MINUTES", value) for value in ("9", "1441", "-60", "1.5", "1e3", "sixty", "9" * 5000)),
        *(("PAPERBOY_BACKFILL_DAYS", value) for value in ("366", "-1", "two weeks")),
        ("PAPERBOY_LOG_LEVEL", "TRACE"),
        *(("DISCORD_TOKEN", value) for value in ("a.b", "a b.c.d", "Bot a.b.c", "a.b.c.d")),
        *(
            ("PAPERBOY_ARXIV_URL", value)
            for value in ("rss.arxiv.org", "ftp://a.example", "https://[", "http://a:x")
        ),
        *(
            ("PAPERBOY_SOURCES", value)
            for value in ("arxiv:CS", "arxiv:cs.CL++cs.LG", "hugging face", "rss:a.example")
        ),
    ],
)
def test_a_value_that_cannot_be_is_one_fault(name: str, value: str) -> None:
    (fault,) = faults(**{name: value})[:1]
    assert fault.startswith(name)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", ["Hugging Face", "arXiv cs.AI+cs.CL+cs.CV+cs.LG+stat.ML"]),
        ("huggingface huggingface", ["Hugging Face"]),
        ("HuggingFace, arXiv:cs.CL,cs.LG", ["Hugging Face", "arXiv cs.CL+cs.LG"]),
        (
            "arxiv:cs.CL+cs.CL arxiv:hep-ex arxiv:cond-mat.str-el",
            ["arXiv cs.CL+hep-ex+cond-mat.str-el"],
        ),
        ("rss:https://a.example/feed?x=1", ["a.example/feed?x=1"]),
    ],
)
def test_sources_in_many_spellings(text: str, labels: list[str]) -> None:
    assert [feed.label for feed in sources(text)] == labels


def test_arxiv_is_one_feed_however_many_categories_it_has() -> None:
    feeds = sources("arxiv:cs.CL rss:https://a.example/feed arxiv:hep-ex")
    assert [(feed.name, feed.categories) for feed in feeds] == [
        ("arxiv", ("cs.CL", "hep-ex")),
        ("rss:https://a.example/feed", ()),
    ]


def test_a_feed_keeps_its_address_and_is_named_without_its_credentials() -> None:
    (feed,) = sources("rss:https://us3r:pa55@a.example:8443/feed?api_key=k3y&page=2")
    assert feed.address == "https://us3r:pa55@a.example:8443/feed?api_key=k3y&page=2"
    assert feed.name.startswith("rss:https://a.example:8443/feed?api_key=…&page=2#")
    assert feed.label == "a.example:8443/feed?api_key=…&page=2"


def test_feeds_that_differ_in_their_query_are_different_feeds() -> None:
    for one, other in (("keyword=robotics", "keyword=vision"), ("token=a", "token=b")):
        found = sources(f"rss:https://j.example/rss?{one} rss:https://j.example/rss?{other}")
        assert len({feed.name for feed in found}) == 2
    assert "robotics" in sources("rss:https://j.example/rss?keyword=robotics")[0].name


MODEL = {"PAPERBOY_MODEL_URL": "http://127.0.0.1:11434/v1", "PAPERBOY_MODEL": "m"}


@pytest.mark.parametrize(
    ("environment", "begin"),
    [
        ({"PAPERBOY_MODEL": ""}, "PAPERBOY_MODEL_URL needs PAPERBOY_MODEL beside it"),
        ({"PAPERBOY_MODEL_URL": ""}, "PAPERBOY_MODEL needs PAPERBOY_MODEL_URL beside it"),
        (
            {"PAPERBOY_MODEL_URL": "", "PAPERBOY_MODEL": "", "PAPERBOY_MODEL_KEY": "k3y"},
            "PAPERBOY_MODEL_KEY needs PAPERBOY_MODEL_URL beside it",
        ),
        ({"PAPERBOY_MODEL_URL": "localhost:11434/v1"}, "PAPERBOY_MODEL_URL is no web address"),
        ({"PAPERBOY_MODEL_URL": "ftp://a.example/v1"}, "PAPERBOY_MODEL_URL is no web address"),
        ({"PAPERBOY_MODEL_URL": "https://a.example/v1?key=k3y"}, "PAPERBOY_MODEL_URL is the base of an API"),
        ({"PAPERBOY_MODEL_URL": "https://a.example/v 1"}, "PAPERBOY_MODEL_URL is the base of an API"),
        ({"PAPERBOY_MODEL_URL": "https://a\\b.example/v1"}, "PAPERBOY_MODEL_URL is the base of an API"),
        ({"PAPERBOY_MODEL_URL": "https://a.example/\u202ev1"}, "PAPERBOY_MODEL_URL is the base of an API"),
        ({"PAPERBOY_MODEL_URL": "https://us3r:5/pa55@a.example/v1"}, "PAPERBOY_MODEL_URL has an @ behind"),
        ({"PAPERBOY_MODEL_KEY": "k3y with space"}, "PAPERBOY_MODEL_KEY has a sign in it"),
        ({"PAPERBOY_MODEL_KEY": "k3yé"}, "PAPERBOY_MODEL_KEY has a sign in it"),
        (
            {"PAPERBOY_MODEL_URL": "https://us3r:pa55@a.example/v1", "PAPERBOY_MODEL_KEY": "k3y"},
            "PAPERBOY_MODEL_KEY is set, and PAPERBOY_MODEL_URL has a password in it",
        ),
        ({"PAPERBOY_MODEL_DAILY": "-1"}, "PAPERBOY_MODEL_DAILY is '-1': it takes a whole number from 0 to 100000"),
        ({"PAPERBOY_MODEL_DAILY": "100001"}, "PAPERBOY_MODEL_DAILY is '100001'"),
    ],
)
def test_half_of_a_model_is_a_fault_that_says_what_is_missing(environment: dict[str, str], begin: str) -> None:
    (fault,) = faults(**{**MODEL, **environment})
    assert fault.startswith(begin)
    assert not any(secret in fault for secret in ("k3y", "us3r", "pa55"))


def test_a_model_is_off_unless_it_is_set_and_its_address_may_be_the_whole_one() -> None:
    settings = config.load({})
    assert (settings.model_url, settings.model, settings.model_key, settings.model_daily) == ("", "", "", 200)
    whole = config.load({**MODEL, "PAPERBOY_MODEL_URL": "http://[::1]:8080/v1/chat/completions/"})
    assert whole.model_url == "http://[::1]:8080/v1"
    hidden = config.load({**MODEL, "PAPERBOY_MODEL_KEY": "k3y", "PAPERBOY_MODEL_DAILY": "0"})
    assert "k3y" not in repr(hidden)
    assert (hidden.model_key, hidden.model_daily) == ("k3y", 0)
    secret = config.load({**MODEL, "PAPERBOY_MODEL_URL": "https://us3r:pa55@a.example/v1"})
    assert "pa55" not in repr(secret)


def test_no_secret_is_in_a_repr_or_a_fault() -> None:
    secret_feed = "rss:https://us3r:pa55@a.example/?token=k3y"
    settings = config.load({"DISCORD_TOKEN": TOKEN, "PAPERBOY_SOURCES": secret_feed})
    told = [repr(settings), str(settings), f"{settings}"]
    told += faults(
        DISCORD_TOKEN=f"{TOKEN}.{TOKEN}",
        PAPERBOY_SOURCES="rss:https://us3r:pa55@ rss:https://us3r:pa55@a:x/?token=k3y https://us3r:pa55@a.example/?token=k3y",
        PAPERBOY_HUGGINGFACE_URL="https://us3r:pa55@",
        PAPERBOY_LOG_LEVEL="x",
    )
    assert len(told) == 3 + 6
    for secret in (TOKEN[:10], TOKEN[-10:], "us3r", "pa55", "k3y"):
        assert [text for text in told if secret in text] == []


# --- .env -----------------------------------------------------------------------------------------


def test_an_env_file_is_read_as_people_write_it() -> None:
    text = """
        # Paperboy
        DISCORD_TOKEN=abc.def.ghi
        export PAPERBOY_CONTACT = "ops @ example.org"
        PAPERBOY_DATABASE='/data/it''s # here'
        PAPERBOY_LOG_LEVEL=DEBUG # for now
        PAPERBOY_SOURCES=rss:https://a.example/#top huggingface\r
        EMPTY=
        SIGN="
        QUOTED="a # b" # a comment with "quotes"
        TWICE=1
        TWICE=a=b
    """
    assert config.read_env_file(text) == {
        "DISCORD_TOKEN": "abc.def.ghi",
        "PAPERBOY_CONTACT": "ops @ example.org",
        "PAPERBOY_DATABASE": "/data/it''s # here",
        "PAPERBOY_LOG_LEVEL": "DEBUG",
        "PAPERBOY_SOURCES": "rss:https://a.example/#top huggingface",
        "EMPTY": "",
        "SIGN": '"',
        "QUOTED": "a # b",
        "TWICE": "a=b",
    }
    assert config.read_env_file("") == {}


def test_lines_that_are_no_assignment_are_numbered_and_not_shown() -> None:
    with pytest.raises(ConfigError) as found:
        config.read_env_file("DISCORD_TOKEN=a.b.c\nsecret-token\n\nDISCORD TOKEN=secret\n=secret")
    assert [fault.partition(":")[0] for fault in found.value.faults] == [
        ".env, line 2",
        ".env, line 4",
        ".env, line 5",
    ]
    assert "secret-token" not in str(found.value)
    assert "=secret" not in str(found.value)
