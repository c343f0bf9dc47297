"""Make datasets/vectors/passages.npy: 20,000 embeddings of real passages, on which lesson 02 compares index types.

    python tools/make_vectors.py --prose prose.txt.xz

The passages are paragraphs of 12 to 60 words, drawn without repetition (seed 0) from openly licensed documentation; only their
vectors are kept. datasets/vectors/README.md names the sources.
"""

import argparse
import hashlib
import lzma
import random
from pathlib import Path

import numpy as np

from coursekit.embedding import Embedder

OUT = Path(__file__).resolve().parents[1] / "datasets" / "vectors" / "passages.npy"
PROSE_SHA256 = "2af46d9584f714f2405bbcb0ce139d756777192b1c5dfb4878431b164bb893c1"
COUNT, MIN_WORDS, MAX_WORDS = 20_000, 12, 60


def main() -> None:
    """Draw, embed, round to half precision, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prose", type=Path, required=True, help="the xz-compressed text, one paragraph a line")
    path = parser.parse_args().prose
    if hashlib.sha256(path.read_bytes()).hexdigest() != PROSE_SHA256:
        raise SystemExit(f"{path.name} is not the text that the vectors were made from.")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    passages = sorted({line.strip() for line in lines if MIN_WORDS <= len(line.split()) <= MAX_WORDS})
    chosen = random.Random(0).sample(passages, COUNT)
    vectors = Embedder(cache=False).encode(chosen, progress=True)
    np.save(OUT, vectors.astype(np.float16))
    print(f"{len(passages)} passages, {COUNT} embedded, {OUT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
