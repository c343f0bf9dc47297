"""A very small chat model with random weights, of the same form as course-lm: what it answers is nonsense, but always the same."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def save_tokenizer(folder: Path, window: int = 256) -> int:
    """Save a tokenizer with one piece for each sign of ASCII, and course-lm's chat template. Returns its number of pieces."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = ["Ġ", *map(chr, range(33, 127))]  # Ġ stands for a space
    backend.train_from_iterator([], trainers.BpeTrainer(special_tokens=SPECIAL, initial_alphabet=alphabet))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=SPECIAL[0], eos_token=SPECIAL[1], additional_special_tokens=SPECIAL[2:],
        model_max_length=window,
    )  # fmt: skip
    tokenizer.chat_template = (ROOT / "models" / "training" / "chat_template.jinja").read_text(encoding="utf-8")
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def save_model(folder: Path, *, seed: int = 0, window: int = 256, dtype: str = "float32") -> Path:
    """Save model and tokenizer. Another seed gives another model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    pieces = save_tokenizer(folder, window)
    torch.manual_seed(seed)
    # Large weights, so that the most likely next piece leads by far and rounding does not change an answer.
    config = LlamaConfig(
        vocab_size=pieces, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=window, tie_word_embeddings=True, initializer_range=0.3, bos_token_id=None,
        eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
    return folder


# As Qwen2.5-Instruct's, without its part for tools: like most templates of the Hub, it marks nothing with {% generation %}.
CHATML = """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant") %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}"""


def save_qwen(folder: Path, *, seed: int = 0, window: int = 256) -> Path:
    """Save a model of the Qwen2 architecture with random weights, and a tokenizer that writes turns as Qwen2.5's does."""
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    save_tokenizer(folder, window)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"eos_token": "<|im_end|>", "additional_special_tokens": ["<|im_start|>"]})
    tokenizer.add_tokens(["\n"])
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=window, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=0,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def answer(folder: Path, question: str, tokens: int) -> str:
    """What the model in a folder answers, computed here in single precision."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**prompt, max_new_tokens=tokens, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    return tokenizer.decode(written, skip_special_tokens=True).strip()
