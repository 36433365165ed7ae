"""Lists of feeds as OPML 2.0, which every feed reader opens.

Owns: the document, and ours beside the standard attributes, in a namespace of their own, as the format allows it.
Refuses: documents with a DTD, so that no entity can be one's own; and what the attributes mean.
Source: the OPML 2.0 specification, http://opml.org/spec2.opml .
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from bot.errors import UserError
from bot.formats.shapes import visible

NAMESPACE = "urn:paperboy"
LONGEST = 64 * 1024 * 1024
"""Bytes of a document that is read."""
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed."""

    title: str
    address: str
    """The feed's, or the page's where there is no feed (a `page`)."""
    page: bool = False
    ours: Mapping[str, str] = field(default_factory=dict)
    """Attributes in our namespace, by their names there."""


def head(title: str, now: datetime) -> str:
    """What stands before the first outline."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<opml version="2.0" xmlns:paperboy="{NAMESPACE}">\n'
        "  <head>\n"
        f"    <title>{escape(title)}</title>\n"
        f"    <dateCreated>{format_datetime(now, usegmt=True)}</dateCreated>\n"
        "  </head>\n"
        "  <body>\n"
    )


def line(outline: Outline) -> str:
    """One outline, as text."""
    kind, place = ("link", "url") if outline.page else ("rss", "xmlUrl")
    attributes = {
        "text": outline.title or outline.address,
        "title": outline.title,
        "type": kind,
        place: outline.address,
        **{f"paperboy:{name}": value for name, value in outline.ours.items()},
    }
    told = " ".join(f"{name}={quoteattr(visible(value))}" for name, value in attributes.items())
    return f"    <outline {told}/>\n"


FOOT = "  </body>\n</opml>\n"
"""What stands behind the last outline."""


def read(file: BinaryIO) -> Iterator[tuple[int, Outline]]:
    """(line, outline) of every feed and every page in the document, folders left aside.

    Raises UserError with the line for what is no OPML.
    """
    found: list[tuple[int, Outline]] = []
    begun = False
    parser = expat.ParserCreate(namespace_separator=" ")

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal begun
        if not begun and name != "opml":
            raise _wrong(parser.CurrentLineNumber, "this is no OPML")
        begun = True
        place = attributes.get("xmlUrl") or attributes.get("url")
        if name == "outline" and place:
            prefix = f"{NAMESPACE} "
            ours = {key.removeprefix(prefix): value for key, value in attributes.items() if key.startswith(prefix)}
            outline = Outline(
                title=visible(attributes.get("title", attributes.get("text", ""))),
                address=visible(place),
                page="xmlUrl" not in attributes,
                ours={key: visible(value) for key, value in ours.items()},
            )
            found.append((parser.CurrentLineNumber, outline))

    def refuse(*_: object) -> None:
        raise _wrong(parser.CurrentLineNumber, "a DTD is not read: take the <!DOCTYPE …> out")

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    size = 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > LONGEST:
            raise UserError(f"it is longer than {LONGEST // 1024**2} MiB")
        yield from _parsed(parser, chunk, found)
    yield from _parsed(parser, b"", found)


def _parsed(
    parser: expat.XMLParserType, chunk: bytes, found: list[tuple[int, Outline]]
) -> Iterable[tuple[int, Outline]]:
    """The outlines that are whole with this chunk; an empty one is the last."""
    try:
        parser.Parse(chunk, not chunk)
    except expat.ExpatError as error:
        raise _wrong(error.lineno, f"this is no XML ({expat.ErrorString(error.code)})") from None
    except (LookupError, ValueError):  # an encoding that Python does not know
        raise _wrong(parser.CurrentLineNumber, "this is in an unknown encoding: save it as UTF-8") from None
    taken = tuple(found)
    found.clear()
    return taken


def _wrong(number: int, what: str) -> UserError:
    return UserError(f"line {number}: {what}")
