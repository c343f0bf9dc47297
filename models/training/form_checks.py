"""Eight requests for a form, worded as training never words them, each with a check that tells whether an answer follows it.

A check looks at the form alone; whether the facts are right is measured elsewhere. An abstention follows no form here, because the
questions that these requests go with are answerable and their evidence is among the sources.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Sequence

from coursekit import citations, prompts
from coursekit.prompts import Source

Check = Callable[[str, Sequence[Source]], bool]


@dataclasses.dataclass(frozen=True)
class Request:
    """A form asked for in the system prompt, and the check of an answer with the sources that it was made from."""

    name: str
    instruction: str
    follows: Check

    @property
    def system(self) -> str:
        """The system prompt: what `prompts` says of grounding, and the form."""
        return f"{prompts.GROUNDED}\n\n{self.instruction}"


def lines_of(text: str) -> list[str]:
    """The lines that are not empty."""
    return [line for line in text.splitlines() if line.strip()]


def one_sentence(text: str, _: Sequence[Source]) -> bool:
    """One line that ends where its only sentence ends."""
    whole = citations.parse(text, 0)
    return len(lines_of(text)) == 1 and len(whole.sentences) == 1


def numbered(text: str, _: Sequence[Source]) -> bool:
    """Every line begins with its number."""
    return all(line.startswith(f"{at}. ") for at, line in enumerate(lines_of(text), start=1))


def bullets(text: str, _: Sequence[Source]) -> bool:
    """Every line begins with a dash."""
    return all(re.match(r"- \S", line) for line in lines_of(text))


def quoted(text: str, sources: Sequence[Source]) -> bool:
    """Something of three words or more stands in quotation marks, and all that does stands in a source."""
    quotes = re.findall(r'"([^"]+)"|“([^”]+)”', text)
    found = [(first or second).strip() for first, second in quotes]
    held = "\n".join(source.text for source in sources)
    return bool(found) and all(len(quote.split()) >= 3 and quote.rstrip(".") in held for quote in found)


def led(text: str, _: Sequence[Source]) -> bool:
    """The first line is the given one, and an answer follows."""
    lines = lines_of(text)
    return len(lines) > 1 and lines[0].strip() == "From the handbook:"


def closed(text: str, _: Sequence[Source]) -> bool:
    """The last line is the given one, and an answer stands before it."""
    lines = lines_of(text)
    return len(lines) > 1 and lines[-1].strip() == "Happy to help with anything else."


def json_object(text: str, _: Sequence[Source]) -> bool:
    """A JSON object with the two keys and nothing beside it."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return False
    return isinstance(found, dict) and set(found) == {"answer", "source"}


def as_shown(text: str, _: Sequence[Source]) -> bool:
    """The two labelled lines of the examples."""
    lines = lines_of(text)
    return len(lines) == 2 and bool(re.match(r"In short: \S", lines[0])) and bool(re.match(r"Where: \S", lines[1]))


REQUESTS = (
    Request("one sentence", "Keep to a single sentence.", one_sentence),
    Request("steps", "Write the answer as numbered steps (1., 2., ...), each on its own line.", numbered),
    Request("bullets", "Write the answer as a bulleted list with a dash before each item.", bullets),
    Request("quote", "Answer by quoting, in quotation marks, the sentence of the source that says it.", quoted),
    Request("lead line", "Above the answer, on a line of its own, write: From the handbook:", led),
    Request("closing line", "Finish with this line on its own: Happy to help with anything else.", closed),
    Request(
        "JSON",
        'Reply with nothing but a JSON object with two keys: "answer" (the answer) and "source" (the number of the source).',
        json_object,
    ),
    Request(
        "examples",
        "Answer in the form of these examples.\n\n"
        "Question: How long does the lamp of the Orrin 4 burn?\n"
        "Answer:\nIn short: The lamp of the Orrin 4 burns for 70 hours [2].\nWhere: Orrin 4 manual > Lamp\n\n"
        "Question: Who repairs the Orrin 4?\n"
        "Answer:\nIn short: The workshop in Velm repairs the Orrin 4 [1].\nWhere: Service > Repairs",
        as_shown,
    ),
)


def follows(request: Request, text: str, sources: Sequence[Source]) -> bool:
    """Whether an answer follows a request: it says something, is no abstention, and passes the check."""
    return bool(text.strip()) and prompts.NO_ANSWER.lower() not in text.lower() and request.follows(text, sources)
