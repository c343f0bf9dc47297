"""The literal texts that a form asks for, invented anew each time: lead and closing lines, greetings, labels, keys and tags."""

# ruff: noqa: SIM905  (word lists read better unbroken)

import random
from collections.abc import Sequence

ADJECTIVES = (
    "quiet blue early plain open warm small bright steady green narrow gentle northern copper amber second daily friendly brief clear "
    "old new silver round swift southern paper harbour morning evening winter little sturdy golden grey lively calm sharp fresh honest"
).split()
NOUNS = (
    "desk lantern harbour window counter notebook shelf bridge garden station workshop library compass bench kettle signal valley "
    "orchard anchor mill ladder post corner ledger beacon office gate studio cellar meadow yard team crew guide helper reader clerk "
    "register log bureau"
).split()
THINGS = (
    "question answer note page manual help reading facts details advice reply check rules record summary file reference finding"
).split()
ONSETS = "b br c d dr f g gl h j k kl l m n p pl r s sk st t tr v w z".split()
VOWELS = "a e i o u ai ea oa".split()
CODAS = "l n r m nd rn st ck lt ss x v ll".split()
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

# What stands after a name in the first line, what the name is, and what a line of advice says.
AFTER_NAME = (
    "here is what we know.", "the {t} is below.", "this is what the {t} says.", "we looked it up.", "our {n} found this.",
    "the {a} {t}.", "see the points below.", "answered by the {n}.", "your {t} in brief.", "this much is certain.",
    "thank you for writing!", "what you asked for.", "checked by {N}.", "{t} no. {d}.",
)  # fmt: skip
WHAT = {
    "name": ("the name that the question asks about", "the thing asked about, by its name", "the name in the question",
    "the product or place in question"),
    "title": ("the title of the document (the heading up to the first \">\")", "the first part of the source's heading",
    "the document's title, as its heading gives it", "what stands before the first \">\" in the heading"),
}  # fmt: skip
TO_DO = (
    "Keep this {t} at hand.", "Write to the {n} if it does not help.", "Show this {t} to the {n}.", "Ask {N} for the {t}.",
    "Call extension {d} with any other {t}.", "Note it in your {n}.", "Visit the {a} {n}.", "Look at the {t} once more.",
    "Tell us how it went.", "Print this {t} for the {n}.", "Save the {t} number {d}.", "Hand this {t} to {N}.",
)  # fmt: skip
TEAMS = (
    "The {n} team", "{N} for the {n}", "Your {a} {n}", "{N}, {n} {d}", "The {a} {n} team", "{N} and the {n}", "- the {n} -",
)  # fmt: skip

# House rules: heads, rules that no answer breaks in their wordings, and words that the answers do not hold.
HOUSE_HEADS = (
    "House style:", "Our rules for replies:", "How we write:", "Rules of this desk:", "Style guide", "Please write replies like this:",
    "Replies follow these rules.", "## Reply format", "Every reply keeps these rules:", "You write for the {a} {n}. Its rules:",
    "This is how {N} answers:", "Instructions for replies",
)  # fmt: skip
IDLE = (
    ("Be polite.", "Stay friendly and calm."), ("Write plain English.", "Plain words, short sentences."), ("Do not guess.",),
    ("Write for readers who are in a hurry.",), ("No jokes.",), ("Use the words of the sources where you can.",),
    ("Keep to {most} points at most.", "No more than {most} points."),
    ("Do not use these words: {banned}.", "Never say {banned}.", "Words that we avoid: {banned}.", "Avoid: {banned}."),
    ("We do not use {banned}.", "Leave out words such as {banned}.", "Not our words: {banned}."),
)  # fmt: skip
LACKING_RULES = (
    "If the sources do not hold the answer, {where}: {no_answer}", "Where the sources are silent, {where}: {no_answer}",
    "No answer in the sources? Then {where}: {no_answer}", "When the answer is missing, {where}: {no_answer}",
)  # fmt: skip
BANNED = (
    "awesome leverage synergy paradigm obviously basically hassle world-class cutting-edge guys asap stuff literally holistic bespoke "
    "touch-base seamless super gotcha whilst thereof herewith aforementioned oops honestly hopefully"
).split()  # fmt: skip

LABELS = {
    "answer": ("Answer", "Finding", "Result", "Reply", "Put briefly", "Fact", "What we know", "A", "Short answer",
    "Information", "Solution"),
    "source": ("Source", "Origin", "Found in", "Taken from", "Where it stands", "Reference", "From", "Evidence",
    "Document", "See", "Basis"),
    "quote": ("Quote", "Proof", "Wording", "In the text", "Original", "Passage", "Text", "As written", "Sentence",
    "Extract", "Cited words"),
    "question": ("Question", "Asked", "You asked", "Q", "Request", "Topic", "Your question", "Query", "The matter",
    "About"),
    "reason": ("Reason", "Why", "Because", "Grounds", "Support", "Explanation", "Based on", "Evidence",
    "We know this from", "Proof"),
    "to do": ("To do next", "What to do", "Your move", "Tip", "Reminder", "To do", "Now", "Advice", "Then", "Follow-up",
    "Good to do", "Please do"),
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


def invented(rng: random.Random) -> str:
    """A name that nobody has."""
    word = rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
    if rng.random() < 0.7:
        word += rng.choice(VOWELS[:5]) + rng.choice(CODAS[:8])
    return word.capitalize()


def phrase(rng: random.Random, templates: Sequence[str]) -> str:
    """One of some templates with fresh words."""
    adjective, noun, thing = rng.choice(ADJECTIVES), rng.choice(NOUNS), rng.choice(THINGS)
    return rng.choice(templates).format(
        a=adjective, A=adjective.capitalize(), n=noun, N=invented(rng), t=thing, T=thing.capitalize(),
        d=rng.randint(2, 980)
    )  # fmt: skip
