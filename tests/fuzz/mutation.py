"""Samples and their mutations: fields dropped, renamed, retyped, nested, repeated; markup cut up; bytes spliced.

Everything follows from the `Random` that is passed in: the same seed makes the same input.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

PARSERS = ("huggingface", "arxiv", "rss")

_DATA = Path(__file__).parents[1] / "data"
_FEEDS = tuple(path.read_bytes() for path in sorted(_DATA.iterdir()) if path.suffix in (".xml", ".rdf"))
_LISTS = tuple(path.read_bytes() for path in sorted(_DATA.glob("*.json")))

TEXTS = (
    *("", " ", "x", "0", "-1", "null", "@everyone", "<@123>", "**_~`|#", "a, b, c", "A; B; C", "A B (X, (Y)"),
    *("[https://arxiv.org](https://evil.example)", "javascript:alert(1)", "data:text/html,x", "//x", "urn:x", "#"),
    *("https://a.b/" + "c" * 2_100, "https://[::1", "https://doi.org/10.1000/\u202ex", "10.1000/x\\y"),
    *("2603.20001", "2603.20001v2", "arXiv:2603.20001v0", "hep-ex/0307015", "10.48550/arXiv.2603.1"),
    *("https://arxiv.org/abs/2603.20001v1", "oai:arXiv.org:2604.22001v1", "Kukla, D., Wood, E.", "Jr., " * 90),
    *("0000-01-01", "0001-01-01T00:00:00+14:00", "99999-01-01T00:00:00Z", "-1-01-01", "2099-12-31T23:59:60Z"),
    *("Mon, 99 Foo 99999 99:99:99 +9999", "Mon, 27 Apr 0000 00:00:00 -0400", "9" * 5_000, "1e999"),
    *("\x00\x01\x1b\x7f\x85", "\u202e\u2066rtl\u2069\u200f", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u3164"),
    *("👩\u200d👩\u200d👧", "👍🏽", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "\U000e0041", "e\u0301", "שלום"),
    *("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "a" + "\u0300\u0316" * 200),
    *("$x<y$ and p<0.05", "&#x26;lt;", "&amp;#0;", "&nbsp;", "&#" + "9" * 5_000, "&lt;p&gt;x&lt;/p&gt;", "<p"),
    *("<b>x</b>", "<script>", "<!--", "-->", "<![CDATA[", "]]>", "jane@example.org (Jane)", "x " * 6_000),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**63, 10**400, 1e308, float("inf"), float("nan")),
    *([], {}, [[]], [None], [0], {"name": {}}, [{"name": 1}], {"error": "x"}, {"paper": {"paper": {}}}),
    [{"name": "A B", "hidden": 0}] * 600,
)
_MARKUP = (
    *("<item>", "</item>", "<entry>", "</entry>", "</channel>", "<rss>", "<feed>", "<title/>", "<link/>", "<id>"),
    *("<authors>A</authors>", "<links>x</links>", "<tags>a,b</tags>", "<author><name>A</name></author>"),
    *("<title>a</title><title>b</title>", '<title type="html">&lt;b&gt;x&lt;/b&gt;</title>', "<summary>"),
    *('<content type="xhtml"><div> <b>x</b> </div></content>', '<content type="image/png">AAAA</content>'),
    *('<a xml:base="http://x.org/">', '<link href="../y"/>', '<b xmlns="q r s"/>', '<c xmlns:z="a b" z:k="1"/>'),
    *("<image><title>x</title></image>", "<textInput><title>x</title></textInput>", "<source>x</source>"),
    *("<published_parsed>1</published_parsed>", "<z:z/>", "<svg><title>t", "<dc:creator>", "<d>" * 50),
    '<psc:chapters xmlns:psc="http://podlove.org/simple-chapters"><psc:chapter/></psc:chapters>',
    *("&lol;", "&#xD83D;&#xDE00;", "&#0;", "&#x110000;", "&#8217;", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "<?x ?>"),
    *("<", "&", ">", '"', "'", "<a b='c", "</", "<!", "<?", "<![CDATA[", "]]>", "<!-- x", "\x00", "\x0c", "<br>"),
    *("<x " + " ".join(f'a{at}=""' for at in range(60)) + "/>", "<category>c</category>" * 120, "\ufffe"),
)
_CODECS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "shift_jis", "utf-7")
_NAMES = ("utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis", "iso-2022-jp", "punycode", "no-such", "")


def made(random: Random, parser: str) -> bytes:
    """One input for a parser."""
    if random.random() < 0.05:
        return random.randbytes(random.randrange(300))
    if parser == "huggingface":
        body = _list(random, random.choice(_LISTS))
    else:
        body = _feed(random, random.choice(_FEEDS))
    for _ in range(random.choice((0, 0, 0, 0, 0, 1, 2, 5))):
        body = _spliced(random, body)
    return body


# --- JSON -----------------------------------------------------------------------------------------


def _list(random: Random, sample: bytes) -> bytes:
    value = [*json.loads(sample), *json.loads(sample)][: random.choice((1, 2, 3, 4))]
    if random.random() < 0.3:
        value = [item["paper"] for item in value]
    whole: Any = value
    for _ in range(random.choice((1, 2, 4, 8))):
        whole = _changed(random, whole)
    text = json.dumps(whole, ensure_ascii=random.random() < 0.5)
    if random.random() < 0.1:  # a key twice, a number too long for Python
        text = text.replace("{", '{"id": "2603.00009", "upvotes": %s, ' % ("9" * random.choice((1, 30, 5_000))), 1)
    return text.encode("utf-8", "surrogatepass")


def _changed(random: Random, value: Any, depth: int = 0) -> Any:
    """The value with one thing changed, somewhere within."""
    inner = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    if inner and random.random() < (0.99, 0.95, 0.9)[min(depth, 2)]:
        key = random.choice(inner)
        copy: Any = value.copy()
        match random.randrange(10):
            case 0:
                del copy[key]
            case 1 if isinstance(copy, dict):
                copy[random.choice((*inner, f"{key}s", key.upper(), "paper", ""))] = copy.pop(key)
            case 2 if isinstance(copy, list):
                copy.insert(key, copy[key])
            case _:
                copy[key] = _changed(random, copy[key], depth + 1)
        return copy
    match random.randrange(5):
        case 0:
            for _ in range(random.choice((1, 2, 200))):
                value = [value] if random.random() < 0.5 else {random.choice(("paper", "name", "x")): value}
            return value
        case 1:
            return random.choice(VALUES)
        case 2 if isinstance(value, str):
            at = random.randrange(len(value) + 1)
            return value[:at] + random.choice((*TEXTS, "\ud800")) + value[at:]
        case _:
            return random.choice(TEXTS)


# --- XML ------------------------------------------------------------------------------------------


def _feed(random: Random, sample: bytes) -> bytes:
    tokens = re.findall(r"<[^>]*>|[^<]+", sample.decode())
    for _ in range(random.choice((1, 2, 4, 8, 20))):
        at = random.randrange(len(tokens))
        end = min(len(tokens), at + random.choice((1, 1, 2, 5, 30)))
        match random.randrange(10):
            case 0:
                del tokens[at:end]
            case 1:
                tokens[at:at] = tokens[at:end] * random.choice((1, 1, 2, 50))
            case 2:
                other = random.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                name = random.choice(("x", "title", "link", "id", "dc:x", "item"))
                tokens[at] = re.sub(r"[\w:]+", name, tokens[at], count=1)
            case 4:
                tokens.insert(at, random.choice(_MARKUP))
            case 5:
                depth = random.choice((1, 5, 500))
                tokens[at:end] = [*["<n>"] * depth, *tokens[at:end], *["</n>"] * depth]
            case 6:
                tokens[at] = f"<![CDATA[{tokens[at]}]]>"
            case _:
                text = random.choice(TEXTS)
                tokens[at] = text if random.random() < 0.3 else text.replace("&", "&amp;").replace("<", "&lt;")
        tokens = tokens or [""]
    text = "".join(tokens)[:400_000]
    if random.random() < 0.2:
        text = re.sub(r"encoding=['\"][^'\"]*", f"encoding='{random.choice(_NAMES)}", text, count=1)
    return text.encode(random.choice(_CODECS) if random.random() < 0.2 else "utf-8", "replace")


# --- bytes ----------------------------------------------------------------------------------------


def _spliced(random: Random, body: bytes) -> bytes:
    at = random.randrange(len(body) + 1)
    end = min(len(body), at + random.choice((1, 3, 20, 200, 5_000)))
    match random.randrange(6):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + body[end:]
        case 2:
            return body[:at] + random.randbytes(random.choice((1, 2, 8))) + body[end:]
        case 3:
            return body[:at] + body[at:end] * random.choice((2, 3, 20)) + body[end:]
        case 4:
            return (
                body[:at]
                + random.choice((b"\x00", b"\xff\xfe", b"\xe9", b"\x93x\x94", b"\xed\xa0\x80"))
                + body[at:]
            )
        case _:
            return body[at:]
