"""Bytes that are a feed somehow: other encodings, damage, entities, and the limits of what is read."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import FeedError
from bot.feeds import arxiv, document, rss

DATA = Path(__file__).parents[1] / "data"
FEEDS = sorted(path for path in DATA.iterdir() if path.suffix in (".xml", ".rdf") and "error" not in path.name)


def titled(title: str, declared: str = "") -> str:
    """A feed with one entry."""
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    return f"{declaration}<rss version='2.0'><channel><item><title>{title}</title>{LINK}</item></channel></rss>"


LINK = "<link>https://example.org/1</link>"


def read(body: bytes) -> str:
    (entry,) = rss.parse(body).entries
    return entry.paper.title


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "codec", "declared"),
    [
        ("Café – “two”", "utf-8", "utf-8"),
        ("Café – “two”", "utf-8", ""),
        ("Café – “two”", "utf-8", "iso-8859-1"),
        ("Café – “two”", "utf-8", "windows-1252"),
        ("Café – “two”", "utf-8", "utf-16"),
        ("Café – “two”", "utf-8", "no-such-charset"),
        ("Café – “two”", "utf-8", "punycode"),
        ("Café – “two”", "utf-8", "unicode_escape"),
        ("Café – “two”", "utf-8-sig", "utf-8"),
        ("Café – “two”", "utf-8-sig", "iso-8859-1"),
        ("Café – “two”", "cp1252", "utf-8"),
        ("Café – “two”", "cp1252", "iso-8859-1"),
        ("Café – “two”", "cp1252", "us-ascii"),
        ("Café – “two”", "cp1252", "windows-1252"),
        ("Café – “two”", "cp1252", "no-such-charset"),
        ("Café – “two”", "cp1252", ""),
        ("Café – “two”", "utf-16", "utf-16"),
        ("Café – “two”", "utf-16-le", "utf-16"),
        ("Café – “two”", "utf-16-be", ""),
        ("Café – “two”", "utf-32", "utf-8"),
        ("Café – “two”", "utf-32-le", ""),
        ("Café – “two”", "utf-32-be", "utf-32"),
        ("Привет", "windows-1251", "windows-1251"),
        ("Привет", "koi8-r", "KOI8-R"),
        ("Łódź", "iso-8859-2", "ISO-8859-2"),
        ("€uro", "iso-8859-15", "iso-8859-15"),
        ("日本語", "shift_jis", "Shift_JIS"),
        ("日本語", "euc-jp", "EUC-JP"),
        ("日本語", "iso-2022-jp", "ISO-2022-JP"),
        ("简体中文", "gb2312", "GB2312"),
        ("镕", "gbk", "gb2312"),
        ("繁體", "big5", "Big5"),
        ("한국어", "euc-kr", "euc-kr"),
    ],
)
def test_an_encoding_is_found_by_what_the_bytes_are(title: str, codec: str, declared: str) -> None:
    assert read(titled(title, declared).encode(codec)) == title


def test_one_wrong_byte_costs_no_other_letter() -> None:
    body = titled("naïve “quotes” by \0 and \1 – 日本", "utf-8").encode()
    assert (
        read(body.replace(b"\0", b"Jos\xe9").replace(b"\1", b"\x93Z\x94"))
        == "naïve “quotes” by José and “Z” – 日本"
    )


def test_utf_8_taken_for_latin_1_and_encoded_again_is_mended() -> None:
    assert read(titled("CafÃ©").encode()) == "Café"


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A & B", "A & B"),
        ("A&nbsp;B &eacute; &unknown;", "A B é &unknown;"),
        ("a < b", "a < b"),
        ("x<br>y", "x y"),
        ("$x<y$", "$x<y$"),
        ("a\x00b\x0cc\x1bd", "abcd"),
        ("a &#0; &#x1F; &#xFFFF; b", "a b"),
        ("&#55357;&#56832;!", "!"),
        ("&#99999999999; &#xFFFFFFFFFF; " + f"&#{'9' * 5_000};x", "x"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("&#36;x&#60;y&#36;", "$x<y$"),
    ],
)
def test_what_is_no_xml_is_read_all_the_same(title: str, expected: str) -> None:
    assert read(titled(title).encode()) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"<br />\n<b>Warning</b>: x() in <b>/y.php</b><br />\n<?xml version='1.0'?>" + titled("T").encode(),
        b"\n\n \xef\xbb\xbf" + titled("T", "utf-8").encode(),
        b"<!-- made by <x> --><?xml-stylesheet href='a'?>" + titled("T").encode(),
        titled("T").encode() + b"<script>alert(1)</script>",
        titled("T").encode() + b"\n<!-- cached -->\0\0",
        titled("T").replace("</item>", "").encode(),
        titled("T").replace("</title>", "</title><dc:creator>A</dc:creator><br><p>").encode(),
        titled("T").replace("<item>", "<item><authors>A</authors><links>l</links><tags>t</tags>").encode(),
        titled("T").replace("<item>", "<item xmlns:z='a b c' z:k='1' xmlns='q r s'>").encode(),
        titled("T").replace("<item>", "<item " + " ".join(f"a{at}=''" for at in range(500)) + ">").encode(),
        titled("T").replace("rss", "RSS").encode(),
    ],
    ids=[
        *("warnings before", "lines before", "comments before", "a script after", "zeros after", "never closed"),
        *("open tags", "fields of another kind", "namespaces with blanks", "attributes", "capitals"),
    ],
)
def test_what_stands_around_and_between_does_not_matter(body: bytes) -> None:
    assert read(body) == "T"


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_feed_cut_off_anywhere_is_none(path: Path) -> None:
    body = path.read_bytes().rstrip()
    parse = arxiv.parse if path.name.startswith("arxiv") else rss.parse
    assert parse(body).entries
    for at in range(0, len(body), len(body) // 60):
        with pytest.raises(FeedError, match=r"breaks off before its end|is not a feed"):
            parse(body[:at])


# --- entities -------------------------------------------------------------------------------------


@pytest.fixture
def visits() -> Iterator[tuple[str, list[str]]]:
    """(the address of a server, what it was asked)."""
    asked: list[str] = []

    class Door(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode())
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n<!ENTITY leaked 'SECRET'>SECRET")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/x", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("damage", ["", "<br>"], ids=["well-formed", "damaged"])
@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE rss SYSTEM "{}">',
        '<!DOCTYPE rss [<!ENTITY leaked SYSTEM "{}">]>',
        '<!DOCTYPE rss [<!ENTITY leaked PUBLIC "-//x//y" "{}">]>',
        '<!DOCTYPE rss [<!ENTITY % all SYSTEM "{}"> %all;]>',
        '<!DOCTYPE rss [\n<!ENTITY leaked SYSTEM "{}">\n]>',
        '<?xml-stylesheet href="{}"?>',
    ],
)
def test_nothing_outside_of_the_body_is_opened(
    tmp_path: Path, visits: tuple[str, list[str]], head: str, damage: str
) -> None:
    server, asked = visits
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{server}" parse="text"/>'
    for address in (server, secret.as_uri(), str(secret)):
        body = head.format(address) + titled(f"T &leaked; {include}{damage}")
        parsed = rss.parse(body.encode())
        assert "SECRET" not in repr(parsed)
        assert parsed.entries[0].paper.title.startswith("T")
    assert asked == []


REFERENCES = "&a%d;" * 10


@pytest.mark.parametrize("damage", ["", "<br>"], ids=["well-formed", "damaged"])
def test_entities_of_a_document_type_are_not_resolved(damage: str) -> None:
    nested = "".join(f'<!ENTITY a{at} "{REFERENCES % ((at - 1,) * 10)}">\n' for at in range(1, 20))
    body = f'<!DOCTYPE x [\n<!ENTITY a0 "{"ha" * 1_000}">\n{nested}]>\n' + titled(f"&a19;{damage}")
    assert read(body.encode()) == "&a19;"
    assert read((f'<!DOCTYPE x [\n<!ENTITY a "b">\n]>{titled(f"&a;{damage}")}').encode()) == "&a;"


# --- limits ---------------------------------------------------------------------------------------


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = titled("T").replace("<item>", "<item>" + "<a/>" * 50)
    assert read(body.encode()) == "T"
    monkeypatch.setattr(document, "_MOST_ELEMENTS", 50)
    for made in (body, body + "<"):
        with pytest.raises(FeedError, match="this feed is too large: it has more than 50 elements"):
            rss.parse(made.encode())


@pytest.mark.parametrize(("limit", "piece"), [("_MOST_DAMAGED_TAGS", "<"), ("_MOST_DAMAGED_REFERENCES", "&")])
def test_a_large_feed_is_refused_only_if_it_is_damaged(
    monkeypatch: pytest.MonkeyPatch, limit: str, piece: str
) -> None:
    monkeypatch.setattr(document, limit, 10)
    assert read(titled("T &amp; U" * 11).encode()).startswith("T")
    with pytest.raises(FeedError, match="damaged, and too large to be read in spite of it"):
        rss.parse(titled(piece * 11).encode())


@pytest.mark.parametrize("damage", ["", "<br>"], ids=["well-formed", "damaged"])
def test_what_there_is_too_much_of_is_left_out(damage: str) -> None:
    many = "".join(f"<category>c{at}</category>" for at in range(1_000))
    line = ", ".join(f"A{at} B" for at in range(12_000))
    item = f"<description>{'word ' * 5_000}</description>{many}<author>{line}</author>{damage}"
    (entry,) = rss.parse(titled("T" * 900).replace("</item>", f"{item}</item>").encode()).entries
    assert (len(entry.paper.title), len(entry.paper.abstract) <= 10_000) == (500, True)
    assert entry.paper.categories[:2] == ("c0", "c1")
    assert len(entry.paper.authors) == 10_000


@pytest.mark.parametrize("damage", ["", "<br>"], ids=["well-formed", "damaged"])
@pytest.mark.parametrize("line", ["jane@example.org (Jane Doe)", "Jane Doe &lt;jane@example.org&gt;"])
def test_an_address_in_a_line_of_authors_is_none(line: str, damage: str) -> None:
    for padding in ("", ", A B" * 100):
        body = titled("T").replace("</item>", f"<author>{line}{padding}</author>{damage}</item>")
        (entry,) = rss.parse(body.encode()).entries
        assert "example" not in repr(entry.paper.authors)
