"""Records from real prose: plain text, exact copies, and reading tasks made by rule from sentences of documentation.

    python models/training/prose_tasks.py --prose prose.txt.xz --show 20 --seed 1
    python models/training/prose_tasks.py --prose prose.txt.xz --count

`prose_text` says what the file of the prose looks like and how it is cleaned.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import showing
from prose_copies import copy_record
from prose_pool import Pool, pool_of
from prose_reading import reading_record
from prose_text import SHA256

SHARES = {"text": 15, "copy": 20, "reading": 65}  # how often each kind of record comes


def text_record(rng: random.Random, pool: Pool) -> dict:
    """Some neighbouring paragraphs as they stand."""
    while True:
        document = rng.choice(pool.texts)
        first = rng.randrange(len(document))
        room, taken = rng.choice((400, 900, 1600, 2600)), []
        for paragraph in document[first:]:
            taken.append(" ".join(paragraph))
            if sum(map(len, taken)) > room:
                break
        text = "\n\n".join(taken) if rng.random() < 0.6 else "\n".join(taken)
        if len(text) >= 80:
            return {"task": "text", "system": "", "user": "", "assistant": text}


def examples(
    rng: random.Random,
    prose: Path,
    *,
    sha256: str | None = SHA256,
    split: str = "train",
    shares: dict[str, float] | None = None,
) -> Iterator[dict]:
    """Endless records of the three kinds, by `SHARES` or by shares of your own.

    Args:
        rng: the same seed gives the same records.
        prose: the xz file.
        sha256: what the file must hash to; None takes any file.
        split: "train", or "valid" for documents that no training record comes from.
        shares: how often "text", "copy" and "reading" come.

    Raises:
        CourseError: the file is missing or is another one.
    """
    makers = {"text": text_record, "copy": copy_record, "reading": reading_record}
    chosen = shares or SHARES
    pool = pool_of(prose, sha256=sha256, split=split)
    names, weights = list(chosen), list(chosen.values())
    while True:
        yield makers[rng.choices(names, weights)[0]](rng, pool)


def main() -> None:
    """Print records or the number of pairs of each pattern."""
    parser = showing.parser(__doc__)
    parser.add_argument("--prose", type=Path, required=True, help="the xz-compressed prose, one paragraph a line")
    parser.add_argument("--count", action="store_true", help="print the number of pairs of each pattern instead")
    parser.add_argument("--task", default="", help="show only tasks whose name begins with this")
    options = parser.parse_args()
    if options.count:
        for name, pairs in pool_of(options.prose).pairs.items():
            print(f"{len(pairs):7,}  {name}")
        return
    records = examples(random.Random(options.seed), options.prose)
    showing.show((record for record in records if record["task"].startswith(options.task)), options.show)


if __name__ == "__main__":
    main()
