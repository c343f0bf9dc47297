"""Serve a model folder with LitServe: a second server that speaks chat completions, to try a lesson against another than the course's.

    pip install litserve
    python tools/second_server.py --port 8123
    OPENAI_BASE_URL=http://127.0.0.1:8123/v1 OPENAI_API_KEY=any COURSE_MODEL=lit \\
        jupyter nbconvert --to notebook --execute --output-dir run solutions/03-cited-generation.ipynb

LitServe is not a dependency of the course. The protocol is LitServe's own; the reading and writing is plain `generate`, greedy.
"""

import argparse
from pathlib import Path

import litserve
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[1]


class Chat(litserve.LitAPI):
    """A chat model behind LitServe's OpenAI protocol."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; the model is loaded in the worker."""
        super().__init__(spec=litserve.OpenAISpec())
        self.folder = folder

    def setup(self, device: str) -> None:
        """Load model and tokenizer."""
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder)
        self.model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32).eval()

    def predict(self, request, **_):
        """Answer a chat, as one piece."""
        chat = [{"role": message.role, "content": message.content} for message in request.messages]
        ids = self.tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        limit = request.max_completion_tokens or request.max_tokens or 160
        with torch.inference_mode():
            made = self.model.generate(
                **ids, max_new_tokens=limit, do_sample=False, pad_token_id=self.tokenizer.pad_token_id
            )
        read = ids["input_ids"].shape[1]
        written = made[0, read:]
        yield {
            "role": "assistant", "content": self.tokenizer.decode(written, skip_special_tokens=True),
            "prompt_tokens": read, "completion_tokens": len(written), "total_tokens": read + len(written),
        }  # fmt: skip


def main() -> None:
    """Serve until stopped, on the loopback address alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "course-lm")
    parser.add_argument("--port", type=int, default=8123)
    options = parser.parse_args()
    litserve.LitServer(Chat(options.model), accelerator="cpu").run(
        host="127.0.0.1", port=options.port, generate_client_file=False
    )


if __name__ == "__main__":
    main()
