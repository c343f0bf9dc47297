"""What course-lm is trained on, by weight: first short tasks that teach copying, then reading with more and more sources.

Each kind of record comes from a module of its own; this one only draws from them.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import forms
import from_worlds
import generated
import prose_tasks

# The share of the run at which a stage begins, and its weights. Plain text runs through all of it, for the language.
STAGES: list[tuple[float, dict[str, float]]] = [
    (0.00, {"level 0": 0.5, "level 1": 1, "level 2": 2, "level 3": 2, "worlds": 3, "prose": 2}),
    (0.08, {"level 1": 0.5, "level 2": 1, "level 3": 3, "worlds": 6, "forms": 0.5, "prose": 2}),
    (0.40, {"level 2": 0.3, "level 3": 2, "worlds": 7, "forms": 3, "prose": 1}),
    (0.75, {"level 3": 1, "worlds": 6, "forms": 4.5, "prose": 0.5}),
    (0.94, {"level 3": 0.5, "worlds": 4, "forms": 8, "prose": 0.3}),
]


def formed(rng: random.Random) -> Iterator[dict]:
    """Records of hand-written and generated worlds, asked for in a given form."""
    sources = (from_worlds.examples(rng, split="train"), generated.examples(rng, 3))
    while True:
        record = next(rng.choice(sources))
        yield forms.reform(record, rng) if record["user"].startswith("[1] ") else record


def streams(rng: random.Random, prose: Path | None) -> dict[str, Iterator[dict]]:
    """Every kind of record by name. Without a prose file its tasks are left out."""
    kinds = {f"level {level}": generated.examples(rng, level) for level in range(4)}
    kinds |= {"worlds": from_worlds.examples(rng, split="train"), "forms": formed(rng)}
    return kinds | ({"prose": prose_tasks.examples(rng, prose)} if prose else {})


def curriculum(rng: random.Random, progress: Callable[[], float], *, prose: Path | None = None) -> Iterator[dict]:
    """Endless records; `progress` says which share of the run is done, from 0 to 1."""
    kinds = streams(rng, prose)
    while True:
        weights = [weights for begins, weights in STAGES if begins <= progress()][-1]
        names = [name for name in weights if name in kinds]
        yield next(kinds[rng.choices(names, [weights[name] for name in names])[0]])


def validation(rng: random.Random) -> Iterator[dict]:
    """Records of the worlds that no training record comes from."""
    return from_worlds.examples(rng, split="valid")
