"""How fast the course's LoRA run trains, beside TRL's SFTTrainer: course-lm, the same records, batch, order, rank and precision, in turn.

    pip install trl==1.16.0          (the course itself does not need it)
    python tools/bench_lora.py [--records 160] [--batch 8] [--rounds 3] [--precision bf16]

Prints tokens a second of both in each round, counted without padding, and the median ratio. Both print the loss of their last steps, too:
two runs that learn something else would not be worth comparing.
"""

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["COURSEKIT_PROGRESS"] = "0"

import torch
import transformers

from coursekit import chatdata, device, finetuning, house_style, serving

MAX_TOKENS = 1024
RATE, RANK, LOOKS = 2e-3, 8, 4


def kit(records: list[dict], batch: int, folder: Path) -> tuple[float, float]:
    """Seconds of the training, and the last loss, of the kit's run."""
    model, tokenizer = finetuning.open_model(serving.COURSE_LM)
    model = finetuning.lora(model, rank=RANK)
    report = finetuning.train(
        model, tokenizer, records, out=folder, epochs=1, rate=RATE, batch=batch, max_tokens=MAX_TOKENS, looks=LOOKS
    )
    return report.seconds, report.losses["loss"].iloc[-1]


def peer(records: list[dict], batch: int, folder: Path, bf16: bool) -> tuple[float, float]:
    """The same of TRL's trainer, which gets the same tokens and labels, and pads them in its own way."""
    from datasets.table import InMemoryTable
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from datasets import Dataset

    model, tokenizer = finetuning.open_model(serving.COURSE_LM)
    encoded = [chatdata.encode(record, tokenizer, MAX_TOKENS) for record in records]
    columns = {"input_ids": [one.ids for one in encoded], "labels": [one.labels for one in encoded]}
    rows = Dataset(InMemoryTable.from_pydict(columns), fingerprint="bench-lora")
    steps = -(-len(records) // batch)
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=rows,
        peft_config=LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"),
        args=SFTConfig(
            output_dir=str(folder), num_train_epochs=1, learning_rate=RATE, lr_scheduler_type="linear", weight_decay=0.0,
            per_device_train_batch_size=batch, dataset_kwargs={"skip_prepare_dataset": True}, max_length=MAX_TOKENS, bf16=bf16,
            use_cpu=True,
            gradient_checkpointing=False, logging_steps=max(1, steps // LOOKS), save_steps=max(1, steps // LOOKS),
            save_total_limit=2, report_to=[], disable_tqdm=True, seed=0, data_seed=0, dataloader_pin_memory=False,
        ),
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    begun = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - begun
    return seconds, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry][-1]


def main() -> None:
    """Print a line a round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--records", type=int, default=160, help="how many house-style records to train on (default 160)"
    )
    parser.add_argument("--batch", type=int, default=8, help="records in a step (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed, in turn (default 3)")
    parser.add_argument(
        "--precision", choices=("bf16", "fp32"), help="of the arithmetic; what the kit takes here when left out"
    )
    arguments = parser.parse_args()
    own = device.hardware()
    bf16 = own.bf16 if arguments.precision is None else arguments.precision == "bf16"
    torch.set_num_threads(device.THREADS)  # importing the kit has set it to one; both trainers get all
    finetuning.hardware = lambda: dataclasses.replace(own, device="cpu", bf16=bf16, fp16=False)
    records = house_style.records("style", house_style.draw(house_style.load_replies(), arguments.records))
    tokenizer = finetuning.open_model(serving.COURSE_LM)[1]
    tokens = sum(len(chatdata.encode(record, tokenizer, MAX_TOKENS).ids) for record in records)
    print(
        f"{len(records)} records, {tokens:,} tokens, batch {arguments.batch}, {'bf16' if bf16 else 'fp32'}, "
        f"{torch.get_num_threads()} threads"
    )
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            mine, my_loss = kit(records, arguments.batch, Path(folder) / f"kit-{number}")
            theirs, their_loss = peer(records, arguments.batch, Path(folder) / f"trl-{number}", bf16)
            ratios.append(theirs / mine)
            print(
                f"round {number + 1}: kit {tokens / mine:,.0f} tokens/s (loss {my_loss:.3f}), TRL {tokens / theirs:,.0f} tokens/s "
                f"(loss {their_loss:.3f}); ratio {ratios[-1]:.2f}",
                flush=True,
            )
    print(f"median: the kit trains {statistics.median(ratios):.2f} times as fast")


if __name__ == "__main__":
    main()
