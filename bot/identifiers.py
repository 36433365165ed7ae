"""arXiv ids and DOIs as they stand in links and text. Pure; imports nothing of ours.

Formats: arXiv's identifier scheme (YYMM.NNNN to 2014, YYMM.NNNNN since; archive/YYMMNNN before 2007-04)
and the DOI handbook's "10.registrant/suffix".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7}"
_VERSION = r"(?:v(?P<version>\d{1,4}))?"
_BARE = re.compile(rf"(?P<id>{_NEW}|{_OLD}){_VERSION}", re.ASCII)
# In running text a bare number may be anything: an id counts only behind "arXiv" or in a link to the paper.
_IN_TEXT = re.compile(
    rf"""(?: arxiv\.org/(?:abs|pdf|html|format)/ | alphaxiv\.org/abs/ | (?:huggingface|\bhf)\.co/papers/
         | oai:arXiv\.org: | arxiv:\s* | 10\.48550/arxiv\. )
         (?P<id>{_NEW}|{_OLD}){_VERSION}(?!\d)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>?#&]{1,250}", re.ASCII)
_ARXIV_DOI = "10.48550/arxiv."


def split_arxiv_id(text: str) -> tuple[str, int | None] | None:
    """("2604.14630", 2) of "2604.14630v2"; None where the whole text is not an arXiv id."""
    found = _BARE.fullmatch(text.strip())
    return _parts(found) if found else None


def find_arxiv_id(text: str) -> tuple[str, int | None] | None:
    """The first arXiv id that a link or text names as such, with its version where it has one."""
    found = _IN_TEXT.search(text)
    return _parts(found) if found else None


def find_arxiv_ids(text: str) -> tuple[tuple[str, int | None], ...]:
    """Every arXiv id that a text names as such, each once, with the first version named for it."""
    versions: dict[str, int | None] = {}
    for found in _IN_TEXT.finditer(text):
        name, version = _parts(found)
        versions[name] = versions.get(name) or version
    return tuple(versions.items())


def find_doi(text: str) -> str | None:
    """The first DOI in a link or text, lower case; arXiv's own DOIs are arXiv ids, not DOIs."""
    return next(_dois(text), None)


def find_dois(text: str) -> tuple[str, ...]:
    """Every DOI in a text, each once; like `find_doi`."""
    return tuple(dict.fromkeys(_dois(text)))


def _dois(text: str) -> Iterator[str]:
    for found in _DOI.finditer(text):
        doi = normalise_doi(found[0])
        if not doi.startswith(_ARXIV_DOI) and not doi.endswith("/"):
            yield doi


def normalise_doi(doi: str) -> str:
    """Lower case, without resolver, closing punctuation, page kind ("/full", ".pdf") or bioRxiv's version."""
    doi = re.sub(r"^(?:https?://(?:dx\.|www\.)?doi\.org/|doi:\s*)", "", doi.strip().lower())
    while doi and (doi[-1] in ".,;:*_]}" or (doi[-1] == ")" and doi.count("(") < doi.count(")"))):
        doi = doi[:-1]
    doi = re.sub(r"(?:/(?:full|abstract|pdf|epdf|pdfdirect|html|fulltext|meta)|\.pdf)$", "", doi)
    if doi.startswith("10.1101/") or doi.startswith("10.64898/"):
        doi = re.sub(r"v\d+(?:\..*)?$", "", doi)
    return doi


def _parts(found: re.Match[str]) -> tuple[str, int | None]:
    # One paper, one id: "math.GT/0309136" and "Math/0309136" are "math/0309136", arXiv's canonical form.
    archive, slash, number = found["id"].rpartition("/")
    version = found["version"]
    return archive.partition(".")[0].lower() + slash + number, int(version) if version else None
