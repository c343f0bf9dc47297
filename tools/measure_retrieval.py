"""Retrieval figures of the default index: dense, BM25 and hybrid, by wording, with 95 % bootstrap intervals.

    python tools/measure_retrieval.py [--split dev]

Settings were chosen on the split "dev"; `--split test` is for the final figure.
"""

import argparse

from coursekit import corpus, evaluation, retrieval


def main() -> None:
    """Print one table for each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("dev", "test"), default="dev", help="which questions (default dev)")
    split = parser.parse_args().split
    questions = corpus.load_questions(split=split)
    print(f"chunking {retrieval.DEFAULT_CHUNKING}, split {split}")
    for method in ("dense", "bm25", "hybrid"):
        report = evaluation.evaluate_retrieval(retrieval.open_retriever(method), questions)
        print(f"\n{method}\n{report.summary().to_string()}\n{report.summary('wording').to_string(header=False)}")


if __name__ == "__main__":
    main()
