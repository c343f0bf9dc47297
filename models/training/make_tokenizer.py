"""Train course-lm's tokenizer: byte-level BPE, every digit a token of its own, so that numbers are copied digit by digit.

    python models/training/make_tokenizer.py --prose prose.txt.xz --out models/course-lm

Learns from training records and prose, never from the handbook.
"""

import argparse
import itertools
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
WINDOW = 2048


def train(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with the course's chat template. `texts` are read once."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>", model_max_length=WINDOW,
        additional_special_tokens=SPECIAL[2:], clean_up_tokenization_spaces=False,
    )  # fmt: skip
    fast.chat_template = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8").rstrip("\n")
    return fast


def corpus(prose: Path, records: int, paragraphs: int) -> Iterator[str]:
    """Text for the tokenizer: training records and paragraphs of prose."""
    # Imported here: they load all the training material, which the tokenizer's own tests do without.
    import mixture
    import prose_text

    for record in itertools.islice(mixture.curriculum(random.Random(0), lambda: 0.5, prose=prose), records):
        yield "\n".join((record["system"], record["user"], record["assistant"]))
    yield from itertools.islice(prose_text.paragraphs(prose), paragraphs)


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prose", type=Path, required=True, help="the xz-compressed prose, one paragraph a line")
    parser.add_argument("--out", type=Path, required=True, help="the folder to save to")
    parser.add_argument("--vocabulary", type=int, default=8192, help="number of tokens (default 8192)")
    arguments = parser.parse_args()
    tokenizer = train(corpus(arguments.prose, 40_000, 40_000), arguments.vocabulary)
    tokenizer.save_pretrained(arguments.out)
    print(f"{len(tokenizer)} tokens; 'It runs for 36 hours [2].' -> {tokenizer.tokenize('It runs for 36 hours [2].')}")


if __name__ == "__main__":
    main()
