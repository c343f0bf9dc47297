"""Chat models' control marks inside documents: broken up, so that a document stays data.

A server turns messages into tokens with the model's chat template, and a tokenizer reads `<|end|>` in a source as the very token that
ends a turn. A document could thus close the user's turn and speak as the system.
"""

import re

# Each is split after its first sign. `<|` opens the marks of course-lm, ChatML, Llama 3, Phi and Command, `<｜` those of DeepSeek;
# the rest are spelled out, so that a document's own brackets stay as they are.
MARKS = re.compile(
    r"<(?=[|｜])"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|THINK|BOS|EOS|PAD|UNK|CLS|SEP|MASK)\])"
    r"|<(?=<?/?SYS>)"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|tools|start_of_turn|end_of_turn|start_of_image|end_of_image"
    r"|im_start|im_end|endoftext|system|user|assistant)>)"
)


def neutralise(text: str) -> str:
    """A text in which no control mark is left: `<|end|>` becomes `< |end|>`, which a reader still sees and a tokenizer spells out.

    What the text *says* stays, orders to the model included: a model may still follow them, which a separate check has to notice.
    """
    return MARKS.sub(lambda match: f"{match[0]} ", text)
