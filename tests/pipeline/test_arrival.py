"""A folder comes in that somebody wrote, edited, or broke: what is wrong is told, and then nothing is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.formats import opml
from bot.models import Taken
from bot.pipeline import arrival, moving
from storage.database import Database
from tests.making import ARXIV, BLOG, HF, NOW, committed, entry, rows, store
from tests.pipeline.house import CHANNEL, DELIVERY, LINE, SCHEDULE, dump, shown, unpack, write


async def test_a_line_needs_little_and_is_known_by_what_it_says(house: Database, tmp_path: Path) -> None:
    """Written by hand, by pandas (12.0 for 12, null for nothing) or by an editor of Windows."""
    line = {**LINE, "arxiv_id": "2601.00001", "votes": 12.0, "authors": ["Ada Lo"], "summary": None, "doi": None}
    body = b"\xef\xbb\xbf" + json.dumps(line).encode() + b"\r\n\r\n"
    made = await unpack(house, write(tmp_path / "mine", papers=body))
    assert made.taken == Taken(papers=1)
    at = int(NOW.timestamp())
    sql = "SELECT title, votes, summary, doi, first_seen_at, changed_at FROM papers"
    assert await rows(house, sql) == [("A Paper of My Own", 12, "", None, at, at)]
    assert await store(house, HF, entry("A paper of my own", arxiv_id="2601.00001")) == (0, 1, 0)


async def test_lines_that_are_one_work_become_one_and_what_contradicts_does_not(
    house: Database, tmp_path: Path
) -> None:
    def paper(number: int, *keys: str, feed: str = HF, **more: object) -> dict[str, object]:
        listing = {"feed": feed, "listed_on": "2026-03-31", "first_seen_at": "2026-03-31T13:00:00Z"}
        return {**LINE, "id": number, "title": f"N{number}", "identities": keys, "listings": [listing], **more}

    lines = [
        paper(1, "url:a", "title:x:lo"),
        paper(1, "url:a", "title:x:lo"),  # twice
        paper(2, "url:b", "title:x:lo"),  # one feed's titles say nothing
        paper(3, "url:c", "title:x:lo", feed=ARXIV),  # another's do
        paper(4, "url:d"),
        paper(5, "url:d", "url:b"),  # says that 4 and 2 are one
        paper(6, "doi:e", "arxiv:1", arxiv_id="2601.00001"),
        paper(7, "doi:e", "arxiv:2", arxiv_id="2601.00002"),  # two arXiv ids are two works
        paper(8, "doi:e", arxiv_id="2601.00003"),  # would come again each time: no key is left for it
    ]
    ledger = {**DELIVERY, "shown": [2, 7, 5], "more": [3]}
    folder = write(tmp_path / "mine", papers=lines, channels=[CHANNEL], deliveries=[ledger])
    await unpack(house, folder)
    once = dump(house.path)
    await unpack(house, folder)
    assert dump(house.path) == once
    assert sorted(await rows(house, "SELECT title FROM papers")) == [("N3",), ("N4",), ("N6",), ("N7",)]
    assert await shown(house) == ["N4", "N7"]
    sql = "SELECT group_concat(key, ' ') FROM (SELECT * FROM identities ORDER BY key) GROUP BY paper_id"
    assert sorted(await rows(house, sql)) == [
        ("arxiv:1 doi:e",),
        ("arxiv:2",),
        ("title:x:lo url:a url:c",),
        ("url:b url:d",),
    ]


async def test_lines_may_join_what_lines_before_them_found(house: Database, tmp_path: Path) -> None:
    await store(house, HF, entry("By Number", arxiv_id="2601.00001"))
    await store(house, BLOG, entry("By Doi", url="https://b.example", doi="10.1/x"))
    lists = [{"feed": name, "listed_on": "2026-03-30", "first_seen_at": "2026-03-31T13:00:00Z"} for name in "abc"]
    lines = [
        {**LINE, "id": 1, "identities": ["doi:10.1/x"], "listings": lists[:1]},
        {**LINE, "id": 2, "identities": ["arxiv:2601.00001", "doi:10.1/x"], "listings": lists[1:2]},
        {**LINE, "id": 3, "identities": ["doi:10.1/x", "url:c"], "listings": lists[2:]},
    ]
    await unpack(house, write(tmp_path / "mine", papers=lines))
    assert await rows(house, "SELECT title FROM papers") == [("By Number",)]
    assert len(await rows(house, "SELECT DISTINCT feed FROM listings WHERE paper_id = 1")) == 5
    assert (
        len(await rows(house, "SELECT key FROM identities WHERE paper_id = 1 AND key IN ('doi:10.1/x', 'url:c')"))
        == 2
    )


async def test_what_names_something_that_was_taken_out_goes_with_it(packed: Path, house: Database) -> None:
    """`jq 'select(...)'` over one file, and its new number in the manifest."""
    told = json.loads((packed / moving.MANIFEST).read_text())
    for name, keep in (("papers.jsonl", '"agent'), ("channels.jsonl", '"id": "1"')):
        lines = [line for line in (packed / name).read_text().splitlines(keepends=True) if keep in line]
        (packed / name).write_text("".join(lines))
        told["records"][name] = len(lines)
    del told["records"]["searches.jsonl"]
    (packed / "searches.jsonl").unlink()
    (packed / moving.MANIFEST).write_text(json.dumps(told))
    made = await unpack(house, packed)
    found = {name: len(kept) for name, kept in dump(house.path).items()}
    assert (found["channels"], found["deliveries"], found["verdicts"], found["searches"]) == (1, 1, 1, 0)
    assert 0 < found["delivery_papers"] < 20
    assert made.taken.left_out > 4


SELECT = {"kind": "select", "custom_id": "x", "placeholder": "y", "options": [["a"]]}
LISTING = {"feed": "x", "listed_on": "2026-03-30", "first_seen_at": "2026-03-31T13:00:00Z"}
HOSTILE: Sequence[tuple[str, bytes | dict[str, object], str]] = (
    ("papers", b"[" * 100_000, "papers.jsonl, line 1: it is nested too deeply"),
    (
        "papers",
        b'{"title": "x',
        "papers.jsonl, line 1: it is no JSON: Unterminated string starting at, at character 11",
    ),
    ("papers", b"\n" + json.dumps(LINE).encode("utf-16"), "papers.jsonl, line 2: it is not in UTF-8"),
    ("papers", b'{"votes": NaN}', "papers.jsonl, line 1: NaN is no JSON"),
    ("papers", b'{"votes": ' + b"1" * 5_000 + b"}", "papers.jsonl, line 1: it holds a number that is too large"),
    ("papers", b"{" + b" " * arrival.LONGEST, "papers.jsonl, line 1: it is longer than 8 MiB"),
    ("papers", b"[1]", "papers.jsonl, line 1: this is a list, and should be an object: {…}"),
    ("papers", {"titel": "x"}, "there is no field “titel”: take it out, or check its spelling"),
    ("papers", {"title": None}, "papers.jsonl, line 2: title is missing"),
    ("papers", {"title": " "}, "title is empty"),
    ("papers", {"title": 5}, "title: this is the number 5, and should be a text"),
    ("papers", {"votes": -1}, "votes: this is the number -1, and should be a whole number from 0 on"),
    ("papers", {"votes": True}, "votes: this is true, and should be a whole number"),
    ("papers", {"votes": 1e300}, "votes: this is the number 1e+300, and should be a whole number"),
    ("papers", {"authors": "Ada"}, "authors: this is “Ada”, and should be a list"),
    ("papers", {"authors": ["Ada", None]}, "authors: item 2: this is null, and should be a text"),
    ("papers", {"url": "javascript:alert(1)"}, "url: “javascript:alert(1)” is no web address"),
    ("papers", {"thumbnail": "https://a:b@c.example"}, "thumbnail: “https://a:b@c.example” is no web address"),
    ("papers", {"listed_on": "2026-02-30"}, "listed_on: “2026-02-30” is no day: write 2026-03-31"),
    ("papers", {"changed_at": 1774962000}, "changed_at: this is the number 1774962000, and should be a text"),
    ("papers", {"changed_at": "yesterday"}, "changed_at: “yesterday” is no time: write 2026-03-31T13:00:00Z"),
    ("papers", {"changed_at": "0001-01-01T00:00:00+14:00"}, "is no time"),
    ("papers", {"listings": [{"feed": "x"}]}, "listings: item 1: listed_on is missing"),
    ("papers", {"written": {"title": ["a"]}}, "written: “title” is not told like this: take it out"),
    ("papers", {"written": {"url": "a"}}, "written: “url” is not told like this: take it out"),
    (
        "papers",
        {"written": {"authors": ["a", 5]}},
        "written: authors: item 2: this is the number 5, and should be a",
    ),
    ("papers", {"private_to": "rss:x"}, "private_to: a server's feed has a name that begins with “added:”"),
    ("papers", {"private_to": "added:x", "identities": ["url:x"]}, "identities: a private paper has none"),
    (
        "papers",
        {"private_to": "added:x", "claims": [{"feed": "added:y", "key": "url:x"}]},
        "listings and claims of a private paper are of the feed in private_to only",
    ),
    ("papers", {"claims": [{"feed": "rss:y", "key": "url:x"}]}, "claims: a server's feed has a name that begins"),
    ("channels", {"guild_id": None}, "guild_id and person: a channel is a server's or somebody's inbox"),
    ("channels", {"person": "42"}, "guild_id and person: a channel is a server's or somebody's inbox"),
    ("channels", {"guild_id": None, "person": 42}, "person: this is the number 42, and should be an id of"),
    ("channels", {"guild_id": None, "person": "0"}, "person: this is “0”, and should be an id of"),
    ("channels", {"id": 5}, "id: this is the number 5, and should be an id of Discord's, in quotes"),
    ("channels", {"id": "9" * 19}, "should be an id of Discord's"),
    ("channels", {"next_due": None}, "next_due is missing: only a channel that is paused has none"),
    ("channels", {"next_due": "9999-12-31T00:00:00Z"}, "next_due: 9999-12-31 is no day for a digest"),
    (
        "channels",
        {"round_up": {"day": 7, "post_at": "17:00"}},
        "round_up: day: it is a number from 0 (Monday) to 6",
    ),
    (
        "channels",
        {"round_up": {"day": 4, "post_at": "17:00"}},
        "round_up: next_due is missing: only a channel that",
    ),
    (
        "channels",
        {"round_up": {"day": 4, "post_at": "17:00", "next_due": "0001-01-01T00:00:00Z"}},
        "round_up: next_due: 1-01-01 is no day for a digest",
    ),
    ("channels", {"topics": [{"text": "", "created_at": "2026-03-31"}]}, "topics: a text is empty"),
    ("schedule", {"zone": "Mars/Base"}, "zone: “Mars/Base” is no time zone that this machine knows"),
    ("schedule", {"days": [7]}, "days: they are numbers from 0 (Monday) to 6"),
    ("schedule", {"size": 11}, "size: it is from 1 to 10"),
    ("schedule", {"post_at": "25:00"}, "schedule: post_at: “25:00” is no time of day: write 13:00"),
    ("deliveries", {"id": "a:b"}, "id: “a:b” is none that a button can carry"),
    ("deliveries", {"state": "lost"}, "state: this is “lost”, and should be one of claimed, sent, refused"),
    (
        "deliveries",
        {"post": {"blocks": [{"kind": "script"}]}},
        "post: blocks: item 1: its kind is none of text, line",
    ),
    ("deliveries", {"post": {"blocks": [{"kind": "text"}]}}, "post: blocks: item 1: content is missing"),
    ("deliveries", {"post": {"blocks": [SELECT]}}, "options: item 1: this has 1 items, and should have 2"),
    ("deliveries", {"post": {"blocks": "x"}}, "post: blocks: this is “x”, and should be a list"),
    (
        "papers",
        {"listings": [{**LISTING, "announced": 1}]},
        "announced: this is the number 1, and should be true or",
    ),
)


async def test_what_is_wrong_is_told_with_its_line_and_nothing_is_stored(house: Database, tmp_path: Path) -> None:
    fine = {"papers": LINE, "channels": CHANNEL, "deliveries": DELIVERY}
    for name, change, told in HOSTILE:
        contents: dict[str, Any] = {kind: [LINE if kind == "papers" else record] for kind, record in fine.items()}
        file = "channels" if name == "schedule" else name
        if isinstance(change, bytes):
            contents[name] = change
        elif name == "schedule":
            contents[file] = [CHANNEL, {**CHANNEL, "schedule": {**SCHEDULE, **change}}]
        else:
            contents[file] = [fine[name], {**fine[name], **change}]
        with pytest.raises(UserError) as raised:
            await unpack(house, write(tmp_path / "edited", **contents))
        assert told in str(raised.value)
        assert str(raised.value).startswith(f"{file}.jsonl, line ")
    assert not any(dump(house.path).values())


async def test_two_papers_may_not_have_one_number(house: Database, tmp_path: Path) -> None:
    lines = [{**LINE, "id": 5}, {**LINE, "id": 5, "url": "https://mine.example/2"}]
    with pytest.raises(UserError, match="Two different papers have the number 5"):
        await unpack(house, write(tmp_path / "mine", papers=lines))
    assert not any(dump(house.path).values())


async def test_controls_and_halves_of_letters_are_taken_out(house: Database, tmp_path: Path) -> None:
    line = {**LINE, "title": "A\x00 \x1b[31mred\x85 \ud800\x7fpaper 🙂", "abstract": "two\nlines\tand \ufffe"}
    await unpack(house, write(tmp_path / "a", papers=[line]))
    assert await rows(house, "SELECT title, abstract FROM papers") == [("A [31mred paper 🙂", "two\nlines\tand ")]
    await unpack(
        house,
        write(
            tmp_path / "b",
            papers=json.dumps(
                {**LINE, "title": "A\x9bB", "url": "https://b.example"}, ensure_ascii=False
            ).encode(),
        ),
    )
    assert ("AB",) in await rows(house, "SELECT title FROM papers")


# --- the whole folder ---------------------------------------------------------------------------------


async def test_what_is_no_whole_export_is_refused(packed: Path, house: Database) -> None:
    manifest = packed / moving.MANIFEST
    whole = manifest.read_text()
    for text, told in (
        (whole.replace('"format": 1', '"format": 2'), "it was written by a newer Paperboy: update this one first"),
        (whole.replace('"format": 1', '"format": 0'), "paperboy.json: there is no format 0"),
        (
            whole.replace('"format": 1', '"format": "1"'),
            "paperboy.json: format: this is “1”, and should be a whole",
        ),
        ("[]", "paperboy.json: this is a list, and should be an object"),
        ("{", "paperboy.json: it is no JSON"),
        (
            whole.replace('jsonl": ', 'jsonl": 1'),
            "feeds.jsonl holds 4 records, and paperboy.json says 14. Is the copy",
        ),
    ):
        manifest.write_text(text)
        with pytest.raises(UserError, match=re.escape(told)):
            await unpack(house, packed)
    manifest.write_text(whole)
    (packed / "verdicts.jsonl").rename(packed / "verdicts")
    with pytest.raises(UserError, match=r"verdicts.jsonl is missing in "):
        await unpack(house, packed)
    manifest.unlink()
    for folder in (packed, packed / "nowhere"):
        with pytest.raises(UserError, match=r"holds no export: paperboy.json is missing"):
            await unpack(house, folder)
    assert not any(dump(house.path).values())


OURS = 'xmlns:p="urn:paperboy" p:guild_id="7" p:feed="added:https://x.example/1" p:added_at="2026-03-31T13:00:00Z"'
FEEDS: Sequence[tuple[str, str]] = (
    (
        '<!DOCTYPE opml [<!ENTITY a "aaaa">]><opml><outline xmlUrl="&a;"/></opml>',
        "line 1: a DTD is not read: take",
    ),
    ('<!DOCTYPE opml SYSTEM "file:///etc/passwd"><opml/>', "line 1: a DTD is not read"),
    ("<opml>\n<body>", "line 2: this is no XML (no element found)"),
    ("<opml>\n<b>&bomb;</b></opml>", "line 2: this is no XML (undefined entity)"),
    ("<rss/>", "line 1: this is no OPML"),
    ("", "line 1: this is no XML (no element found)"),
    ('<?xml version="1.0" encoding="klingon"?><opml/>', "line 1: this is in an unknown encoding"),
    ('<opml>\n<outline xmlUrl="file:///etc/passwd"/></opml>', "line 2: “rss:file:///etc/passwd” is no source"),
    (
        '<opml><outline xmlUrl="https://joe:x@a.example"/></opml>',
        "line 1: “rss:https://joe:x@a.example” is no source",
    ),
    (
        '<opml><outline xmlUrl="x" p:source="huggingface X=1" xmlns:p="urn:paperboy"/></opml>',
        "huggingface X=1” is no",
    ),
    (
        f'<opml><outline xmlUrl="https://j:x@x.example/1" {OURS}/></opml>',
        "is no web address, or one with a password",
    ),
    (f'<opml><outline xmlUrl="https://x.example/1" {OURS.replace("added:", "")}/></opml>', "begins with “added:”"),
    (
        f'<opml><outline xmlUrl="https://x.example/1" {OURS.replace("7", "x")}/></opml>',
        "guild_id: this is “x”, and",
    ),
    (
        f'<opml><outline xmlUrl="https://x.example/1" {OURS.replace("p:added_at", "p:no")}/></opml>',
        "no field “no”",
    ),
)


async def test_a_list_of_feeds_that_is_none_is_refused(
    house: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "edited")
    manifest = json.loads((folder / moving.MANIFEST).read_text())
    (folder / moving.MANIFEST).write_text(json.dumps({**manifest, "records": {moving.OPML: 1}}))
    for text, told in FEEDS:
        (folder / moving.OPML).write_text(text)
        with pytest.raises(UserError) as raised:
            await unpack(house, folder)
        assert told in str(raised.value)
        assert str(raised.value).startswith("feeds.opml, line ")
    monkeypatch.setattr(opml, "LONGEST", 20)
    with pytest.raises(UserError, match=r"feeds.opml: it is longer than"):
        await unpack(house, folder)
    assert not any(dump(house.path).values())


async def test_a_list_that_a_feed_reader_wrote_comes_in(house: Database, tmp_path: Path) -> None:
    """Other attributes, folders, a bookmark, another encoding."""
    text = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
    <opml version="1.1"><body><outline text="Folder"><outline title="Café" xmlUrl="https://x.example/1" {OURS}/>
    <outline text="b" type="rss" xmlUrl="https://y.example/?a=1&amp;b=2" htmlUrl="https://y.example"/></outline>
    <outline text="page" type="link" url="https://z.example"/></body></opml>"""
    folder = write(tmp_path / "edited")
    manifest = json.loads((folder / moving.MANIFEST).read_text())
    (folder / moving.MANIFEST).write_text(json.dumps({**manifest, "records": {moving.OPML: 3}}))
    (folder / moving.OPML).write_text(text, encoding="iso-8859-1")
    made = await unpack(house, folder)
    assert made.sources == ("rss:https://y.example/?a=1&b=2",)
    assert committed(house, "SELECT * FROM guild_feeds") == [
        (7, "added:https://x.example/1", "https://x.example/1", "Café", int(NOW.timestamp()))
    ]
