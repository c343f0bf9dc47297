"""The house style of Larkspur's support desk: six rules of form, two prompts that ask for them, and a check of each rule.

The rules are about form alone. Whether an answer is right is judged on `answer_of(text)`, without label, place and closing line.
"""

import re
from collections.abc import Callable, Sequence

from coursekit import citations
from coursekit.matching import normalise
from coursekit.prompts import GROUNDED, NO_ANSWER, Source

LABEL, PLACE, CLOSING = "In short:", "Where:", "Larkspur support desk"
MOST_WORDS = 25
NUMBER = re.compile(r"\b\d+(?:[.,:]\d+)*\b")
BOLD = re.compile(r"\*\*[^*\n]+\*\*")

RULES_PROMPT = f"""{GROUNDED}

House style:
- Begin with "{LABEL}" and answer in one sentence of at most {MOST_WORDS} words.
- End this sentence with its citation.
- Put every number in bold, as **5**, except in names and citations.
- On the second line write "{PLACE}" and the heading of the source.
- The last line of every answer is: {CLOSING}
- If the sources do not hold the answer, write nothing but: {NO_ANSWER}"""
EXAMPLES_PROMPT = f"""{RULES_PROMPT}

Question: How long does the lamp of the Orrin 4 burn?
Answer:
{LABEL} The lamp of the Orrin 4 burns for **70** hours [2].
{PLACE} Orrin 4 manual > Lamp
{CLOSING}

Question: Who repairs the Orrin 4?
Answer:
{LABEL} The workshop in Velm repairs the Orrin 4 [1].
{PLACE} Service > Repairs
{CLOSING}"""


def lines_of(text: str) -> list[str]:
    """The lines that are not empty, without blanks at their ends."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def answer_of(text: str) -> str:
    """The answer alone, citations included: without label, place and closing line. A plain answer comes back as it is."""
    lines = [line for line in lines_of(text) if not line.startswith(PLACE) and line != CLOSING]
    return "\n".join(lines).removeprefix(LABEL).strip()


def _label(text: str, sources: Sequence[Source]) -> bool:
    return text.strip().startswith(f"{LABEL} ")


def _one_sentence(text: str, sources: Sequence[Source]) -> bool:
    found = citations.parse(answer_of(text), len(sources))
    return len(found.sentences) == 1 and len(found.text.split()) <= MOST_WORDS


def _cited(text: str, sources: Sequence[Source]) -> bool:
    found = citations.parse(answer_of(text), len(sources))
    return bool(found.sentences) and all(set(sentence.cites) & set(found.valid) for sentence in found.sentences)


def _bold(text: str, sources: Sequence[Source]) -> bool:
    """A number that stands in a heading may be part of a name, such as Tarnbeck 2, and need not be bold."""
    rest = BOLD.sub(" ", citations.parse(answer_of(text), len(sources)).text)
    named = {number for source in sources for number in NUMBER.findall(source.heading)}
    return set(NUMBER.findall(rest)) <= named


def _where(text: str, sources: Sequence[Source]) -> bool:
    places = [normalise(line.removeprefix(PLACE)) for line in lines_of(text) if line.startswith(PLACE)]
    cited = citations.parse(text, len(sources)).valid
    return len(places) == 1 and places[0] in {normalise(sources[number - 1].heading) for number in cited}


def _closing(text: str, sources: Sequence[Source]) -> bool:
    return lines_of(text)[-1:] == [CLOSING]


RULES: dict[str, Callable[[str, Sequence[Source]], bool]] = {
    "label": _label, "one sentence": _one_sentence, "cited": _cited, "bold": _bold, "where": _where, "closing": _closing,
}  # fmt: skip


def follows(text: str, sources: Sequence[Source]) -> dict[str, bool]:
    """Which rules an answer keeps. Do not ask it of an abstention: that has no form but its own sentence.

    Args:
        text: the answer as the model wrote it.
        sources: the sources that were handed over, in order.
    """
    return {name: rule(text, sources) for name, rule in RULES.items()}
