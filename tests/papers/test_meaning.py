"""A small model, saved and loaded by the real code: from a folder, the hub's cache, a hub, and not at all."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from bot.errors import ModelError
from bot.models import PaperId
from bot.papers import meaning
from bot.papers.meaning import Vectors
from tests import static
from tests.papers.hub import serving

NAME = "somebody/small"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The library's cache is empty, and its hub is a port where nobody listens."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        point(monkeypatch, f"http://127.0.0.1:{free.getsockname()[1]}")
    return monkeypatch


def point(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def unplug(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refused)


def have(place: str) -> None:
    """As `bot.pipeline.meaning` does, in one process."""
    if folder := meaning.find(place):
        meaning.load(folder)
    else:
        meaning.download(place)


def had(place: str) -> Path:
    folder = meaning.find(place)
    assert folder is not None
    return folder


# --- having a model ---------------------------------------------------------------------------------


def test_a_folder_is_loaded_and_tells_what_means_the_same(tmp_path: Path, hub: pytest.MonkeyPatch) -> None:
    folder = static.save(tmp_path / "model")
    unplug(hub)
    model = meaning.load(had(str(folder)))
    vectors = model.embed(["A film of nothing", "movie clip", "drone gripper", "unheard words", ""])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0, 0], abs=1e-6)
    assert vectors[0] @ vectors[1] > 0.8
    assert abs(vectors[0] @ vectors[2]) < 0.5
    assert model.embed([]).shape == (0, static.DIMENSIONS)


def test_many_texts_are_as_one_by_one(tmp_path: Path) -> None:
    model = meaning.load(static.save(tmp_path))
    texts = [f"{one} {other}" for one in static.TOPICS[0] for other in static.TOPICS[1]] * 10
    alone = np.concatenate([model.embed([text]) for text in texts])
    assert np.allclose(model.embed(texts), alone, atol=1e-6)


def test_the_fingerprint_follows_the_files(tmp_path: Path) -> None:
    one, same, other = (
        meaning.load(static.save(tmp_path / name, seed=seed)).fingerprint
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )
    assert one == same != other
    (tmp_path / "same" / "README.md").write_text("---\nlicense: mit\n---\n")
    assert meaning.load(tmp_path / "same").fingerprint == one


def test_a_model_of_the_hub_is_had_once(tmp_path: Path, hub: pytest.MonkeyPatch) -> None:
    made = meaning.load(static.save(tmp_path / "model"))
    assert meaning.find(NAME) is None
    with serving(NAME, tmp_path / "model") as (address, asked), hub.context() as there:
        point(there, address)
        meaning.download(NAME)
        assert any(path.endswith("/model.safetensors") for path in asked)
        assert not any(path.endswith("/README.md") for path in asked)
    # Its files are there: nobody is asked any more.
    unplug(hub)
    kept = meaning.load(had(NAME))
    assert made.fingerprint == kept.fingerprint
    assert np.array_equal(made.embed(["film"]), kept.embed(["film"]))


def test_what_was_half_downloaded_is_asked_for_again(tmp_path: Path, hub: pytest.MonkeyPatch) -> None:
    with serving(NAME, static.save(tmp_path / "model")) as (address, _), hub.context() as there:
        point(there, address)
        meaning.download(NAME)
        had(NAME).joinpath("model.safetensors").unlink()
        assert meaning.find(NAME) is None
        meaning.download(NAME)
        assert had(NAME).joinpath("model.safetensors").is_file()


# --- not having one ---------------------------------------------------------------------------------


def _broken(folder: Path) -> Path:
    (static.save(folder) / "model.safetensors").write_bytes(b"no tensors")
    return folder


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "gone", "name one that has a model2vec model"),
        (_empty, "holds no model2vec model"),
        (_broken, "cannot be read"),
        (lambda _: NAME, "no such model can be had from Hugging Face"),
        (lambda _: "no..such--name", "nor can a model be called so"),
        (lambda _: "a/b/c", "name one that has a model2vec model"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_what_to_do(
    tmp_path: Path, hub: pytest.MonkeyPatch, make: Any, told: str
) -> None:
    place = str(make(tmp_path / "model"))
    with pytest.raises(ModelError) as caught:
        have(place)
    assert told in str(caught.value)
    assert str(caught.value).startswith("PAPERBOY_MEANING")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_without_the_extra_it_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(ModelError, match=r"run `pip install \.\[semantic\]`, or take the setting away"):
        meaning.find(str(tmp_path))


def test_an_address_is_not_told() -> None:
    error = OSError("404 for url: https://me:secret@mirror.example/api (gone)\nAnd more.")
    assert meaning._brief(error) == "404 for url: … (gone)"
    assert meaning._brief(OSError()) == "OSError"


# --- vectors ----------------------------------------------------------------------------------------


def test_bytes_keep_what_a_vector_says() -> None:
    rows = np.random.default_rng(3).standard_normal((50, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[7] = 0
    bodies = meaning.packed(rows)
    assert {len(body) for body in bodies} == {4 + 256}
    vectors = Vectors(256)
    vectors.put([(PaperId(2 * at), body) for at, body in enumerate(bodies)])
    assert len(vectors) == 50
    found = vectors.similarities(rows[3])
    assert found[::2][:50] == pytest.approx(rows @ rows[3], abs=0.01)
    assert found[6] == found.max() > 0.99
    assert not found[1::2].any()
    kept = vectors.of(PaperId(6))
    assert kept is not None
    assert kept == pytest.approx(rows[3], abs=0.002)
    for unknown in (1, 10**6, -1):
        assert vectors.of(PaperId(unknown)) is None


def test_a_later_vector_takes_the_place_of_an_earlier() -> None:
    rows = np.eye(4, dtype=np.float32)
    bodies = meaning.packed(rows)
    vectors = Vectors(4)
    assert vectors.similarities(rows[0]).tolist() == []
    vectors.put([])
    vectors.put([(PaperId(1), bodies[0]), (PaperId(1200), bodies[1])])
    vectors.put([(PaperId(1), bodies[2])])
    assert len(vectors) == 2
    assert np.flatnonzero(vectors.similarities(rows[2])).tolist() == [1]
    assert np.flatnonzero(vectors.similarities(rows[1])).tolist() == [1200]
