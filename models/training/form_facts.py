"""A record taken apart for rewriting: its question, its answer with the sources cited, and the sentence that says it."""

# ruff: noqa: SIM905  (a list of names reads better unbroken)

import dataclasses
import functools
import re
from collections.abc import Sequence

from coursekit.chunking import SENTENCE_END
from coursekit.prompts import NO_ANSWER, Source

CITATION = re.compile(r"\s*\[(\d+)\]")
COMMON_START = re.compile(
    r"(?:The|A|An|Each|Every|All|Any|Some|Most|Both|Only|Use|Your|You|It|Its|They|In|On|At|For|With|By|To|If|When|No|Not|After|Before|"
    r"There|This|That|These|Those|Yes|As|From|Because|Once|Take|Press|Turn|Hold|Wait|Open|Close|Set|Put)\b(?! \d)"
)
NAME = re.compile(r"\b[A-Z][A-Za-z]*[a-z][\w-]*(?: (?:[A-Z][\w-]*|\d+\b(?![.,%°]| ?[a-z])))*")
NO_NAMES = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October "
    "November December EUR USD GBP Yes No The".split()
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fact:
    """A question and its answer, taken apart.

    `answer` carries its citations; `numbers` are the sources cited; `quote` is the sentence of the source that says it, or empty where
    that is not plain; `heading` is the heading of the first source cited; `names` are names that headings and answer share; `subject` is
    the name that the question asks about, as the sources write it, or empty; `title` is the first part of the heading, and that of the
    first source where the sources lack the answer.
    """

    question: str
    answer: str
    numbers: tuple[int, ...]
    quote: str
    heading: str
    names: tuple[str, ...]
    subject: str = ""
    title: str = ""

    @property
    def found(self) -> bool:
        """Whether the sources hold the answer."""
        return self.answer != NO_ANSWER


def bare(text: str) -> str:
    """A text without its citations."""
    return CITATION.sub("", text)


def small(text: str) -> str:
    """A sentence's words for use inside another sentence."""
    return text[:1].lower() + text[1:] if COMMON_START.match(text) else text


def sentences(text: str) -> list[str]:
    """The sentences of an answer; lines of a list count as one each, without their mark."""
    parts = [part.strip() for part in SENTENCE_END.split(text) if part.strip()]
    return [re.sub(r"^(?:-|\d+\.) ", "", part) for part in parts]


def sources_of(user: str) -> tuple[list[Source], str] | None:
    """The sources and the question of a user turn, or None where it is in another form."""
    above, mark, question = user.rpartition("\n\nQuestion: ")
    if not mark or not above.startswith("[1] "):
        return None
    found, at = [], 1
    for block in above.split("\n\n"):
        if block.startswith(f"[{at}] "):
            heading, _, text = block[len(f"[{at}] ") :].partition("\n")
            found.append(Source(heading, text))
            at += 1
        else:
            found[-1] = Source(found[-1].heading, f"{found[-1].text}\n\n{block}")
    return found, question


@functools.lru_cache(maxsize=20_000)
def content(text: str) -> frozenset[str]:
    """The words and numbers of a text, in small letters, short words left out."""
    return frozenset(
        word.strip(".,") for word in re.findall(r"[^\W_][\w.,'-]*", text.lower()) if len(word) > 3 or word[0].isdigit()
    )


def quote_for(answer: str, source: Source) -> str:
    """The sentence of a source that says what the answer says, or nothing where two would do or none holds its numbers."""
    wanted = content(bare(answer))
    numbers = {word for word in wanted if word[0].isdigit()} & content(source.text)
    scored = []
    for line in SENTENCE_END.split(source.text):
        line = line.strip()
        if line and not line.startswith(("|", "#")) and '"' not in line and line[-1] in ".!?" and "\n" not in line:
            held = content(line)
            if numbers <= held:
                scored.append((len(held & wanted), re.sub(r"^(?:-|\d+\.) ", "", line)))
    scored.sort(key=lambda pair: -pair[0])
    if not scored or scored[0][0] < max(2, 0.34 * len(wanted)) or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return ""
    return scored[0][1]


def names_in(answer: str, sources: Sequence[Source]) -> tuple[str, ...]:
    """Names that stand in the answer and in a heading. A single word at the start of a sentence is none."""
    headings = " ".join(source.heading for source in sources)
    found = []
    for match in NAME.finditer(bare(answer)):
        name = match[0]
        starts = match.start() == 0 or bare(answer)[: match.start()].rstrip()[-1:] in ".!?:"
        if starts and COMMON_START.match(name):
            name = name.partition(" ")[2]
        elif starts and " " not in name:
            continue
        if len(name) > 3 and name not in NO_NAMES and name in headings and name.split(" ")[0] not in NO_NAMES:
            found.append(name)
    return tuple(dict.fromkeys(found))


def title_of(heading: str) -> str:
    """The first part of a heading path: mostly the document, or the thing that it is about."""
    return heading.partition(" > ")[0]


def subject_of(question: str, sources: Sequence[Source]) -> str:
    """The name in a question that stands in the sources too; nothing where it holds none or several."""
    texts = [Source(f"{source.heading} {source.text}", "") for source in sources]
    found = names_in(f"x {question}", texts)
    if len(found) != 1:
        return ""
    longer = re.search(rf"{re.escape(found[0])} \d+\b", question)  # in a question a number goes with the name before it
    return longer[0] if longer and any(longer[0] in source.heading for source in texts) else found[0]


def fact_of(record: dict) -> Fact | None:
    """A record taken apart, or None where it has no sources or an answer that cites none of them."""
    taken = sources_of(record["user"])
    if taken is None:
        return None
    sources, question = taken
    answer = record["assistant"].strip()
    numbers = tuple(dict.fromkeys(int(number) for number in CITATION.findall(answer)))
    if answer == NO_ANSWER:
        return Fact(question, answer, (), "", "", (), subject_of(question, sources), title_of(sources[0].heading))
    if not numbers or max(numbers) > len(sources) or not answer.endswith((".", "!")) or "|" in answer:
        return None
    first = sources[numbers[0] - 1]
    quote = quote_for(answer, first) if len(numbers) == 1 else ""
    return Fact(
        question, answer, numbers, quote, first.heading, names_in(answer, sources),
        subject_of(question, sources), title_of(first.heading),
    )  # fmt: skip
