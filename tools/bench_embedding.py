"""How fast the kit embeds, beside sentence-transformers' `encode`: same weights, same texts, same threads, in turn.

python tools/bench_embedding.py [--rounds 5] [--chunks 300]
"""

import argparse
import os
import statistics
import time

os.environ["COURSEKIT_PROGRESS"] = "0"

import torch
from sentence_transformers import SentenceTransformer

from coursekit import chunking, corpus
from coursekit.embedding import Embedder, verified_weights


def seconds(function, texts: list[str]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function(texts)
    return time.perf_counter() - start


def main() -> None:
    """Print a line a round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed, in turn (default 5)")
    parser.add_argument(
        "--chunks", type=int, default=300, help="how many chunks of the handbook to embed (default 300)"
    )
    arguments = parser.parse_args()
    kit = Embedder(cache=False)
    peer = SentenceTransformer(str(verified_weights()), device="cpu")
    chunks = chunking.chunk_corpus(corpus.load_handbook(), kit.tokenizer, "headings", size=128)
    texts = [chunk.text_with_heading for chunk in chunks[:: max(1, len(chunks) // arguments.chunks)]][
        : arguments.chunks
    ]
    tokens = sum(min(kit.count_tokens(text) + 2, kit.max_tokens) for text in texts)
    largest = abs(
        kit.encode(texts) - peer.encode(texts, normalize_embeddings=True)
    ).max()  # warms both up, and shows that they agree
    print(
        f"{len(texts)} texts, {tokens} word pieces, {torch.get_num_threads()} threads; largest difference {largest:.1e}"
    )
    ratios = []
    for number in range(arguments.rounds):
        mine, theirs = (
            seconds(kit.encode, texts),
            seconds(lambda batch: peer.encode(batch, normalize_embeddings=True), texts),
        )
        ratios.append(theirs / mine)
        rates = f"kit {tokens / mine:,.0f}, sentence-transformers {tokens / theirs:,.0f} word pieces a second"
        print(f"round {number + 1}: {rates}; ratio {ratios[-1]:.2f}")
    print(f"median: the kit is {statistics.median(ratios):.2f} times as fast")


if __name__ == "__main__":
    main()
