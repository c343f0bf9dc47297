"""Make the vectors that tests/unit/test_embedding.py compares the kit's with: sentence-transformers encodes about twenty varied texts.

    python tools/make_reference_vectors.py

Needs the test tools (`pip install -e '.[test]'`). Writes tests/unit/data/reference_vectors.npz, with the arrays `texts` and `vectors`.
"""

from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from coursekit.embedding import verified_weights

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "unit" / "data" / "reference_vectors.npz"

LONG = (
    "The station wakes every five minutes, takes one reading from each sensor, and goes back to sleep. "
    "A reading that lies outside the range of its sensor is kept, marked and sent, because a fault is news as well. "
)
TEXTS = (
    "soil",
    "Wind",
    "How long can I send back a soil probe?",
    "How long can I send back a soil probe",
    "The rule for probes is 45 days from delivery, and for everything else it is 30.",
    "E-17",
    "0.7 m/s ± 0.1 m/s at 20 °C, 1013.25 hPa",
    "| Error code | Meaning | What to do |\n|---|---|---|\n| E-17 | no link | walk nearer to the gateway |",
    "# Returns policy\n\n## How long you have\n\nThe general rule is 30 days.",
    "```python\nfor reading in station.readings(limit=10):\n    print(reading.value)\n```",
    "Überprüfen Sie die Höhe über dem Meeresspiegel: naïve façades, señor, Ångström.",
    "The battery is full 🔋 and the sky is clear ☀️.",
    "天気 station 気象 and 토양 probe",
    "antidisestablishmentarianism and " + "x" * 120,
    "UPPER CASE AND lower case are ONE to this MODEL",
    "   spaces \t tabs and\n\n\nline ends   ",
    "https://cloud.example.org/api/v2/sites/{site}/readings?from=2026-09-01T00:00:00Z&limit=500",
    "[CLS] a text that names the special tokens [SEP] and [MASK] itself",
    LONG * 2,
    LONG * 5,
    LONG * 6 + "This sentence ends just past what the model reads.",
    LONG * 14,
)


def main() -> None:
    """Encode and save."""
    model = SentenceTransformer(str(verified_weights()), device="cpu")
    vectors = model.encode(list(TEXTS), normalize_embeddings=True)
    lengths = [len(model.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in TEXTS]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(TARGET, texts=np.array(TEXTS), vectors=vectors.astype(np.float32))
    print(
        f"{len(TEXTS)} texts of {min(lengths)} to {max(lengths)} word pieces, at most {model.max_seq_length} read: {TARGET.name}"
    )


if __name__ == "__main__":
    main()
