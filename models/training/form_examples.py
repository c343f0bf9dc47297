"""Worked examples for requests about form: invented questions, answered in the same forms."""

import random
from collections.abc import Sequence

from form_facts import Fact, bare, title_of
from form_phrases import invented
from form_table import Choice, formed, holds

from coursekit.prompts import GROUNDED, NO_ANSWER, Source, user_turn

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
EXAMPLE_FRAMES = (
    "Example:\nQuestion: {q}\nAnswer: {a}", "For example:\nQuestion: {q}\nAnswer:\n{a}",
    "Example {i}\nQ: {q}\nA: {a}", "An example.\nAsked: {q}\nYour reply:\n{a}",
    "Question: {q}\nAnswer: {a}", "<example>\n{q}\n---\n{a}\n</example>", "To {q_small}, you answer:\n{a}",
    "Sample question: {q}\nSample answer:\n{a}", "Question: {q}\nAnswer:\n{a}", "Question: {q}\n\nAnswer:\n{a}",
    "Q: {q}\nA:\n{a}", "User: {q}\nAssistant:\n{a}", "### {q}\n{a}",
)  # fmt: skip
HOUSE_FRAMES = (
    "Message: {q}\nReply:\n{a}", "Message {i}: {q}\nReply {i}:\n{a}", "Customer: {q}\nWe write:\n{a}",
    "They ask: {q}\nYou reply:\n{a}", "Example message:\n{q}\nExample reply:\n{a}", "Mail: {q}\n---\n{a}", "Q: {q}\nReply:\n{a}",
)  # fmt: skip
# What is said where the examples alone show the form. The last ones are kept for validation.
AS_SHOWN = (
    "Answer in the same form as the example below.", "Answer as the examples do.", "Copy the layout of what follows.",
    "Follow the pattern below.", "Your answers look like this:", "Use the format shown here.", "Here is how an answer looks.",
    "Keep to the form that you see below.", "Write each answer in the manner shown.", "Give your answer the same parts as below.",
    "Do it like this.", "Format:", "Each reply has the shape of the samples.", "Imitate the layout of the samples.",
    "Reply exactly in the style of what is shown.", "The answer takes the shape of these samples.",
    "Arrange the answer as shown below.",
)  # fmt: skip
AS_SHOWN_KEPT = 3


def drawn_example(rng: random.Random) -> Fact:
    """An invented question with its answer; now and then one that has none."""
    product = f"{invented(rng)} {rng.choice(('', '', 'Mini ', 'Pro '))}{rng.randint(2, 90)}"
    slots = {"p": product, "q": invented(rng), "n": str(rng.randint(2, 60))}
    question, answer, said, heading = (text.format(**slots) for text in rng.choice(EXAMPLES))
    subject = product if product in question else slots["q"]
    if rng.random() < 0.15:
        return Fact(question, NO_ANSWER, (), "", "", (), subject, title_of(heading))
    number = rng.choice((1, 1, 1, 2, 2, 3))
    names = tuple(name for name in (product, slots["q"]) if name in answer and name in heading)
    cited = f"{answer[:-1]} [{number}]."
    return Fact(question, cited, (number,), said, heading, names, subject, title_of(heading))


def with_examples(
    rng: random.Random, choices: Sequence[Choice], frames: Sequence[str] = EXAMPLE_FRAMES, *, alone: bool = False
) -> str:
    """Worked examples: invented questions, answered in the same forms.

    Args:
        rng: decides what is shown.
        choices: the forms.
        frames: layouts of an example.
        alone: the examples alone show the form, so that there are mostly two, and all have an answer. The first has one in any case.
    """
    if alone:  # each line as the answer has it, with nothing before it
        frames = [frame for frame in frames if "\n{a}" in frame]
    count, frame, shown = rng.choice((1, 2, 2, 3) if alone else (1, 1, 2)), rng.choice(frames), []
    while len(shown) < count:
        fact = drawn_example(rng)
        if holds(fact, choices) and (fact.found or (shown and not alone)):
            shown.append(in_frame(frame, fact, formed(fact, choices), len(shown) + 1))
    return "\n\n".join(shown)


def in_frame(frame: str, fact: Fact, answer: str, at: int) -> str:
    """One worked example in its layout."""
    return frame.format(q=fact.question, q_small=f'"{fact.question}"', a=answer, i=at)


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
