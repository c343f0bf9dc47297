"""Instructions about form: rewrites a record's prompt and answer so that the model learns to answer as it is told to.

    python models/training/forms.py --show 20 --seed 1

`reform(record, rng)` takes a record with numbered sources and a factual answer and asks for one to three forms at once: at most one
*style* (how the words are written), one *shape* (what the answer is made of) and one or two *frames* (what stands before and after).
The literal texts of lead lines, closing lines, labels, keys and names are invented anew each time.

Where the sources do not hold the answer, the fixed sentence stands where the answer would stand, never changed in itself:

- bullets, steps, tables, tags, labels and frames are kept around it;
- JSON holds it as the answer, with null for source and quote and false for found; a second label says "none";
- what speaks of the answer's content (quote, reason, numbers, names, capitals) leaves it as it is.
"""

# ruff: noqa: E501, SIM905  (word lists and wordings read better unbroken)

import argparse
import dataclasses
import functools
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from coursekit.chunking import SENTENCE_END
from coursekit.prompts import GROUNDED, NO_ANSWER, Source, user_turn

Slots = dict[str, str]
CITATION = re.compile(r"\s*\[(\d+)\]")
COMMON_START = re.compile(
    r"(?:The|A|An|Each|Every|All|Any|Some|Most|Both|Only|Use|Your|You|It|Its|They|In|On|At|For|With|By|To|If|When|No|Not|After|Before|"
    r"There|This|That|These|Those|Yes|As|From|Because|Once|Take|Press|Turn|Hold|Wait|Open|Close|Set|Put)\b(?! \d)"
)

# ------------------------------------------------------------------------------------------------------------ the answer


@dataclasses.dataclass(frozen=True)
class Fact:
    """A question and its answer, taken apart.

    `answer` carries its citations; `numbers` are the sources cited; `quote` is the sentence of the source that says it, or empty where
    that is not plain; `heading` is the heading of the first source cited; `names` are names that headings and answer share.
    """

    question: str
    answer: str
    numbers: tuple[int, ...]
    quote: str
    heading: str
    names: tuple[str, ...]

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


NAME = re.compile(r"\b[A-Z][A-Za-z]*[a-z][\w-]*(?: (?:[A-Z][\w-]*|\d+\b(?![.,%°]| ?[a-z])))*")
NO_NAMES = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October "
    "November December EUR USD GBP Yes No The".split()
)  # fmt: skip


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


def fact_of(record: dict) -> Fact | None:
    """A record taken apart, or None where it has no sources or an answer that cites none of them."""
    taken = sources_of(record["user"])
    if taken is None:
        return None
    sources, question = taken
    answer = record["assistant"].strip()
    numbers = tuple(dict.fromkeys(int(number) for number in CITATION.findall(answer)))
    if answer == NO_ANSWER:
        return Fact(question, answer, (), "", "", ())
    if not numbers or max(numbers) > len(sources) or not answer.endswith((".", "!")) or "|" in answer:
        return None
    first = sources[numbers[0] - 1]
    quote = quote_for(answer, first) if len(numbers) == 1 else ""
    return Fact(question, answer, numbers, quote, first.heading, names_in(answer, sources))


# ------------------------------------------------------------------------------------------------------- invented phrases

ADJECTIVES = (
    "quiet blue early plain open warm small bright steady green narrow gentle northern copper amber second daily friendly brief clear old new "
    "silver round swift southern paper harbour morning evening winter little sturdy golden grey lively calm sharp fresh honest"
).split()  # fmt: skip
NOUNS = (
    "desk lantern harbour window counter notebook shelf bridge garden station workshop library compass bench kettle signal valley orchard "
    "anchor mill ladder post corner ledger beacon office gate studio cellar meadow yard team crew guide helper reader clerk register log bureau"
).split()  # fmt: skip
THINGS = "question answer note page manual help reading facts details advice reply check rules record summary file reference finding".split()
ONSETS = "b br c d dr f g gl h j k kl l m n p pl r s sk st t tr v w z".split()
VOWELS = "a e i o u ai ea oa".split()
CODAS = "l n r m nd rn st ck lt ss x v ll".split()


def invented(rng: random.Random) -> str:
    """A name that nobody has."""
    word = rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
    if rng.random() < 0.7:
        word += rng.choice(VOWELS[:5]) + rng.choice(CODAS[:8])
    return word.capitalize()


LEADS = (
    "From the {a} {n}:", "{T} from the {n}:", "{N} says:", "In the {a} {n} we read:", "The {t} in short:",
    "Here is the {t}:", "{A} {t}:",
    "{N} {n}, {t}:", "Good to know:", "As the {n} has it:", "Straight from the {n}:",
    "What we found in the {a} {t}:", "Your {t} from {N}:",
    "{T} {d}:", "Thank you for asking the {n}.", "Thanks for your {t}!", "Hello from the {a} {n}.",
    "{N} here with the {t}.", "The {n} looked it up.",
    "In brief:", "*** {A} {n} ***", "## {T}", "{T} no. {d}", "This is the {a} {n} speaking.",
    "We checked the {t} for you.", ">> {N}", "[{n}] {t}:",
    "Short {t} for {N}:",
)  # fmt: skip
CLOSINGS = (
    "Ask the {a} {n} for more.", "The {n} is open until {d}.", "Any other {t}? Write to {N}.",
    "{N} wishes you a {a} day.", "End of {t}.",
    "That is all from the {n}.", "-- the {a} {n}", "Was this {t} of help?", "See the {t} for more.",
    "Kept by the {a} {n}.", "{T} checked by {N}.",
    "Call extension {d} for help.", "Thank you for asking {N}.", "Please keep this {t}.", "*** end of {t} ***",
    "Your {n} is glad to help.",
    "Quote {t} {d} when you write.", "More in the {a} {n}.", "This {t} comes without a warranty.",
    "Let the {n} know if this is wrong.",
    "Next {t}, please!", "Stay {a}!", "We hope that this helps.", "// {N} {d}", "Ask again at any time.",
    "Checked against the {t}.",
    "Always read the whole {t}.", "The {a} {n} thanks you.",
)  # fmt: skip
GREETINGS = (
    "Dear customer,", "Dear reader,", "Dear {N},", "Hello,", "Hello {N},", "Hi there,", "Good day,", "Dear {a} {n},",
    "Dear {n} team,",
    "Hello from the {n},", "Welcome,", "Dear friend of the {n},", "Greetings,", "Good morning,", "Dear guest,",
    "Dear member,",
)  # fmt: skip
SIGNS = (
    "Kind regards,\nThe {n} team", "Best wishes,\n{N}", "Yours,\nThe {a} {n}", "Regards, {N}",
    "Sincerely,\nthe {N} {n}", "Yours truly,\n{N}",
    "With thanks,\n{N} at the {n}", "Best,\n{N}", "Kind regards, the {a} {n}", "Cheers,\n{N}", "Warm wishes, {N}",
    "Respectfully,\n{N} {n}",
)  # fmt: skip


def phrase(rng: random.Random, templates: Sequence[str]) -> str:
    """One of some templates with fresh words."""
    adjective, noun, thing = rng.choice(ADJECTIVES), rng.choice(NOUNS), rng.choice(THINGS)
    return rng.choice(templates).format(
        a=adjective, A=adjective.capitalize(), n=noun, N=invented(rng), t=thing, T=thing.capitalize(),
        d=rng.randint(2, 980)
    )  # fmt: skip


LABELS = {
    "answer": ("Answer", "Finding", "Result", "Reply", "In short", "Fact", "What we know", "A", "Short answer",
    "Information", "Solution"),
    "source": ("Source", "Origin", "Found in", "Taken from", "Where it stands", "Reference", "From", "Evidence",
    "Document", "See", "Basis"),
    "quote": ("Quote", "Proof", "Wording", "In the text", "Original", "Passage", "Text", "As written", "Sentence",
    "Extract", "Cited words"),
    "question": ("Question", "Asked", "You asked", "Q", "Request", "Topic", "Your question", "Query", "The matter",
    "About"),
    "reason": ("Reason", "Why", "Because", "Grounds", "Support", "Explanation", "Based on", "Evidence",
    "We know this from", "Proof"),
    "status": ("Status", "State", "Outcome", "Check", "Verdict", "Search", "Mark", "Flag", "Lookup", "Coverage"),
}  # fmt: skip
YES_NO = (("found", "not found"), ("answered", "open"), ("yes", "no"), ("complete", "missing"), ("known", "unknown"), ("green", "red"),
          ("solved", "unsolved"), ("OK", "no answer"), ("covered", "not covered"), ("done", "to be checked"), ("1",
          "0"))  # fmt: skip
TAGS = "answer reply result output fact response text note final info say box".split()
KEYS = {
    "answer": "answer reply result response text output fact finding message a".split(),
    "source": "source citation reference from_source cited ref source_number doc origin n".split(),
    "found": "found answered known in_sources has_answer supported ok".split(),
    "quote": "quote evidence sentence passage proof excerpt".split(),
    "question": "question query asked q request".split(),
}
KEY_MEANING = {
    "answer": "the answer", "source": "the number of the source",
    "found": "true if the sources hold the answer, else false",
    "quote": "the sentence of the source", "question": "the question",
}  # fmt: skip

# ---------------------------------------------------------------------------------------------------------------- forms


@dataclasses.dataclass(frozen=True)
class Form:
    """One form: its group, at least thirteen wordings of the instruction, how slots are drawn, what it does, and what it fits.

    `apply` maps a Fact to a Fact (style), a Fact to a text (shape), or a text and its Fact to a text (frame). The last fifth of the
    wordings is kept for validation.
    """

    group: str
    wordings: tuple[str, ...]
    apply: Callable
    slots: Callable[[random.Random, Fact], Slots] = lambda rng, fact: {}
    fits: Callable[[Fact], bool] = lambda fact: True


NO_ORDER = "The|A|An|It|Its|You|Your|Each|In|On|At|For|With|By|From|Yes|No"
ORDERS = re.compile(rf"(?!(?:{NO_ORDER})\b)[A-Z][a-z]+ [^,]+(?:, [a-z]+ [^,]+)+,? and [a-z]+ .+")
ASKS_HOW = re.compile(
    r"\bhow (?:do|to|should|can|is)\b|\bsteps?\b|what (?:do|should|must) (?:i|we|you)\b", re.IGNORECASE
)


def pieces(fact: Fact) -> list[str]:
    """The parts of an answer that a list shows: sentences, and the steps within a sentence. Each carries its citation."""
    if not fact.found:
        return [fact.answer]
    found = []
    for sentence in sentences(fact.answer):
        marks = "".join(f"[{number}]" for number in CITATION.findall(sentence))
        text, cut = bare(sentence).rstrip(".!"), r"; (?:then )?|,? and then |, then |,? and finally "
        if ASKS_HOW.search(fact.question) and ORDERS.fullmatch(text):
            cut = rf"{cut}|, and |, "
        for part in re.split(cut, text):
            part = re.sub(r"^(?:[Ff]irst|[Tt]hen|[Nn]ext|[Ff]inally|and),? ", "", part.strip())
            found.append(f"{part[:1].upper()}{part[1:]}{' ' * bool(marks)}{marks}.")
    return found


def one_sentence(fact: Fact, slots: Slots) -> str:
    """Several sentences joined with semicolons."""
    first, *rest = sentences(fact.answer)
    return "; ".join([first.rstrip("."), *(small(part).rstrip(".") for part in rest)]) + "." if rest else first


def steps(fact: Fact, slots: Slots) -> str:
    """A numbered list."""
    return "\n".join(f"{at}. {piece}" for at, piece in enumerate(pieces(fact), start=1))


def bullets(fact: Fact, slots: Slots) -> str:
    """A list with the mark that the instruction names."""
    return "\n".join(f"{slots['mark']} {piece}" for piece in pieces(fact))


def cite(fact: Fact) -> str:
    """The citations of an answer, as `[2]`."""
    return "".join(f"[{number}]" for number in fact.numbers)


def quote(fact: Fact, slots: Slots) -> str:
    """The sentence of the source in quotation marks, with its citation."""
    return f'"{fact.quote}" {cite(fact)}' if fact.found else fact.answer


def answer_then_reason(fact: Fact, slots: Slots) -> str:
    """The answer, and on a second line what the source says."""
    return f'{fact.answer}\n{slots["label"]}: "{fact.quote}" {cite(fact)}' if fact.found else fact.answer


def quote_then_answer(fact: Fact, slots: Slots) -> str:
    """What the source says, and on a second line the answer."""
    return f'"{fact.quote}" {cite(fact)}\n{slots["label"]}: {fact.answer}' if fact.found else fact.answer


def parts(fact: Fact, slots: Slots) -> str:
    """Two lines with given labels: the answer, and its source, quote or question."""
    other = {"source": fact.heading, "quote": f'"{fact.quote}"'}.get(slots["other"], "") if fact.found else "none"
    if slots["other"] == "question":
        return f"{slots['second']}: {fact.question}\n{slots['first']}: {fact.answer}"
    return f"{slots['first']}: {fact.answer}\n{slots['second']}: {other}"


def as_json(fact: Fact, slots: Slots) -> str:
    """One JSON object with the given keys in the given order."""
    number = fact.numbers[0] if len(fact.numbers) == 1 else list(fact.numbers) or None
    values = {
        "answer": fact.answer,
        "source": number,
        "found": fact.found,
        "quote": fact.quote or None,
        "question": fact.question,
    }
    pairs = (pair.split("=") for pair in slots["pairs"].split(","))
    return json.dumps({key: values[kind] for kind, key in pairs}, ensure_ascii=False)


def table(fact: Fact, slots: Slots) -> str:
    """A Markdown table with one row."""
    return f"| {slots['first']} | {slots['second']} |\n| --- | --- |\n| {fact.question} | {fact.answer} |"


def tagged(fact: Fact, slots: Slots) -> str:
    """The answer between an opening and a closing tag."""
    return f"<{slots['tag']}>{fact.answer}</{slots['tag']}>"


def question_first(fact: Fact, slots: Slots) -> str:
    """The question as it was asked, then the answer on its own line."""
    return f"{fact.question}\n{fact.answer}"


def block(fact: Fact, slots: Slots) -> str:
    """Every sentence on a line of its own after the given mark."""
    return "\n".join(f"{slots['mark']} {sentence}" for sentence in sentences(fact.answer))


def limited(fact: Fact, slots: Slots) -> str:
    """As many whole sentences as the limit leaves room for, the first in any case."""
    kept: list[str] = []
    for sentence in sentences(fact.answer):
        if kept and len(bare(" ".join([*kept, sentence])).split()) > int(slots["n"]):
            break
        kept.append(sentence)
    return " ".join(kept)


def capitals(fact: Fact, slots: Slots) -> Fact:
    """The whole answer in capital letters."""
    return dataclasses.replace(fact, answer=fact.answer.upper()) if fact.found else fact


def name_capitals(fact: Fact, slots: Slots) -> Fact:
    """Names of products in capital letters."""
    answer = fact.answer
    for name in sorted(fact.names, key=len, reverse=True):
        answer = re.sub(rf"\b{re.escape(name)}\b", name.upper(), answer)
    return dataclasses.replace(fact, answer=answer)


FIGURE = re.compile(r"(?<![\[\w.,*-])\d[\d.,:]*\d(?![\w\]-])|(?<![\[\w.,*-])\d(?![\w\]-])")


def bold_numbers(fact: Fact, slots: Slots) -> Fact:
    """Every number that stands by itself in bold; citations stay as they are."""
    return dataclasses.replace(fact, answer=FIGURE.sub(lambda match: f"**{match[0]}**", fact.answer))


def according(fact: Fact, slots: Slots) -> Fact:
    """The source is named at the start instead of at the end."""
    if not fact.found:
        return fact
    start = slots["start"].replace("N", str(fact.numbers[0]))
    return dataclasses.replace(fact, answer=f"{start} {small(bare(fact.answer))}")


def lead(text: str, fact: Fact, slots: Slots) -> str:
    """A given first line."""
    return f"{slots['lead']}\n{text}"


def closing(text: str, fact: Fact, slots: Slots) -> str:
    """A given last line."""
    return f"{text}\n{slots['closing']}"


def greeting(text: str, fact: Fact, slots: Slots) -> str:
    """A given greeting, an empty line, the answer."""
    return f"{slots['greeting']}\n\n{text}"


def sign_off(text: str, fact: Fact, slots: Slots) -> str:
    """The answer, an empty line, a given farewell."""
    return f"{text}\n\n{slots['sign']}"


def status(text: str, fact: Fact, slots: Slots) -> str:
    """A last line that says whether the sources hold the answer."""
    return f"{text}\n{slots['label']}: {slots['yes'] if fact.found else slots['no']}"


def json_slots(rng: random.Random, fact: Fact) -> Slots:
    """Keys in random order; the answer is always among them, a quote only where there is one."""
    kinds = [
        kind for kind in ("source", "found", "question", "quote") if kind != "quote" or not fact.found or fact.quote
    ]
    chosen = ["answer", *rng.sample(kinds, rng.choice((1, 1, 1, 2)))]
    if "source" not in chosen and rng.random() < 0.6:
        chosen[1] = "source"
    if rng.random() < 0.3:
        rng.shuffle(chosen)
    keys = {kind: rng.choice(KEYS[kind][:1] * 3 + KEYS[kind]) for kind in chosen}
    listed = [f'"{key}"' for key in keys.values()]
    return {
        "pairs": ",".join(f"{kind}={key}" for kind, key in keys.items()),
        "keys": f"{', '.join(listed[:-1])} and {listed[-1]}",
        "meant": "; ".join(f'"{key}": {KEY_MEANING[kind]}' for kind, key in keys.items()),
        "shape": "{" + ", ".join(f'"{key}": ...' for key in keys.values()) + "}",
    }


def parts_slots(rng: random.Random, fact: Fact) -> Slots:
    """Two labels that differ, and what the second holds."""
    other = rng.choice(("source", "source", "question", "quote" if fact.quote or not fact.found else "source"))
    first = rng.choice(LABELS["answer"])
    second = rng.choice([label for label in LABELS[other] if label != first])
    meaning = {
        "source": "the heading of the source",
        "quote": "the sentence of the source in quotation marks",
        "question": "the question",
    }
    order = (
        (second, meaning[other], first, "the answer")
        if other == "question"
        else (first, "the answer", second, meaning[other])
    )
    return {
        "other": other,
        "first": first,
        "second": second,
        "one": order[0],
        "one_is": order[1],
        "two": order[2],
        "two_is": order[3],
    }


def limit_slots(rng: random.Random, fact: Fact) -> Slots:
    """A limit that the first sentence keeps."""
    least = len(bare(sentences(fact.answer)[0]).split())
    return {"n": str(max(5, least) + rng.choice((0, 1, 2, 3, 5, 8, 12)))}


def label_slots(kind: str) -> Callable[[random.Random, Fact], Slots]:
    """Draws one label of a kind."""
    return lambda rng, fact: {"label": rng.choice(LABELS[kind])}


def status_slots(rng: random.Random, fact: Fact) -> Slots:
    """A label and its two values."""
    yes, no = rng.choice(YES_NO)
    return {"label": rng.choice(LABELS["status"]), "yes": yes, "no": no}


def table_slots(rng: random.Random, fact: Fact) -> Slots:
    """Two column headings."""
    return {"first": rng.choice(LABELS["question"]), "second": rng.choice(LABELS["answer"])}


def quotable(fact: Fact) -> bool:
    """Whether the source's sentence is known, or nothing is to be quoted."""
    return bool(fact.quote) or not fact.found


def one_claim(fact: Fact) -> bool:
    """Whether an answer is one sentence from one source, and neither a yes nor a no."""
    return len(fact.numbers) == 1 and len(sentences(fact.answer)) == 1 and not re.match(r"(?:Yes|No)\b", fact.answer)


STARTS = (
    "According to source [N],",
    "Source [N] says:",
    "As source [N] states,",
    "From source [N]:",
    "[N]:",
    "In source [N] we read:",
)

FORMS: dict[str, Form] = {
    "one sentence": Form("shape", (
        "Answer in one sentence.", "Use exactly one sentence.", "Your answer is a single sentence.",
        "Write no more than one sentence.",
        "Reply with one full sentence only.", "Keep the answer to one sentence.",
        "One sentence is enough; do not write a second.",
        "Put everything into one sentence.", "Say it in a single sentence, with semicolons if you must.",
        "The reply must be one sentence long.",
        "Restrict yourself to one sentence.", "Give a one-sentence answer.", "Nothing beyond one sentence, please."),
        one_sentence),
    "steps": Form("shape", (
        "Give the answer as numbered steps.", "Write a numbered list.",
        "Number the parts of your answer: 1., 2., 3.", "Answer as a numbered list, one step a line.",
        "Set the answer out in steps, each with a number.", "Use the form \"1. ...\", one line for each step.",
        "Every step gets its own number and line.",
        "Reply in numbered lines, beginning with 1.", "Show what you found as steps 1, 2 and so on.",
        "Write your reply as an ordered list.",
        "Put a number before each step of the answer.",
        "The answer is a list with numbers, even if it has only one entry.",
        "Structure the reply as numbered points."),
        steps),
    "bullets": Form("shape", (
        'Answer in bullet points that begin with "{mark}".',
        'Write the answer as a list; each line starts with "{mark}".', 'Use bullets ("{mark}").',
        'Give a bulleted list with "{mark}" before each point.', 'Put each point on its own line after "{mark}".',
        'Bullet points only, marked "{mark}".',
        'Make it a list. The mark is "{mark}".', 'Every line of the answer begins with "{mark}".',
        'List what you found, one "{mark}" for each statement.',
        'Reply in bullets, even for a single point: "{mark} ...".', 'Set it out as bullets with the sign "{mark}".',
        'Your reply is a bullet list using "{mark}".',
        'Break the answer into lines that open with "{mark}".'),
        bullets, lambda rng, fact: {"mark": rng.choice(("-", "-", "-", "*", "•", "+"))}),
    "quote": Form("shape", (
        "Answer by quoting the sentence from the source in quotation marks.",
        "Quote the sentence that holds the answer, word for word.",
        "Do not use your own words: quote the source's sentence.",
        "Give the exact sentence of the source in quotation marks, then its number.",
        "Reply only with a quotation: the sentence that answers the question.",
        "Copy the sentence that answers, between quotation marks.",
        "Your answer is a verbatim quote of one sentence.", "Let the source speak: quote its sentence.",
        "Repeat the source's own sentence in quotation marks.",
        "Put the sentence of the source in quotes and write nothing else but its number.",
        "Answer with the original wording, in quotation marks.",
        "Use a direct quotation as the whole answer.", "Cite verbatim: the one sentence that settles it, in quotes."),
        quote, fits=quotable),
    "answer then reason": Form("shape", (
        'First the answer, then a line "{label}:" with the source\'s sentence in quotation marks.',
        'After the answer add "{label}:" and quote the sentence it rests on.',
        'Give the answer first. Below it write "{label}:" and the sentence of the source.',
        'Line one: the answer. Line two: "{label}:" and the quoted sentence.',
        'Support each answer with a second line that starts with "{label}:" and quotes the source.',
        'Answer, then prove it: "{label}:" followed by the quote.',
        'Begin with the answer; the reason comes after it as "{label}: ...", quoted.',
        'Put the quoted sentence on a new line after "{label}:", below the answer.',
        'The answer comes first, the quotation after it, introduced by "{label}:".',
        'Write the answer and, under the label "{label}", the exact words of the source.',
        'End with "{label}:" and the sentence that shows it.',
        'Answer first, reason second; call the reason "{label}" and quote it.',
        'Add a line labelled "{label}" with the source\'s words in quotes.'),
        answer_then_reason, label_slots("reason"), quotable),
    "quote then answer": Form("shape", (
        'First quote the sentence of the source, then write "{label}:" and the answer on a new line.',
        'Begin with the quotation. The answer follows after "{label}:".',
        'Quote first, answer second; the second line starts with "{label}:".',
        'Line one: the source\'s sentence in quotation marks. Line two: "{label}:" and your answer.',
        'Start from the text: quote it, then give your answer after "{label}:".',
        'Show the quoted sentence, and below it "{label}:" with the answer.',
        'Before you answer, quote the sentence you use. Then "{label}:" and the answer.',
        'Open with the exact words of the source, close with "{label}:" and the answer.',
        'Put the evidence in quotes on top and the answer under it, after "{label}:".',
        'The quotation comes before the answer, which is marked "{label}:".',
        'Copy the sentence in quotes, then conclude with "{label}: ...".',
        'Evidence first, in quotes; then one line "{label}:" with the answer.',
        'Lead with the quoted sentence and let "{label}:" introduce the answer.'),
        quote_then_answer, label_slots("answer"), quotable),
    "two parts": Form("shape", (
        'Answer in two parts: "{one}:" ({one_is}) and "{two}:" ({two_is}).',
        'Write two lines. "{one}:" holds {one_is}, "{two}:" holds {two_is}.',
        'Use the labels "{one}" for {one_is} and "{two}" for {two_is}.',
        'First line "{one}: ..." with {one_is}, second line "{two}: ..." with {two_is}.',
        'Two labelled lines: {one} = {one_is}, {two} = {two_is}.',
        'Reply in this form:\n{one}: <{one_is}>\n{two}: <{two_is}>',
        'Your reply has the parts "{one}:" and "{two}:", that is {one_is} and {two_is}.',
        'Put {one_is} after "{one}:" and {two_is} after "{two}:" on the next line.',
        'Label {one_is} with "{one}:" and {two_is} with "{two}:".',
        'Split the reply: "{one}:" for {one_is}, then "{two}:" for {two_is}.',
        'Fill in this template.\n{one}: ({one_is})\n{two}: ({two_is})',
        'Give {one_is} under "{one}:", then {two_is} under "{two}:".',
        'Format: "{one}: ({one_is})", new line, "{two}: ({two_is})".'),
        parts, parts_slots),
    "json": Form("shape", (
        "Answer as JSON with the keys {keys} ({meant}).", "Reply with one JSON object: {shape}. Here {meant}.",
        "Output only JSON. Keys: {meant}.",
        "Give a JSON object with {keys}. {meant}.", "Return JSON of the form {shape} ({meant}).",
        "The reply is JSON and nothing else, with the fields {keys}: {meant}.",
        "Use JSON: {shape}\nMeaning of the keys: {meant}.", "Produce a JSON object. Its keys are {keys}; {meant}.",
        "Write machine-readable output: {shape}, where {meant}.",
        "Respond in JSON on one line. The keys, in this order: {keys}. {meant}.",
        "No prose: a JSON object {shape}. {meant}.", "Format the answer as a JSON object holding {keys} ({meant}).",
        "Fill this JSON: {shape}. {meant}."),
        as_json, json_slots),
    "table": Form("shape", (
        'Answer with a Markdown table of one row, columns "{first}" (the question) and "{second}" (the answer).',
        'Make a table with the headings "{first}" and "{second}": question left, answer right.',
        'Put question and answer into a Markdown table headed "{first}" and "{second}".',
        "Reply as a table: | {first} | {second} |, holding the question and the answer.",
        'Use a two-column table, "{first}" for the question, "{second}" for the answer.',
        'The output is a Markdown table. Column one, "{first}", repeats the question; column two, "{second}", answers it.', 'Write one table row under "{first}" and "{second}": what was asked and the answer.',
        'Show the result as a table with question ("{first}") and answer ("{second}").',
        'Draw a Markdown table. Left column "{first}": the question. Right column "{second}": the answer.',
        'Table form only: "{first}" is the question, "{second}" the answer.',
        'Arrange question and answer side by side in a table titled "{first}" and "{second}".',
        'Tabulate: question under "{first}", answer under "{second}".',
        'Give me a Markdown table whose columns are "{first}" (question) and "{second}" (answer).'),
        table, table_slots, lambda fact: "|" not in fact.question and "\n" not in fact.question),
    "tag": Form("shape", (
        "Put the answer between <{tag}> and </{tag}>.", "Wrap your answer in <{tag}> tags.",
        "The answer stands inside <{tag}>...</{tag}>.", "Write <{tag}>, the answer, </{tag}>.",
        "Use the tag {tag}: <{tag}>answer</{tag}>.", "Enclose everything you say in <{tag}></{tag}>.",
        "Begin with <{tag}> and end with </{tag}>.", "Mark the answer with the tags <{tag}> and </{tag}>.",
        "Your reply starts with <{tag}> and stops with </{tag}>.", "Place the answer in a <{tag}> element.",
        "Surround the reply with <{tag}> tags.", "Return the answer as <{tag}>...</{tag}>.",
        "Everything goes inside one {tag} tag: <{tag}>...</{tag}>."),
        tagged, lambda rng, fact: {"tag": rng.choice(TAGS)}),
    "question first": Form("shape", (
        "Repeat the question on the first line, then answer it.",
        "Write the question again, and the answer below it.", "Line one is the question, line two the answer.",
        "Start by repeating the question word for word.", "Copy the question, then answer on a new line.",
        "Show the question above your answer.", "First say what was asked, exactly, then answer.",
        "Put the question before the answer, on its own line.",
        "Restate the question without a change, then give the answer.",
        "Begin with the question itself; the answer follows below.",
        "Echo the question, then reply under it.",
        "The question comes first, copied exactly; next line, the answer.",
        "Open with the question as asked and answer beneath."),
        question_first, fits=lambda fact: "\n" not in fact.question),
    "marked lines": Form("shape", (
        'Begin every line with "{mark}" and write one sentence a line.',
        'One sentence on each line, each after "{mark}".', 'Start each sentence on a new line with "{mark}".',
        'Put "{mark}" before every sentence; one sentence a line.',
        'Write each sentence on its own line, marked "{mark}".', 'Lines begin with "{mark}" and hold one sentence.',
        'Use "{mark}" at the start of every line, with a new line for each sentence.',
        'Answer line by line. A line is "{mark}" and one sentence.',
        'Each sentence stands alone after the sign "{mark}".', 'Prefix each sentence with "{mark}" on a fresh line.',
        'Mark each sentence with "{mark}" and break the line after it.',
        'Every sentence gets a line and the mark "{mark}" in front.',
        'Sentence by sentence, each one behind "{mark}".'),
        block, lambda rng, fact: {"mark": rng.choice((">", ">>", "=>", "->", "#", "~", "::", "A:"))}),
    "word limit": Form("shape", (
        "Use at most {n} words.", "No more than {n} words.", "Keep it under or at {n} words.",
        "The answer has {n} words at most.", "Limit: {n} words.", "Stay within {n} words.",
        "Answer in {n} words or fewer.",
        "Your reply may have up to {n} words.", "Be brief: {n} words is the limit.", "Do not go beyond {n} words.",
        "Maximum length: {n} words.", "Spend no more than {n} words.", "Write {n} words or less."),
        limited, limit_slots),
    "capitals": Form("style", (
        "Write the answer in capital letters.", "USE CAPITAL LETTERS ONLY for the answer.", "Answer in upper case.",
        "Put the whole answer in capitals.", "All letters of the answer are capitals.",
        "The answer must be written in upper-case letters.",
        "Shout: capital letters throughout the answer.", "Only capitals in the answer, please.",
        "Write your answer in block capitals.", "Print the answer in upper case.",
        "Make every letter of the answer a capital.", "No small letters in the answer.",
        "Render the answer in ALL CAPS."),
        capitals),
    "product in capitals": Form("style", (
        "Write names of products in capital letters.", "Product names are written in capitals.",
        "Put the name of the product in upper case.", "Names of products: capital letters only.",
        "Always capitalise every letter of a product's name.",
        "The product's name stands in capitals, the rest as usual.",
        "Use upper case for product names and for nothing else.", "Each product name appears in CAPITALS.",
        "When you name a product, write its name in capital letters.", "Print product names in block capitals.",
        "Set product names in upper case.", "Show the product's name ALL IN CAPS.",
        "Spell names of products with capitals throughout."),
        name_capitals, fits=lambda fact: bool(fact.names) or not fact.found),
    "bold numbers": Form("style", (
        "Put every number in bold with two asterisks, as **5**.", "Numbers are bold: **12**.",
        "Write numbers between double asterisks.", "Make each number bold (**7**), but not the citations.",
        "Mark numbers in the answer as **number**.", "Set all figures in bold Markdown.",
        "Highlight every number with ** on both sides.", "Bold the numbers of the answer, like **30**.",
        "Use Markdown bold for each number.", "Every figure in the answer is wrapped in **.",
        "Emphasise numbers by bold type: **40**.", "Numbers get double asterisks around them.",
        "Show figures in bold, for example **8**."),
        bold_numbers, fits=lambda fact: bool(FIGURE.search(fact.answer)) or not fact.found),
    "according": Form("style", (
        'Begin the answer with "{start}", N being the number of the source.',
        'Start with "{start}" and put no citation at the end.',
        'Name the source first: "{start} ...", with its number for N.',
        'The answer opens with "{start}", where N is the source\'s number.',
        'Cite at the start, in the form "{start}".',
        'Open with "{start}" (N: the number of the source) instead of a citation at the end.',
        'Write "{start}" and then the answer; N stands for the number.',
        'Put the citation first, like this: "{start}".',
        'Let each answer begin "{start}", N replaced by the number.',
        'First the source, as "{start}", then what it says.',
        'Introduce the answer by "{start}" with the right number in place of N.',
        'The first words are "{start}"; N is the number of the source.',
        'Use the opening "{start}", filling in the source\'s number for N.'),
        according, lambda rng, fact: {"start": rng.choice(STARTS)},
        lambda fact: not fact.found or one_claim(fact)),
    "lead line": Form("frame", (
        'Begin with the line "{lead}"', 'The first line of every answer is: {lead}',
        'Start your answer with "{lead}" on a line of its own.', 'Open with this line: "{lead}"',
        'Before the answer write the line "{lead}"', 'Every reply opens with "{lead}" and a line break.',
        'Put "{lead}" above the answer.',
        'Line one is always "{lead}"', 'Lead with "{lead}", then the answer on the next line.',
        'Write "{lead}" first. The answer begins on the second line.', 'Head each reply with the line "{lead}"',
        'Your opening line must read: {lead}', 'As the first line, use "{lead}"'),
        lead, lambda rng, fact: {"lead": phrase(rng, LEADS)}),
    "closing line": Form("frame", (
        'End with the line "{closing}"', 'The last line of every answer is: {closing}',
        'Finish with "{closing}" on a line of its own.', 'Close with this line: "{closing}"',
        'After the answer write the line "{closing}"', 'Every reply ends with a line break and "{closing}"',
        'Put "{closing}" below the answer.',
        'The final line is always "{closing}"', 'Add "{closing}" as the last line.',
        'When you are done, write "{closing}" on a new line.', 'Conclude each reply with the line "{closing}"',
        'Your last line must read: {closing}', 'As the closing line, use "{closing}"'),
        closing, lambda rng, fact: {"closing": phrase(rng, CLOSINGS)}),
    "greeting": Form("frame", (
        'Greet with "{greeting}" and leave an empty line before the answer.',
        'Write it as a letter that opens with "{greeting}" and an empty line.',
        'Start with the greeting "{greeting}", then an empty line.',
        'Address the reader with "{greeting}", followed by a blank line.',
        'Begin politely: "{greeting}", blank line, answer.', 'The salutation is "{greeting}"; a blank line follows.',
        'Open like a letter: "{greeting}" and a blank line.',
        'Say "{greeting}" first. Then a blank line, then the answer.',
        'Use "{greeting}" as salutation, with an empty line below it.',
        'Every reply begins with "{greeting}" and an empty line.',
        'Head the reply with the salutation "{greeting}" and skip a line.',
        'Salute the reader: "{greeting}". Leave a line empty after it.',
        'Write "{greeting}" on top, then one empty line.'),
        greeting, lambda rng, fact: {"greeting": phrase(rng, GREETINGS)}),
    "sign-off": Form("frame", (
        "After an empty line, sign off with:\n{sign}", 'Sign with "{sign}" after a blank line.',
        "Leave a blank line at the end and sign:\n{sign}", 'End like a letter: blank line, then "{sign}".',
        'Close with an empty line and the farewell "{sign}".', "Your signature, below an empty line, is:\n{sign}",
        'Finish the letter with a blank line and "{sign}".',
        "Below the answer: an empty line, then\n{sign}", 'Say goodbye with "{sign}", set off by an empty line.',
        "Put this signature under a blank line:\n{sign}", 'Sign every reply, after a blank line, with "{sign}".',
        'The sign-off, one empty line below the answer, reads "{sign}".', "Conclude with a skipped line and\n{sign}"),
        sign_off, lambda rng, fact: {"sign": phrase(rng, SIGNS)}),
    "status line": Form("frame", (
        'End with a line "{label}: {yes}" if the sources hold the answer, else "{label}: {no}".',
        'Last line: "{label}: {yes}" or, without an answer, "{label}: {no}".',
        'Add "{label}: {yes}" at the end; when the sources do not say, add "{label}: {no}".',
        'Close with "{label}:" and "{yes}" when you could answer, "{no}" when not.',
        'On the last line give the {label}: {yes} (answer there) or {no} (answer not there), as "{label}: ...".',
        'Finish with "{label}: {yes}" for an answered question and "{label}: {no}" for one that the sources leave open.', 'The final line says "{label}: {yes}", or "{label}: {no}" if nothing was found.', 'Append a line: "{label}: {yes}" where there is an answer, "{label}: {no}" where there is none.', 'Report at the end: "{label}: {yes}" if answered from the sources, otherwise "{label}: {no}".', 'Put "{label}: {yes}" below an answer and "{label}: {no}" below a missing one.',
        'Write "{label}: {no}" last if the sources lack it, and "{label}: {yes}" last if they do not.',
        'Sum up in a last line: "{label}: {yes}" (answered) or "{label}: {no}" (not).',
        'Your last line is "{label}: {yes}" or "{label}: {no}", as the sources have it or not.'),
        status, status_slots),
}  # fmt: skip

KEPT = 3  # of each form's wordings, the last ones are kept for validation
TRAINING_WORDINGS = [(name, wording) for name, form in FORMS.items() for wording in form.wordings[:-KEPT]]
VALIDATION_WORDINGS = [(name, wording) for name, form in FORMS.items() for wording in form.wordings[-KEPT:]]
SHOWN_BY_EXAMPLE = frozenset(
    {"bullets", "steps", "tag", "lead line", "closing line", "greeting", "sign-off", "question first", "capitals"}
)

# ------------------------------------------------------------------------------------------------------- worked examples

EXAMPLES = (
    ("How long does the battery of the {p} last?", "The battery of the {p} lasts {n} hours.",
    "One charge of the {p} lasts {n} hours.", "{p} > Battery"),
    ("What does the {p} weigh?", "The {p} weighs {n} grams.", "Without its case the {p} weighs {n} grams.",
    "{p} > Measures"),
    ("How much is a spare lid for the {p}?", "A spare lid for the {p} costs EUR {n}.",
    "Spare lids for the {p} cost EUR {n}.", "{p} > Parts"),
    ("When may I return the {p}?", "The {p} may be returned within {n} days.",
    "You may return the {p} within {n} days of delivery.", "Returns"),
    ("Who repairs the {p}?", "The {p} is repaired by the workshop in {q}.",
    "Repairs of the {p} are done by the workshop in {q}.", "{p} > Repairs"),
    ("What does code E{n} mean on the {p}?", "On the {p}, code E{n} means that the filter is full.",
    "The {p} shows E{n} when the filter is full.", "{p} > Codes"),
    ("How do I reset the {p}?", "Switch the {p} off, then hold the key for {n} seconds.",
    "To reset the {p}, switch it off and hold the key for {n} seconds.", "{p} > Reset"),
    ("How often must the {p} be oiled?", "The {p} must be oiled every {n} weeks.",
    "Oil the moving parts of the {p} every {n} weeks.", "{p} > Care"),
    ("Can the {p} be used in the rain?", "No, the {p} must be kept dry.", "Keep the {p} dry at all times.",
    "{p} > Safety"),
    ("Where is the serial number of the {p}?", "The serial number of the {p} is under the base plate.",
    "You find the serial number of the {p} under the base plate.", "{p} > Labels"),
    ("How many people may ride in the {p}?", "The {p} carries {n} people.",
    "No more than {n} people may ride in the {p}.", "{p} > Limits"),
    ("Which bus goes to {q}?", "Bus {n} goes to {q}.", "For {q}, take bus {n} from the square.", "Getting to {q}"),
    ("When does the library in {q} close?", "The library in {q} closes at {n} minutes past six.",
    "The doors of the library in {q} close at {n} minutes past six.", "{q} > Hours"),
    ("What colour is the lamp of the {p} when it is ready?", "The lamp of the {p} is green when it is ready.",
    "A green lamp shows that the {p} is ready.", "{p} > Lamps"),
    ("How do I clean the {p}?", "Empty the {p}, then rinse it with {n} litres of water.",
    "Empty the {p} and rinse it with {n} litres of water.", "{p} > Cleaning"),
    ("How warm may the {p} get?", "The {p} may get as warm as {n} °C.",
    "The highest permitted temperature of the {p} is {n} °C.", "{p} > Limits"),
)  # fmt: skip


def drawn_example(rng: random.Random) -> Fact:
    """An invented question with its answer; now and then one that has none."""
    product = f"{invented(rng)} {rng.choice(('', '', 'Mini ', 'Pro '))}{rng.randint(2, 90)}"
    slots = {"p": product, "q": invented(rng), "n": str(rng.randint(2, 60))}
    question, answer, said, heading = (text.format(**slots) for text in rng.choice(EXAMPLES))
    if rng.random() < 0.15:
        return Fact(question, NO_ANSWER, (), "", "", ())
    number = rng.choice((1, 1, 1, 2, 2, 3))
    names = tuple(name for name in (product, slots["q"]) if name in answer and name in heading)
    return Fact(question, f"{answer[:-1]} [{number}].", (number,), said, heading, names)


EXAMPLE_FRAMES = (
    "Example:\nQuestion: {q}\nAnswer: {a}", "For example:\nQuestion: {q}\nAnswer:\n{a}",
    "Example {i}\nQ: {q}\nA: {a}", "An example.\nAsked: {q}\nYour reply:\n{a}",
    "Question: {q}\nAnswer: {a}", "<example>\n{q}\n---\n{a}\n</example>", "To {q_small}, you answer:\n{a}",
    "Sample question: {q}\nSample answer:\n{a}",
)  # fmt: skip

# -------------------------------------------------------------------------------------------------------------- reforming

Choice = tuple[str, Slots]


def choose(rng: random.Random, fact: Fact) -> list[Choice]:
    """One to three forms that go together and fit, in the order in which they are applied."""
    by_group = {
        group: [name for name, form in FORMS.items() if form.group == group and form.fits(fact)]
        for group in ("style", "shape", "frame")
    }
    draw = rng.random()
    kinds = ("shape",) if draw < 0.34 else ("frame",) if draw < 0.46 else ("style",) if draw < 0.54 else ()
    if not kinds:
        kinds = rng.choice((("shape", "frame"), ("shape", "frame", "frame"), ("shape", "frame", "frame"), ("frame",
        "frame"),
                            ("style", "shape"), ("style", "frame"), ("style", "shape", "frame")))  # fmt: skip
    names: list[str] = []
    for kind in kinds:
        open_names = [name for name in by_group[kind] if fits_with(name, names)]
        if open_names:
            names.append(rng.choice(open_names))
    order = {"style": 0, "shape": 1, "frame": 2}
    names.sort(key=lambda name: (order[FORMS[name].group], name == "sign-off"))
    return [(name, FORMS[name].slots(rng, fact)) for name in names]


FIRST, LAST = frozenset({"lead line", "greeting"}), frozenset({"closing line", "sign-off", "status line"})
ALONE = frozenset({"json", "tag"})  # nothing stands before or after them


def fits_with(name: str, chosen: Sequence[str]) -> bool:
    """Whether a form goes with those already chosen: one first line, one last line, and no frame around JSON or tags."""
    if name in chosen or any({name, other} <= FIRST or {name, other} <= LAST for other in chosen):
        return False
    framed = FORMS[name].group == "frame"
    if name in {"quote", "according"} and any(other in {"quote", "according", "capitals"} for other in chosen):
        return False
    # A style changes the answer, and so must not meet shapes that quote or count it.
    if FORMS[name].group == "shape" and "according" in chosen:
        return name not in {"steps", "bullets", "word limit", "quote", "answer then reason", "quote then answer"}
    if FORMS[name].group == "shape" and any(FORMS[other].group == "style" for other in chosen):
        return name not in {"quote", "answer then reason", "quote then answer"}
    return not (framed and any(other in ALONE for other in chosen))


def formed(fact: Fact, choices: Sequence[Choice]) -> str:
    """The answer in the chosen forms."""
    text: str | None = None
    for name, slots in choices:
        form = FORMS[name]
        if form.group == "style":
            fact = form.apply(fact, slots)
        elif form.group == "shape":
            text = form.apply(fact, slots)
        else:
            text = form.apply(fact.answer if text is None else text, fact, slots)
    return fact.answer if text is None else text


def instruction(rng: random.Random, choice: Choice, split: str) -> str:
    """One form's instruction in one of its wordings."""
    name, slots = choice
    wordings = FORMS[name].wordings
    said = rng.choice(wordings[:-KEPT] if split == "train" else wordings[-KEPT:]).format(**slots)
    draw = rng.random()
    if draw < 0.06 and said[0].isupper() and said[1].islower():
        return (
            f"Please {said[0].lower()}{said[1:]}"
            if re.match(r"(?:Use|Write|Put|Give|Begin|Start|End|Finish|Close|Open|Make)\b", said)
            else said
        )
    return said


def joined(rng: random.Random, said: Sequence[str]) -> str:
    """Instructions as sentences, as lines, or as a list of rules."""
    ended = list(said)
    if len(said) == 1 and rng.random() < 0.85:
        return ended[0]
    draw = rng.random()
    if draw < 0.4 and not any("\n" in text for text in said):
        return " ".join(text if text[-1] in ".!?" or text[-2:] in {'."', '!"', '?"'} else f"{text}." for text in ended)
    if draw < 0.6:
        return "\n".join(ended)
    head = rng.choice(
        (
            "Style:",
            "Form of the answer:",
            "House style:",
            "Rules for your answer:",
            "Format:",
            "Please keep to these rules:",
            "How to answer:",
        )
    )
    return "\n".join(
        [
            head,
            *(
                (f"- {text}" for text in ended)
                if draw < 0.85
                else (f"({at}) {text}" for at, text in enumerate(ended, 1))
            ),
        ]
    )


def with_examples(rng: random.Random, choices: Sequence[Choice]) -> str:
    """One or two worked examples: invented questions, answered in the same forms."""
    count, frame, shown = rng.choice((1, 1, 2)), rng.choice(EXAMPLE_FRAMES), []
    while len(shown) < count:
        fact = drawn_example(rng)
        if shown and not fact.found:
            continue
        if all(FORMS[name].fits(fact) for name, _ in choices):
            if any(
                name == "word limit" and len(bare(fact.answer).split()) > int(slots["n"]) for name, slots in choices
            ):
                fact = dataclasses.replace(fact, answer=NO_ANSWER, numbers=(), quote="", heading="", names=())
            answer = formed(fact, choices)
            shown.append(frame.format(q=fact.question, q_small=f'"{fact.question}"', a=answer, i=len(shown) + 1))
    return "\n\n".join(shown)


def placed(rng: random.Random, record: dict, told: list[str], examples: str) -> tuple[str, str]:
    """System prompt and user turn with the instructions in them: after the system's own words, before them, or below the question."""
    system, user = record["system"].strip(), record["user"]
    draw = rng.random()
    if draw < 0.2 and told:
        below = told[-1:] if len(told) > 1 and rng.random() < 0.4 else told
        above = told[: len(told) - len(below)]
        user += rng.choice(("\n\n", "\n", " ")) + joined(rng, below)
        blocks = [system, *([joined(rng, above)] if above else [])]
    else:
        text = [joined(rng, told)] if told else []
        blocks = [*text, system] if draw < 0.42 else [system, *text]
    glue = (
        rng.choice(("\n\n", "\n", "\n\n", " "))
        if not any("\n" in text for text in blocks)
        else rng.choice(("\n\n", "\n"))
    )
    system = glue.join(text for text in blocks if text)
    return ("\n\n".join(text for text in (system, examples) if text)), user


def reform(record: dict, rng: random.Random, *, split: str = "train", only: Sequence[str] = ()) -> dict:
    """A record with instructions about form, and its answer in that form.

    Args:
        record: one with numbered sources and a cited answer or the fixed sentence; any other comes back as it is.
        rng: the same seed gives the same record.
        split: "train", or "valid" for wordings that training never shows.
        only: names of the forms to use, in place of a random choice; those that do not fit are left out.
    """
    fact = fact_of(record)
    if fact is None:
        return record
    choices = (
        [(name, FORMS[name].slots(rng, fact)) for name in only if FORMS[name].fits(fact)] if only else choose(rng, fact)
    )
    if not choices:
        return record
    examples = with_examples(rng, choices) if rng.random() < 0.34 else ""
    told = [instruction(rng, choice, split) for choice in choices]
    if examples and split == "train" and all(name in SHOWN_BY_EXAMPLE for name, _ in choices) and rng.random() < 0.25:
        told = ["Answer in the same form as the example below."]
    elif len(told) > 1 and rng.random() < 0.3:
        rng.shuffle(told)
    system, user = placed(rng, record, told, examples)
    names = " + ".join(name for name, _ in choices)
    return {"task": f"form {names}", "system": system, "user": user, "assistant": formed(fact, choices)}


# ------------------------------------------------------------------------------------------------------ records to look at


def plain(rng: random.Random) -> dict:
    """A small record with invented sources, for tests and for reading by eye."""
    facts: list[Fact] = []
    while len(facts) < rng.randint(1, 4):
        fact = drawn_example(rng)
        if fact.found:
            facts.append(fact)
    sources = [Source(fact.heading, fact.quote) for fact in facts]
    at = rng.randrange(len(facts))
    asked = drawn_example(rng) if rng.random() < 0.15 else facts[at]
    answer = NO_ANSWER if asked is not facts[at] else f"{bare(asked.answer)[:-1]} [{at + 1}]."
    return {
        "task": "plain",
        "system": GROUNDED,
        "user": user_turn(asked.question, sources),
        "assistant": answer,
    }


def examples(rng: random.Random, records: Iterator[dict] | None = None, *, split: str = "train") -> Iterator[dict]:
    """Endless reformed records: of a stream of records, or of small invented ones."""
    while True:
        yield reform(next(records) if records else plain(rng), rng, split=split)


def show(records: Iterable[dict]) -> str:
    """Records as text for reading by eye."""
    return "\n".join(
        f"{'=' * 30} {record['task']}\n<{record['system']}>\n{record['user']}\n--> {record['assistant']}"
        for record in records
    )


def main() -> None:
    """Print reformed records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", type=int, default=20, help="records to print (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the draw (default 1)")
    parser.add_argument("--split", choices=("train", "valid"), default="train", help="whose wordings (default train)")
    arguments = parser.parse_args()
    stream = examples(random.Random(arguments.seed), split=arguments.split)
    print(show(next(stream) for _ in range(arguments.show)))


if __name__ == "__main__":
    main()
