"""Messages about one paper: its card, and what is like it. Pure.

Owns: what a card shows. Refuses: finding papers, and who may see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, product

from bot.digest import markup
from bot.digest.found import menu, row_told
from bot.digest.markup import escape, link
from bot.models import Block, Button, Hit, Line, Paper, Post, Query, Row, Text
from bot.papers.sentences import sentences
from bot.papers.summary import shorten
from bot.papers.trending import counted, source

SIMILAR = 5
"""Papers like one that are shown."""
_AUTHORS, _CATEGORIES = 4, 6
_TITLE = 300
_ADDRESS = 512
"""Characters of a button's address."""
_ROOM = 100
"""Characters kept free, for what counts otherwise than is thought."""
_ANYTHING = Query(text="", root=None)


def paper_post(paper: Paper) -> Post:
    """A paper with all that is known of it, inside Discord's limits: its abstract is cut behind a sentence."""
    head = _head(paper)
    blocks: list[Block] = [Text(head)]
    if text := _folded(paper.abstract or paper.summary, markup.MAX_CHARACTERS - markup.length(head) - _ROOM):
        blocks += [Line(), Text(text)]
    if links := _links(paper):
        blocks.append(Row(links))
    like = Button(label="More like this", custom_id=f"paperboy:similar:{paper.id}", primary=True)
    blocks.append(Row((like, Button(label="Why?", custom_id=f"paperboy:why:{paper.id}"))))
    return Post(tuple(blocks))


def _head(paper: Paper) -> str:
    lines = [f"### {link(shorten(paper.title, _TITLE), paper.url)}"]
    names = ", ".join(escape(shorten(name, 60)) for name in paper.authors[:_AUTHORS])
    if others := len(paper.authors) - _AUTHORS:
        names += f" and {others} more" if others > 0 else ""
    by = [part for part in (names, escape(shorten(paper.organization, 80))) if part]
    if by:
        lines.append(" · ".join(by))
    sources = [escape(shorten(name, 60)) for name in dict.fromkeys(map(source, paper.feeds))][:4]
    where = f" on {', '.join(sources)}" if sources else ""
    day = paper.listed_on
    facts = [f"Listed {day.day} {day:%B %Y}{where}" if day else f"Listed{where}" if where else ""]
    facts += [f"▲ {counted(paper.votes, 'vote')}" if paper.votes is not None else ""]
    facts += [counted(paper.comments, "comment") if paper.comments else ""]
    facts += [f"★ {counted(paper.stars, 'star')}" if paper.stars else ""]
    lines.append(f"-# {' · '.join(filter(None, facts))}")
    version = f" v{paper.version}" if paper.version else ""
    known = [f"arXiv {paper.arxiv_id}{version}" if paper.arxiv_id else ""]
    known += [f"DOI {shorten(paper.doi, 100)}" if paper.doi else ""]
    known += [shorten(", ".join(paper.categories[:_CATEGORIES]), 120)]
    lines.append(f"-# {escape(' · '.join(filter(None, known)))}")
    return "\n".join(line for line in lines if line != "-# ")


def _folded(text: str, room: int) -> str:
    """`text` as markdown of at most `room` characters, cut behind a sentence, else between words."""
    text = " ".join(text.split())
    whole = escape(text)
    if markup.length(whole) <= room:
        return whole
    parts = sentences(text)
    lengths = accumulate(markup.length(escape(part)) + 1 for part in parts)
    count = sum(length <= room - 2 for length in lengths)
    if count:
        return f"{escape(' '.join(parts[:count]))} …"
    # One endless sentence: of the worst signs each takes four characters.
    for limit in range(room, 0, -max(1, room // 16)):
        cut = escape(shorten(text, limit))
        if markup.length(cut) <= room:
            return cut
    return ""


def _links(paper: Paper) -> tuple[Button, ...]:
    """Where the paper can be read and talked about; an address that Discord takes for none is left out."""
    listed = "huggingface" in paper.feeds
    page = paper.discussion or (
        f"https://huggingface.co/papers/{paper.arxiv_id}" if listed and paper.arxiv_id else None
    )
    found = {
        "Abstract": paper.url,
        "PDF": f"https://arxiv.org/pdf/{paper.arxiv_id}" if paper.arxiv_id else None,
        "Hugging Face" if listed else "Discussion": page,
        "Code": paper.repository,
        "Project page": paper.project_page,
    }
    buttons: dict[str, Button] = {}
    for label, url in found.items():
        if url and url.startswith(("https://", "http://")) and len(url) <= _ADDRESS and not _spaced(url):
            buttons.setdefault(url, Button(label=label, url=url))
    return tuple(buttons.values())


def _spaced(url: str) -> bool:
    return len(url.split()) != 1 or not url.isprintable()


def similar_post(paper: Paper, hits: Sequence[Hit]) -> Post:
    """What is most like `paper`, and a menu to open one of them."""
    head = f"### More like {link(shorten(paper.title, 150), paper.url)}"
    if not hits:
        return Post((Text(f"{head}\nNothing in the archive is like it yet."),))
    for count, limit in product(range(min(len(hits), SIMILAR), -1, -1), range(200, 39, -40)):
        shown = hits[:count]
        rows = (block for hit in shown for block in (Line(), Text(row_told(_ANYTHING, hit, limit))))
        post = Post((Text(head), *rows, *menu([hit.paper for hit in shown])))
        if markup.fits(post):
            break
    return post
