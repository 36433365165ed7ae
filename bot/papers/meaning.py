"""What a text means, as a vector: a model2vec model from a folder or from the hub's cache, and the vectors of the
archive in memory.

Owns: the only use of model2vec (the extra `semantic`, imported where it is needed), what of a paper is embedded,
and how a vector is kept in bytes. Refuses: the database, and when any of it is done (`bot.pipeline.meaning`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.errors import ModelError
from bot.models import PaperId

if TYPE_CHECKING:
    from model2vec import StaticModel

Floats = NDArray[np.float32]

_RECIPE = b"2 x title, abstract; int8"
"""What is embedded, and how it is kept: with other words here every vector is made anew."""
_LAYOUTS = (
    ("config.json", "model.safetensors", "tokenizer.json"),
    ("config_sentence_transformers.json", "model.safetensors", "tokenizer.json"),
    (
        "config_sentence_transformers.json",
        "0_StaticEmbedding/model.safetensors",
        "0_StaticEmbedding/tokenizer.json",
    ),
)
"""The files that model2vec looks for in a folder, in its order."""
_WANTED = sorted({name for layout in _LAYOUTS for name in layout})
_ID = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*", re.ASCII)
_BATCH = 64
"""Texts embedded while a question waits: some 35 ms."""
_ROWS = 512
"""Vectors compared at once: they fit into a processor's cache, and int8 is then as quick as float32 (11 ms for
100,000 of 256 numbers), in a quarter of the memory."""


def text_of(title: str, abstract: str, summary: str) -> str:
    """What of a paper is embedded. The title counts twice: nDCG@10 .450 instead of .441 over four collections,
    .412 without it."""
    return f"{title}\n{title}\n{abstract or summary}"


class Model:
    """A loaded model. Its methods may be called from any thread."""

    def __init__(self, loaded: StaticModel, fingerprint: str) -> None:
        self._loaded, self.fingerprint = loaded, fingerprint
        """Of its files, and of how they are used: vectors of another one cannot be compared."""
        self._lock = Lock()

    @property
    def dimensions(self) -> int:
        return self._loaded.dim

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text; all zero where the model knows none of its words."""
        found = [np.zeros((0, self.dimensions), np.float32)]
        for start in range(0, len(texts), _BATCH):
            with self._lock:  # older tokenizers (0.21) fail where two threads use them
                some = self._loaded.encode(texts[start : start + _BATCH], use_multiprocessing=False)
            found.append(some.astype(np.float32))
        vectors = np.nan_to_num(np.concatenate(found))
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors


# --- having a model ---------------------------------------------------------------------------------


def find(place: str) -> Path | None:
    """The folder of the model: `place` itself, or where the hub's cache on this machine has the model of that id;
    None where that has to be downloaded first. Asks nobody. Raises ModelError, which says what to do."""
    try:
        import huggingface_hub  # noqa: PLC0415
        import model2vec  # noqa: F401, PLC0415
    except ImportError as error:
        raise ModelError(
            "PAPERBOY_MEANING is set, and model2vec is not installed: run `pip install .[semantic]`, or take the "
            f"setting away ({error})."
        ) from error
    folder = Path(place).expanduser()
    if folder.is_dir():
        return folder
    if not _ID.fullmatch(place):
        raise ModelError(
            f"PAPERBOY_MEANING: there is no folder {place}: name one that has a model2vec model, or a model's id "
            "on Hugging Face (owner/name)."
        )
    try:
        kept = Path(huggingface_hub.snapshot_download(place, allow_patterns=_WANTED, local_files_only=True))
    except OSError:
        return None  # not there, or only a part of it
    except ValueError as error:
        raise ModelError(
            f"PAPERBOY_MEANING: there is no folder {place}, nor can a model be called so ({_brief(error)})."
        ) from error
    return kept if _files(kept) else None


def download(place: str) -> None:
    """Bring the model with this id from the hub into its cache on this machine. Raises ModelError.

    For a process of its own: the library waits for an answer without end, and cannot be stopped.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415

    disable_progress_bars()
    try:
        snapshot_download(place, allow_patterns=_WANTED)
    except Exception as error:  # the errors of two HTTP libraries, by its version
        raise not_to_be_had(place, _brief(error)) from error


def not_to_be_had(place: str, why: str) -> ModelError:
    return ModelError(
        f"PAPERBOY_MEANING: there is no folder {place}, and no such model can be had from Hugging Face ({why}): "
        "check its name and the connection, or put its files into a folder and name that. It is tried again in an "
        "hour."
    )


def load(folder: Path) -> Model:
    """The model in a folder. Raises ModelError, which says what to do."""
    from model2vec import StaticModel  # noqa: PLC0415

    files = _files(folder)
    if not files:
        raise ModelError(
            f"PAPERBOY_MEANING: {folder} holds no model2vec model: name the folder that has its config.json, "
            "model.safetensors and tokenizer.json."
        )
    try:
        loaded = StaticModel.from_pretrained(folder)
    except Exception as error:  # each of the three libraries behind it raises what it likes
        raise ModelError(
            f"PAPERBOY_MEANING: the model in {folder} cannot be read ({_brief(error)}): copy its files again."
        ) from error
    return Model(loaded, _fingerprint(files))


def _files(folder: Path) -> tuple[Path, ...]:
    for layout in _LAYOUTS:
        files = tuple(folder / name for name in layout)
        if all(file.is_file() for file in files):
            return files
    return ()


def _fingerprint(files: Sequence[Path]) -> str:
    told = hashlib.sha256(_RECIPE)
    for file in files:
        with file.open("rb") as opened:
            told.update(hashlib.file_digest(opened, "sha256").digest())
    return told.hexdigest()[:16]


def _brief(error: Exception) -> str:
    """Its first line, without addresses: a mirror's may hold a password."""
    return re.sub(r"\S+://\S+", "…", (str(error).strip().splitlines() or [type(error).__name__])[0])[:200]


# --- vectors as bytes and in memory -----------------------------------------------------------------


def packed(vectors: Floats) -> list[bytes]:
    """Each row as its scale (float32) and one signed byte for each number, little-endian.

    A quarter of float32, half of float16, for .000 to .003 of nDCG@10 by meaning alone, and .001 once fused.
    """
    scales = (np.abs(vectors).max(axis=1, initial=0.0) / 127).astype("<f4")
    steps = np.round(vectors / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return [scale.tobytes() + row.tobytes() for scale, row in zip(scales, steps, strict=True)]


class Vectors:
    """The vectors of an archive, one row for each paper id. Its methods may be called from any thread."""

    def __init__(self, dimensions: int) -> None:
        self._known = np.zeros(0, np.bool_)
        self._scales = np.zeros(0, np.float32)
        self._steps = np.zeros((0, dimensions), np.int8)
        self._lock = Lock()

    def __len__(self) -> int:
        return int(np.count_nonzero(self._known))

    def put(self, rows: Sequence[tuple[PaperId, bytes]]) -> None:
        """Take (paper, what `packed` made of its vector), in place of what a paper had before."""
        with self._lock:
            self._grow(1 + max((paper_id for paper_id, _ in rows), default=-1))
            for paper_id, body in rows:
                self._known[paper_id] = True
                self._scales[paper_id] = np.frombuffer(body, "<f4", 1)[0]
                self._steps[paper_id] = np.frombuffer(body, np.int8, offset=4)

    def _grow(self, size: int) -> None:
        more = max(size, len(self._known) * 5 // 4) - len(self._known)
        if size > len(self._known):
            self._known = np.concatenate((self._known, np.zeros(more, np.bool_)))
            self._scales = np.concatenate((self._scales, np.zeros(more, np.float32)))
            self._steps = np.concatenate((self._steps, np.zeros((more, self._steps.shape[1]), np.int8)))

    def of(self, paper_id: PaperId) -> Floats | None:
        """The paper's vector, where it has one."""
        with self._lock:
            if not 0 <= paper_id < len(self._known) or not self._known[paper_id]:
                return None
            vector: Floats = self._steps[paper_id].astype(np.float32) * self._scales[paper_id]
            return vector

    def similarities(self, vector: Floats) -> Floats:
        """The cosine with `vector` by paper id; 0 where a paper has no vector."""
        with self._lock:
            found = np.empty(len(self._scales), np.float32)
            for start in range(0, len(found), _ROWS):
                rows = slice(start, start + _ROWS)
                found[rows] = self._steps[rows].astype(np.float32) @ vector
            return found * self._scales
