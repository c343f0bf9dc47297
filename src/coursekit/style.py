"""The house style of Larkspur's support desk: its rules, two prompts that ask for them, and a check of each rule.

The rules are about form alone. Whether an answer is right is judged on `answer_of(text)`: the lines that state facts.
"""

import re
from collections.abc import Callable, Sequence

from coursekit import citations
from coursekit.matching import normalise
from coursekit.prompts import GROUNDED, NO_ANSWER, Source

COMPANY = "Larkspur"
BULLET, NEXT_STEP, SIGN_OFF = "- ", "Next step: ", "Larkspur Support"
MOST_POINTS = 4
JARGON = (
    "utilise", "functionality", "facilitate", "kindly", "please be advised", "as per", "going forward", "in order to", "regarding",
    "inconvenience",
)  # fmt: skip
OPENING = re.compile(r"(?P<product>[^:\n]{2,40}): (?P<point>\S.*[.!])")

RULES_PROMPT = f"""{GROUNDED}

House style:
- First line: the product, a colon, and the point in a few words.
- Then one to {MOST_POINTS} lines that begin with "{BULLET}". Each states one fact and ends with its citation.
- Then one line that begins with "{NEXT_STEP.strip()}" and says what to do.
- The last line is: {SIGN_OFF}
- Never write: {", ".join(JARGON)}.
- If the message does not say which product it is about, the first line asks, and there are no lines with "{BULLET}".
- If the sources do not hold the answer, the point is: {NO_ANSWER} Then there are no lines with "{BULLET}"."""
EXAMPLES_PROMPT = f"""{RULES_PROMPT}

Message: How long does the lamp of my Orrin 4 burn?
Reply:
Orrin 4: one filling lasts for three evenings.
- The lamp burns for 70 hours [2].
{NEXT_STEP}Note the date when you fill it.
{SIGN_OFF}

Message: What does the Orrin 4 weigh?
Reply:
Orrin 4: {NO_ANSWER}
{NEXT_STEP}Send us a photo of the label, and we will look it up.
{SIGN_OFF}"""


def lines_of(text: str) -> list[str]:
    """The lines that are not empty, without blanks at their ends."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def points_of(text: str) -> list[str]:
    """The lines that state facts, without the sign in front."""
    return [line.removeprefix(BULLET) for line in lines_of(text) if line.startswith(BULLET)]


def answer_of(text: str) -> str:
    """What a reply states, citations included: its points, or where it has none its first line. A plain answer comes back as it is."""
    lines = [line for line in lines_of(text) if not line.startswith(NEXT_STEP.strip()) and line != SIGN_OFF]
    points = points_of("\n".join(lines))
    if points:
        return "\n".join(points)
    opening = OPENING.fullmatch(lines[0]) if lines else None
    return opening["point"] if opening and citations.abstains(opening["point"]) else "\n".join(lines)


def _opening(text: str, question: str, sources: Sequence[Source]) -> bool:
    """The product is one that the message or a source names, or one of the company's own: `Larkspur Cloud`."""
    opening = OPENING.fullmatch(next(iter(lines_of(text)), ""))
    known = normalise("\n".join([question, COMPANY, *(f"{source.heading}\n{source.text}" for source in sources)]))
    return opening is not None and any(
        word.rstrip("s") in known for word in normalise(opening["product"]).split() if len(word) > 3
    )


def _points(text: str, question: str, sources: Sequence[Source]) -> bool:
    """They follow the first line at once; an abstention and a question back have none."""
    lines = lines_of(text)
    points = points_of(text)
    if citations.abstains(answer_of(text)):
        return not points
    return 1 <= len(points) <= MOST_POINTS and all(line.startswith(BULLET) for line in lines[1 : len(points) + 1])


def cited(text: str, question: str, sources: Sequence[Source]) -> bool:
    """Whether each point ends with the number of a source, and cites no other. A reply without points keeps the rule."""
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return all(one.valid and not one.invalid for one in found) and all(ends)


def _next_step(text: str, question: str, sources: Sequence[Source]) -> bool:
    """One line, after the points."""
    steps = [line for line in lines_of(text) if line.startswith(NEXT_STEP)]
    before = [line for line in lines_of(text)[1:] if line != SIGN_OFF and not line.startswith(BULLET)]
    return len(steps) == 1 and len(steps[0].split()) >= 5 and before == steps


def _sign_off(text: str, question: str, sources: Sequence[Source]) -> bool:
    return lines_of(text)[-1:] == [SIGN_OFF]


def _plain_words(text: str, question: str, sources: Sequence[Source]) -> bool:
    return not any(re.search(rf"\b{word}", text.lower()) for word in JARGON)


Rule = Callable[[str, str, Sequence[Source]], bool]
RULES: dict[str, Rule] = {
    "opening": _opening, "points": _points, "cited": cited, "next step": _next_step, "sign-off": _sign_off, "plain words": _plain_words,
}  # fmt: skip


def follows(text: str, question: str, sources: Sequence[Source]) -> dict[str, bool]:
    """Which rules a reply keeps.

    Args:
        text: the reply as the model wrote it.
        question: the message that it answers, which names a product.
        sources: the sources that were handed over, in order.
    """
    return {name: rule(text, question, sources) for name, rule in RULES.items()}


def asks_back(text: str, sources: Sequence[Source]) -> bool:
    """Whether a reply to a message that leaves the product open does what the style wants: it asks, and states nothing."""
    first = next(iter(lines_of(text)), "")
    rest = (_next_step(text, "", sources), _sign_off(text, "", sources), _plain_words(text, "", sources))
    return first.endswith("?") and not points_of(text) and all(rest)
