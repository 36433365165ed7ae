"""A small model2vec model, made, saved and loaded by its own code: words of one topic mean nearly the same."""

from __future__ import annotations

from pathlib import Path

TOPICS = (
    ("video", "film", "movie", "clip"),
    ("robot", "drone", "manipulator", "gripper"),
    ("protein", "enzyme", "peptide", "antibody"),
    ("speech", "voice", "audio", "spoken"),
)
DIMENSIONS = 16


def save(folder: Path, *, seed: int = 1) -> Path:
    """The model in `folder`; another `seed` is another model of the same words."""
    import numpy as np
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    chance = np.random.default_rng(seed)
    axes = np.linalg.qr(chance.standard_normal((DIMENSIONS, DIMENSIONS)))[0]
    vocabulary = {"[UNK]": 0, **{word: 1 + at for at, word in enumerate(word for one in TOPICS for word in one)}}
    vectors = np.zeros((len(vocabulary), DIMENSIONS), np.float32)
    for number, words in enumerate(TOPICS):
        for word in words:
            vectors[vocabulary[word]] = axes[number] + 0.1 * chance.standard_normal(DIMENSIONS)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)
    return folder
