"""Records from real prose: plain text, exact copies, and reading tasks made by rule from sentences of documentation.

    python models/training/prose_tasks.py --prose prose.txt.xz --show 20 --seed 1
    python models/training/prose_tasks.py --prose prose.txt.xz --count

The prose is a file of one paragraph a line with an empty line between documents. It is not part of the course; the model card names
its sources. It is checked by its SHA-256, so that the same records come out everywhere.

How it is cleaned: paragraphs without letters, notes on copyright and licence, pointers to other pages, left-over mark-up, and
paragraphs of more than 1,500 characters are dropped; spaces and the marks of removed footnotes and line breaks are put right.
"""

# ruff: noqa: E501  (wordings and patterns read better unbroken)

import argparse
import collections
import dataclasses
import functools
import hashlib
import lzma
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import packing

from coursekit.chunking import SENTENCE_END
from coursekit.errors import CourseError
from coursekit.prompts import GROUNDED, NO_ANSWER, Source, user_turn

SHA256 = "2af46d9584f714f2405bbcb0ce139d756777192b1c5dfb4878431b164bb893c1"
LONGEST = 1500  # characters of a paragraph
HELD_OUT = 50  # every 50th document is kept for validation

# How often each kind of record comes, and how many reading records have no answer in their sources.
SHARES = {"text": 15, "copy": 20, "reading": 65}
UNANSWERABLE = 0.2

# ---------------------------------------------------------------------------------------------------------------- the text

BOILERPLATE = (
    "copyright", "all rights reserved", "public domain", "licensed under", "waive", "trademark", "code of conduct",
    "{{", "{%",
    "http://", "https://", "field |",
)  # fmt: skip
POINTER = re.compile(
    r"(?:see|for (?:more|further|additional|general|information|details)\b[^.]*\bsee)\b[^.]*\.?", re.IGNORECASE
)
LETTERS = re.compile(r"[A-Za-z]{2}")


def clean(paragraph: str) -> str:
    """A paragraph put right, or an empty string where it is to be left out."""
    if "[^" in paragraph:
        paragraph = re.sub(r"\[\^[^\]]*\]", "", paragraph)
    if "\\ " in paragraph:
        paragraph = re.sub(r"(?<=[\w)>\]])\\ (?=[A-Z\[])", ": ", paragraph)
    paragraph = " ".join(paragraph.split()).replace(" ,", ",").replace(" ;", ";")
    lowered = paragraph.lower()
    if len(paragraph) > LONGEST or len(LETTERS.findall(paragraph)) < 3 or any(mark in lowered for mark in BOILERPLATE):
        return ""
    return "" if lowered.startswith(("see ", "for ")) and POINTER.fullmatch(paragraph) else paragraph


def documents(path: Path, *, sha256: str | None = SHA256) -> list[list[str]]:
    """The documents of an xz file, each a list of cleaned paragraphs.

    Raises:
        CourseError: the file is missing or is not the one that the hash names. `sha256=None` takes any file.
    """
    if not Path(path).is_file():
        raise CourseError(f"There is no prose file at {path}: give the path of prose.txt.xz.")
    raw = Path(path).read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if sha256 and found != sha256:
        raise CourseError(
            f"{path} is not the prose that this was written for: its SHA-256 is {found}, not {sha256}. "
            "Get the right file, or leave the prose out."
        )
    text = lzma.decompress(raw).decode("utf-8")
    found = [[cleaned for line in block.split("\n") if (cleaned := clean(line))] for block in text.split("\n\n")]
    return [paragraphs for paragraphs in found if paragraphs]


def paragraphs(path: Path, *, sha256: str | None = SHA256) -> Iterator[str]:
    """The cleaned paragraphs, document after document. Raises what `documents` raises."""
    for document in documents(path, sha256=sha256):
        yield from document


# ------------------------------------------------------------------------------------------------------------------ words

WORD = re.compile(r"[A-Za-z_][\w'’-]*|\d[\d.,]*")
STOP_WORDS = (
    "a an the this that these those it its they them their there here he she his her we our us you your yours i "
    "my me mine myself yourself and or nor but if when while because since so as than then also too not no yes "
    "do does did done doing be is are was were been being am have has had having can could may might must shall "
    "should will would to of in on at by for from with without into onto over under about between through during "
    "before after up down out off again once only just very more most less other another some any each every all "
    "both either such same own what which who whom whose why how where use used uses using want need one two "
    "isn't aren't can't cannot don't doesn't won't way happen happens get make made let"
)
STOP = frozenset(STOP_WORDS.split())


@functools.lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word in small letters without a plural s."""
    word = word.lower().rstrip(".,")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@functools.lru_cache(maxsize=60_000)
def keys(text: str) -> frozenset[str]:
    """The stems of a text's words that carry meaning."""
    return frozenset(stem(word) for word in WORD.findall(text) if word.lower() not in STOP)


TO_ASKER = [
    (re.compile(r"\b[Yy]ou're\b"), "I'm"),
    (re.compile(r"\b[Yy]ou['’]ve\b"), "I've"),
    (re.compile(r"\b[Yy]ou are\b"), "I am"),
    (re.compile(r"\b[Yy]ou were\b"), "I was"),
    (re.compile(r"\bare you\b"), "am I"),
    (re.compile(r"\byourself\b"), "myself"),
    (re.compile(r"\b[Yy]our\b"), "my"),
    (re.compile(r"\byours\b"), "mine"),
    (re.compile(r"\b(for|to|let|lets|allow|allows|help|helps|enable|enables|with|give|gives|of|from|by|on|show|shows|tell|tells"
                r"|notify|notifies|prompt|prompts|lead|ask|asks|require|requires|force|forces|warn|warns|alert|send|sends|redirect"
                r"|redirects|assign|assigns|offer|offers|provide|provides|want|wants|contact|contacts|against|than) you\b"),
     r"\1 me"),
    (re.compile(r"\byou\b(?=[ ,.?]|$)"), "I"),
    (re.compile(r"^You\b"), "I"),
]  # fmt: skip


def to_asker(text: str) -> str:
    """`you` and `your` as the person who asks says them: `I`, `me` and `my`."""
    text = text.replace("’", "'")
    for pattern, replacement in TO_ASKER:
        text = pattern.sub(replacement, text)
    return text


COMMON_START = re.compile(
    r"^(?:The|A|An|Each|Every|All|Any|Some|Most|Many|Both|Only|Use|Your|You|Our|We|In|On|At|For|With|By|To|If|When|No|Not|One|Two)\b"
)


def small(text: str) -> str:
    """A sentence's words for use inside another: a first letter that is big only because it stands first becomes small."""
    return text[:1].lower() + text[1:] if COMMON_START.match(text) else text


def big(text: str) -> str:
    """A clause as a sentence: its first letter big, unless the word is a name in code."""
    first = text.split(" ", 1)[0]
    return text if re.search(r"[A-Z_.:/()]", first[1:]) else text[:1].upper() + text[1:]


# --------------------------------------------------------------------------------------------------------------- patterns

Slots = dict[str, str]


def clause(text: str, sentence: str) -> str:
    """A clause as an answer of its own, or the whole sentence where the clause begins with a pronoun or is very short."""
    return sentence if len(text) < 20 or re.match(r"(?:it|its|they|this|these|that|those|their)\b", text) else big(text)


VAGUE = re.compile(r"\b(it|its|this|these|those|they|them|their|he|she|here|above|below|such|do so|doing so|otherwise|former|"
                   r"latter|following|preceding|previous|earlier|respectively|as shown|example|both|one|ones|same|other)\b", re.IGNORECASE)  # fmt: skip
UNFIT = (
    "following", "as shown", " above", " below", "in this example", "in this case", " this article", " this topic",
    " this section",
    " this page", " this sample", " this example", "see ", "e.g", "i.e", "()", " the.", " a.", " of.", " to.",
    " and.", " with.", " and and",
    " the and", " the is", " the are", " to the to", " of and", " of the of", " the the", " the with", " a and",
    " a is", " by and", " \\ ",
    " the in ", " the to ", " in and", " using and", " of is", " of the to", " with and", " or.", " or and", " in.",
    " by.", " using to",
)  # fmt: skip


DEPENDENT = re.compile(
    r"^(This|That|These|Those|It|Its|They|Their|He|She|However|Also|Therefore|Otherwise|Then|Instead|But|And|Or|So|For example|Such|"
    r"Here|Note|In this|In that|In these|As a result|Thus|Hence|Similarly|Likewise|Again|Next|Finally|First|Second|Third|Step|Both|"
    r"Another|Although|Furthermore|Moreover|Additionally|In addition|Figure|Table|Example)\b"
)
MODALS = r"can't|cannot|can not|can|must not|mustn't|must|should not|shouldn't|should|may not"


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A rule for sentences: what it finds, how to ask for it, and how to answer.

    `find` gets a sentence without its full stop and the base forms of verbs, and returns slots or None. The slots in `wanted` must be
    plain enough to stand in a question. A wording may use every slot and `{s}`, the sentence.
    """

    find: Callable[[str, frozenset[str]], Slots | None]
    asks: tuple[str, ...]
    answers: tuple[str, ...] = ("{s}",)
    wanted: tuple[str, ...] = ("a",)


def first_word(text: str) -> str:
    """The first word in small letters."""
    return text.split(" ", 1)[0].lower()


def is_order(clause: str, verbs: frozenset[str]) -> bool:
    """Whether a clause tells somebody to do something."""
    word = first_word(clause)
    return word in verbs or bool(
        re.match(r"(?:you (?:must|should|can|need|have)\b|do not |don't )", clause, re.IGNORECASE)
    )


def goal_first(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`To A, B.` where B is an order."""
    found = sentence.startswith("To ") and re.fullmatch(r"To (?P<a>[a-z][^,]{8,90}), (?P<b>.{8,})", sentence)
    if not found or first_word(found["a"]) not in verbs or not is_order(found["b"], verbs):
        return None
    return {"a": to_asker(found["a"]), "goal": found["a"], "b": clause(found["b"], sentence)}


TOOLS = "Use|Call|Run|Select|Choose|Click|Open|Press|Specify|Add|Enter|Create|Override|Include|Install|Enable|Define|Provide|Apply"


def goal_last(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Use X to A.`"""
    found = re.fullmatch(rf"(?P<verb>{TOOLS}) (?P<x>.{{4,60}}?) (?:in order )?to (?P<a>[a-z]\w+ .{{6,110}})", sentence)
    if (
        not found
        or first_word(found["a"]) not in verbs
        or re.search(r"[,;]| to ", found["x"])
        or VAGUE.search(found["x"])
    ):
        return None
    return {"a": to_asker(found["a"]), "goal": found["a"], "verb": found["verb"].lower()}


def you_can(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`You can use X to A.`"""
    found = re.fullmatch(
        r"You can (?P<verb>use|call|run|add|set|specify|create) (?P<x>.{4,60}?) to (?P<a>[a-z]\w+ .{6,110})", sentence
    )
    if (
        not found
        or first_word(found["a"]) not in verbs
        or re.search(r"[,;]| to ", found["x"])
        or VAGUE.search(found["x"])
    ):
        return None
    return {"a": to_asker(found["a"]), "goal": found["a"], "verb": found["verb"]}


def condition_first(word: str, *, orders: bool) -> Callable[[str, frozenset[str]], Slots | None]:
    """`If A, B.` with B an order, or with B a thing that happens."""
    compiled = re.compile(rf"{word} (?P<a>[^,]{{8,110}}), (?:then )?(?P<b>.{{10,}})")
    acts = re.compile(r" (?:is|are|was|has|have|do|does|can|cannot|will|you|\w+s|\w+ed|want|need)\b")

    def find(sentence: str, verbs: frozenset[str]) -> Slots | None:
        found = compiled.fullmatch(sentence)
        if (
            not found
            or is_order(found["b"], verbs) != orders
            or first_word(found["b"]) in {"and", "or", "but", "which", "where"}
        ):
            return None
        if not acts.search(" " + found["a"]):
            return None
        return {"a": to_asker(found["a"]), "then": found["a"], "b": clause(found["b"], sentence)}

    return find


def condition_last(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`B if A.`"""
    if not any(word in sentence for word in (" if ", " when ", " unless ")):
        return None
    found = re.fullmatch(
        r"(?P<b>[^,;]{15,150}) (?P<w>if|when|unless) (?P<a>(?:you|the|a|an|no|your|any|all) [^,;]{8,90})", sentence
    )
    if not found or re.match(r"(If|When|To|Even|Only|For|Before|After)\b", found["b"]) or is_order(found["b"], verbs):
        return None
    if re.search(
        r" (if|when|unless|and|or|but|even|only|except|determine|check|know|see|wonder|\w+ing|of|at|on|to|for|example|defines?|specif\w+|indicates?)$",
        found["b"],
    ):
        return None
    return {"a": small(to_asker(found["b"])), "w": found["w"], "c": to_asker(found["a"])}


NOT_A_SUBJECT = re.compile(
    r"^(?:(?:The|A|An) )?(?:\w+ )?(?:example|command|result|output|cmdlet|function|method|value|parameter|class|option|operator|note|thing|"
    r"first|second|third|fourth|fifth|last|next|rest|user|name|type|object|default|goal|idea|reason|problem|question|issue|main|only|"
    r"best|most|more|section|table|property|variable|argument|return|structure|member|new|resulting|current|one|macro|code|way)s?$",
    re.IGNORECASE,
)  # fmt: skip
NP = r"(?:(?:The|A|An) )?[\w./:+#~-]+(?: [\w./:+#~-]+){0,4}?"


def fit_subject(subject: str) -> bool:
    """Whether words can stand as the subject of a question: short, not a pronoun, not an empty noun."""
    return not (
        NOT_A_SUBJECT.match(subject)
        or VAGUE.search(subject)
        or re.match(r"(?:There|What|Which|Who|How|When|If|To|In|On|At|By|For|You|We|I|All|No|Some|Any|Each|Every|Because|And|As|"
                    r"Only|Most|Many|Not|Nothing|Everything|While|With|From|After|Before|Since|Using|Once)\b",
                    subject)
        or re.search(r"\b(?:that|which|who|is|are|and|or|can|also|must|should|will|not|only|always|typically|usually|often|you|if|"
                     r"when|to|by|has|have|was|were|be)\b", subject)
    )  # fmt: skip


def definition(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is a Y that Z.`"""
    if " is " not in sentence and " are " not in sentence:
        return None
    found = re.fullmatch(
        rf"(?P<a>{NP}) (?P<be>is|are) (?:an?|the|one of the) (?P<y>[^,.;]{{4,60}}?)"
        r",? (?:that|which|used|where|whose|for|to|with|who|containing|designed|provided|of)\b.{6,}",
        sentence,
    )
    if not found or not fit_subject(found["a"]):
        return None
    return {"a": small(found["a"]), "be": found["be"]}


def third_person(verbs: frozenset[str]) -> frozenset[str]:
    return frozenset({f"{verb}s" for verb in verbs} | {f"{verb}es" for verb in verbs} | {"has", "applies", "specifies"})


def action(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X retrieves Y.`"""
    words = sentence.split(" ")
    acting = _third_person(verbs)
    for at in range(1, min(6, len(words))):
        if words[at] in acting:
            subject = " ".join(words[:at])
            if (
                len(words) - at < 4
                or not re.match(r"(?:The|A|An) |[A-Z]\w*[A-Z_:.-]\w", subject)
                or not fit_subject(subject)
            ):
                return None
            return {"a": small(subject), "verb": words[at]}
    return None


_third_person = functools.lru_cache(maxsize=4)(third_person)


def reason(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`A because B.`"""
    if " because " not in sentence:
        return None
    found = re.fullmatch(r"(?P<a>[^;]{15,130}?),? because (?P<b>(?!of\b)[^;]{12,150})", sentence)
    if (
        not found
        or "," in found["a"]
        or is_order(found["a"], verbs)
        or re.search(r"(not|only|just|simply|mainly|partly)$", found["a"])
    ):
        return None
    claim = small(to_asker(found["a"]))
    turned = re.fullmatch(rf"(?P<x>[^,]{{3,60}}?) (?P<v>is|are|isn't|aren't|was|were|will|{MODALS}) (?P<r>.+)", claim)
    if turned and not re.search(r"\b(that|which|who|and|if|when)\b", turned["x"]):
        return {"a": claim, "why": f"{turned['v']} {turned['x']} {turned['r']}", "b": found["b"]}
    return {"a": claim, "why": f"is it that {claim}", "b": found["b"]}


BE_AND_CAN = frozenset({"is", "are", "will", "doesn't", "don't", "has", "have", *MODALS.split("|")})


def by_default(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`By default, the X does Y.`"""
    if not sentence.startswith("By default"):
        return None
    found = re.fullmatch(
        rf"By default, (?P<a>(?:the |a |an |all )?[\w./:+#-]+(?: [\w./:+#-]+){{0,4}}?) (?P<v>is|are|will|{MODALS}|doesn't|don't|has|have|\w+s)"
        r" .{4,}",
        sentence,
    )
    if found and found["v"] not in _third_person(verbs) | BE_AND_CAN:
        return None
    if not found or not fit_subject(big(found["a"])) or not (found["v"][-1] == "s" or " " in found["a"]):
        return None
    return {"a": found["a"]}


def permission(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`You can't A.` and `The X must A.`"""
    found = re.fullmatch(
        rf"(?P<x>You|{NP}) (?P<m>{MODALS}) (?:also |only |always |still )?(?P<r>\w+ .{{6,120}})", sentence
    )
    if not found or first_word(found["r"]) not in verbs or first_word(found["r"]) in {"also", "see"}:
        return None
    if found["x"] != "You" and not fit_subject(found["x"]):
        return None
    modal = found["m"].replace("can not", "cannot")
    denied = modal in {"can't", "cannot", "must not", "mustn't", "should not", "shouldn't", "may not"}
    # Where the rule is an order ("must", "should"), the question asks for the order, and the answer begins with neither yes nor no.
    asked = {"must": "Must", "should": "Should"}.get(modal, "Should" if "should" in modal else "Can")
    verdict = ("No, " if denied else "Yes, ") + small(sentence)
    return {
        "a": small(to_asker(found["x"])),
        "modal": asked,
        "r": to_asker(found["r"]),
        "verdict": verdict,
    }


def order_of_things(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Before A, B.` and `After A, B.`"""
    found = re.fullmatch(
        r"(?P<w>Before|After|Once|While) (?P<a>(?:you |the |a |an |your |\w+ing )[^,]{6,90}), (?P<b>.{10,})", sentence
    )
    if not found or first_word(found["b"]) in {"and", "or", "but"}:
        return None
    word = found["w"].lower()
    asked = "What should I do" if is_order(found["b"], verbs) else "What happens"
    return {"a": to_asker(found["a"]), "w": word, "asked": asked, "b": clause(found["b"], sentence)}


def attribute(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X of Y is Z.`"""
    found = re.fullmatch(
        r"The (?P<a>[a-z][\w -]{2,40}? (?:of|for|in|on) [^,;]{3,60}?|(?:default|maximum|minimum|recommended|preferred|initial|only) [^,;]{3,60}?)"
        r" (?P<be>is|are) (?P<z>[^;]{2,120})",
        sentence,
    )
    if not found or re.search(r"\b(that|which|who|if|when|and|can|must)\b", found["a"]):
        return None
    if (
        re.match(r"(?:not |an? |the same|used|to be|also|called|now)", found["z"])
        and found["be"] == "is"
        and len(found["z"]) < 12
    ):
        return None
    return {"a": f"the {found['a']}", "be": found["be"]}


def place(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X is stored in Y.`"""
    if " is " not in sentence and " are " not in sentence:
        return None
    found = re.fullmatch(
        rf"(?P<a>{NP}) (?P<be>is|are) (?P<v>located|stored|found|saved|defined|declared|displayed|listed|placed|installed|kept|written|"
        r"shown|available|created|implemented|set|documented|specified) (?:in|on|at|under|inside|next to) .{4,}",
        sentence,
    )
    if not found or not fit_subject(found["a"]):
        return None
    return {"a": small(found["a"]), "be": found["be"], "v": found["v"]}


def meaning(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X means that Y.`"""
    found = re.fullmatch(
        rf"(?P<a>{NP}) (?P<v>means|indicates|represents|refers to|stands for|determines|controls|defines|specifies) .{{8,}}",
        sentence,
    )
    if not found or not fit_subject(found["a"]):
        return None
    verb = found["v"].split(" ")
    base = {"specifies": "specify", "refers": "refer", "stands": "stand"}.get(verb[0], verb[0][:-1])
    return {"a": small(found["a"]), "base": " ".join([base, *verb[1:]])}


def contents(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X contains Y.`"""
    found = re.fullmatch(
        rf"(?P<a>{NP}) (?P<v>contains?|includes?|consists? of|supports?|requires?|accepts?|takes?) (?!place).{{6,}}",
        sentence,
    )
    if not found or not fit_subject(found["a"]):
        return None
    many = not re.match(r"(contains|includes|consists|supports|requires|accepts|takes)\b", found["v"])
    verb = found["v"].split(" ")
    base = verb[0] if many else verb[0][:-1]
    return {"a": small(found["a"]), "do": "do" if many else "does", "base": " ".join([base, *verb[1:]])}


def used_for(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is used to Y.`"""
    if " used " not in sentence:
        return None
    found = re.fullmatch(rf"(?P<a>{NP}) (?P<be>is|are) used (?:to|for|by|in|as) .{{8,}}", sentence)
    return {"a": small(found["a"]), "be": found["be"]} if found and fit_subject(found["a"]) else None


def duty(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is responsible for Y.`"""
    if "able for " not in sentence and "ible for " not in sentence:
        return None
    found = re.fullmatch(
        r"(?P<x>[A-Z][^,;]{3,60}?) (?P<be>is|are) (?P<v>responsible|accountable) for (?P<a>[^;]{8,120})", sentence
    )
    return {"a": to_asker(found["a"]), "v": found["v"]} if found else None


def instead(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Use X instead of Y.`"""
    if " instead of " not in sentence and " rather than " not in sentence:
        return None
    found = re.fullmatch(r"(?P<b>[^,;]{8,120}) (?:instead of|rather than) (?P<a>[^,;]{4,70})", sentence)
    return {"a": to_asker(found["a"])} if found and first_word(sentence) in verbs else None


PATTERNS: dict[str, Pattern] = {
    "goal first": Pattern(goal_first, (
        "How do I {a}?", "How can I {a}?", "What should I do to {a}?", "I want to {a}. What do I do?",
        "What is the way to {a}?",
        "What do I have to do in order to {a}?", "I need to {a}. How?", "How would I {a}?", "how to {a}",
        "How does one {a}?",
        "Tell me how to {a}.", "What are the steps to {a}?",
    ), ("{s}", "{b}", "{s}")),
    "goal last": Pattern(goal_last, (
        "How do I {a}?", "What should I {verb} to {a}?", "What do I {verb} if I want to {a}?", "How can I {a}?",
        "I'd like to {a}. What should I {verb}?", "What helps me to {a}?",
        "What is there to {verb} in order to {a}?", "how to {a}",
        "What must I {verb} to {a}?", "Is there a way to {a}?",
    )),
    "you can": Pattern(you_can, (
        "How can I {a}?", "What can I {verb} to {a}?", "Is there a way to {a}?", "I want to {a}. What can I {verb}?",
        "How do I {a}?",
        "What lets me {a}?", "Which thing can I {verb} to {a}?", "how can i {a}", "How is it possible to {a}?",
    )),
    "if, thing": Pattern(condition_first("If", orders=False), (
        "What happens if {a}?", "What if {a}?", "What is the result if {a}?", "Suppose that {a}. What then?",
        "If {a}, what happens?",
        "What will happen in case {a}?", "What follows if {a}?", "What do I get if {a}?",
        "Tell me what happens if {a}.",
    ), ("{s}", "{b}", "{s}")),
    "if, order": Pattern(condition_first("If", orders=True), (
        "What should I do if {a}?", "What do I do if {a}?", "If {a}, what should I do?", "What is to be done if {a}?",
        "What now if {a}?", "Suppose that {a}. What should I do?", "What is the advice if {a}?",
        "How do I go on if {a}?",
        "What am I supposed to do if {a}?",
    ), ("{s}", "{b}", "{s}")),
    "when, thing": Pattern(condition_first("When", orders=False), (
        "What happens when {a}?", "When {a}, what happens?", "What is the effect when {a}?",
        "What takes place when {a}?",
        "Say what happens when {a}.", "What goes on when {a}?", "What can I expect when {a}?", "And when {a}?",
    ), ("{s}", "{b}", "{s}")),
    "when, order": Pattern(condition_first("When", orders=True), (
        "What should I do when {a}?", "What do I do when {a}?", "When {a}, what should I do?",
        "What is the advice when {a}?",
        "What am I to do when {a}?", "What do I have to remember when {a}?", "What matters when {a}?",
        "What is best done when {a}?",
    ), ("{s}", "{b}", "{s}")),
    "condition last": Pattern(condition_last, (
        "What is the condition under which {a}?", "Under which condition is it true that {a}?",
        "Is it always so that {a}?",
        "In which case is it true that {a}?", "On what does it depend whether {a}?",
        "Do the sources name a condition for this: {a}?",
        "What has to be the case so that {a}?", "Is there a condition on this? I mean that {a}.",
    ), wanted=("a", "c")),
    "definition": Pattern(definition, (
        "What {be} {a}?", "What {be} meant by {a}?", "Can you explain what {a} {be}?", "What exactly {be} {a}?",
        "Tell me what {a} {be}.",
        "I keep reading about {a}. What {be} that?", "Define {a}.", "What do the sources say {a} {be}?",
        "Explain {a}.",
        "I don't know what {a} {be}.", "what {be} {a}", "In short, what {be} {a}?",
    )),
    "action": Pattern(action, (
        "What does {a} do?", "What is {a} for?", "What is the job of {a}?", "Describe what {a} does.",
        "What can {a} do?",
        "What do the sources say about {a}?", "Why would I use {a}?", "What effect does {a} have?",
        "Tell me about {a}.",
        "What is known about {a}?", "what does {a} do",
    )),
    "reason": Pattern(reason, (
        "Why {why}?", "Why is it that {a}?", "What is the reason that {a}?", "For what reason {why}?",
        "How come {a}?",
        "Explain why {a}.", "Do the sources say why {a}?", "I wonder why {a}.", "What is the cause of this: {a}?",
        "Why {why}?",
    ), ("{s}", "Because {b}", "{s}")),
    "by default": Pattern(by_default, (
        "What is the default for {a}?", "What holds for {a} by default?", "What is the default behaviour of {a}?",
        "Without any changes, what about {a}?", "By default, what about {a}?", "What do I get by default with {a}?",
        "What applies to {a} unless I change something?", "How is {a} set up by default?",
        "What are the defaults of {a}?",
    )),
    "permission": Pattern(permission, (
        "{modal} {a} {r}?", "Is it so that {a} {modal_small} {r}?", "Tell me: {modal_small} {a} {r}?",
        "Quick question: {modal_small} {a} {r}?",
        "Please check: {modal_small} {a} {r}?", "{modal} {a} really {r}?", "{modal} {a} {r}, or not?",
        "I'm not sure. {modal} {a} {r}?",
    ), ("{verdict}", "{verdict}", "{s}"), wanted=("a", "r")),
    "before and after": Pattern(order_of_things, (
        "{asked} {w} {a}?", "{w_big} {a}, {asked_small}?", "What comes {w} {a}?", "Tell me {asked_as} {w} {a}.",
        "{asked} {w} {a}, exactly?",
        "What do the sources say about the time {w} {a}?", "Is there anything to know {w} {a}?",
        "And {w} {a}, {asked_small}?",
    ), ("{s}", "{b}", "{s}")),
    "attribute": Pattern(attribute, (
        "What {be} {a}?", "Can you tell me {a}?", "Which {be} {a}?", "Tell me {a}.", "I need to know {a}.",
        "{a_big}: what {be} it?",
        "What do the sources give as {a}?", "Name {a}.", "What exactly {be} {a}?", "I'm looking for {a}.",
        "what {be} {a}",
    )),
    "place": Pattern(place, (
        "Where {be} {a} {v}?", "Where can I find {a}?", "In which place {be} {a} {v}?", "Where do I look for {a}?",
        "I can't find {a}. Where {be} it?", "Tell me where {a} {be} {v}.", "Where do I find {a}?",
        "What is the place of {a}?",
    )),
    "meaning": Pattern(meaning, (
        "What does {a} {base}?", "What is it that {a} should {base}?", "Tell me what {a} may {base}.",
        "What is the meaning of {a}?",
        "How is {a} to be understood?", "What is the role of {a}?", "What do the sources say about {a}?",
        "Explain {a}.",
    )),
    "contents": Pattern(contents, (
        "What {do} {a} {base}?", "Tell me what {a} can {base}.", "What exactly {do} {a} {base}?",
        "What {do} {a} {base}, according to the sources?",
        "Name what {a} may {base}.", "I need to know what {a} may {base}.", "What, if anything, {do} {a} {base}?",
        "what {do} {a} {base}",
    )),
    "used for": Pattern(used_for, (
        "What {be} {a} used for?", "For what {be} {a} used?", "What {be} {a} good for?", "What is the use of {a}?",
        "What is the purpose of {a}?", "Why is there such a thing as {a}?", "Where does {a} come into use?",
        "What is {a} for?",
    )),
    "duty": Pattern(duty, (
        "Who is {v} for {a}?", "Who or what is {v} for {a}?", "Whose job is {a}?", "Who has to answer for {a}?",
        "Who looks after {a}?", "Tell me who is {v} for {a}.", "Whom do I ask about {a}?", "In whose hands is {a}?",
    )),
    "instead": Pattern(instead, (
        "What should I do instead of {a}?", "What is better than {a}?", "Is there an alternative to {a}?",
        "What replaces {a}?",
        "What is recommended in place of {a}?", "I was thinking of {a}. What is the better choice?",
        "What should I choose rather than {a}?",
        "What is there in place of {a}?",
    )),
}  # fmt: skip

# Tasks that any sentence serves: which of them is meant is told by some of its words.
KEYWORD_ASKS = (
    "What do the sources say about {k}?", "Which sentence speaks of {k}?", "Is there something about {k}?",
    "Find the sentence with {k}.",
    "Tell me what is said about {k}.", "{k_big}: what do the sources say?", "What can you tell me about {k}?",
    "I need what is written about {k}.",
    "Look up {k}.", "What about {k}?", "Give me the statement about {k}.", "anything on {k}?",
)  # fmt: skip
BEGIN_ASKS = (
    'How does the sentence go on that begins with "{h}"?', 'Complete the sentence from the sources: "{h} ..."',
    'Which sentence begins with the words "{h}"?', 'Finish this: "{h}"', 'The sentence starts "{h}". Give all of it.',
    'What comes after "{h}"?', 'Write out in full the sentence that opens with "{h}".', 'Read on from "{h}".',
    'I remember only the words "{h}". What is the whole sentence?', 'Find and repeat the sentence beginning "{h}".',
)  # fmt: skip
WHICH_ASKS = (
    "Which source speaks of {k}?", "In which source do I read about {k}?", "Where do the sources mention {k}?",
    "Which of the sources mentions {k}?", "Name the source that speaks of {k}.", "Where can I read about {k}?",
    "Which source do I need for {k}?", "Which source has something on {k}?", "Point me to the source about {k}.",
)  # fmt: skip
WHICH_ANSWERS = (
    "Source [{n}] speaks of {k}", "{k_big}: that is in source [{n}]", "You find {k} in source [{n}]",
    "It is source [{n}] that mentions {k}",
)  # fmt: skip
ANY_SENTENCE = ("key words", "beginning", "which source")

# --------------------------------------------------------------------------------------------------------------- the pool

Place = tuple[int, int, int]  # document, paragraph, sentence


@dataclasses.dataclass(frozen=True)
class Pair:
    """A sentence that a pattern took, where it stands, its slots, and the stems by which a question about it is recognised."""

    place: Place
    sentence: str
    slots: Slots
    keys: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Pool:
    """Everything that reading tasks are drawn from."""

    texts: list[list[list[str]]]  # documents of paragraphs of sentences
    titles: list[str]
    pairs: dict[str, list[Pair]]
    spread: collections.Counter  # in how many documents a stem stands
    by_sentence: dict[str, list[tuple[str, Pair]]]  # the pairs of a sentence


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, cut as `coursekit.chunking` cuts them."""
    return [part.strip() for part in SENTENCE_END.split(paragraph) if part.strip()]


def verbs_of(texts: Sequence[Sequence[str]]) -> frozenset[str]:
    """The base forms of verbs: words that often follow `must`, `will`, `don't` and the like."""
    tally: collections.Counter = collections.Counter()
    helper = re.compile(r"\b(?:can|must|should|will|don't|doesn't|can't|cannot|to) ([a-z]+)\b")
    strict = re.compile(r"\b(?:must|should|will|don't|doesn't|can't|cannot) ([a-z]+)\b")
    both: collections.Counter = collections.Counter()
    for document in texts:
        for paragraph in document:
            tally.update(helper.findall(paragraph))
            both.update(strict.findall(paragraph))
    enough = 3 if sum(tally.values()) > 5_000 else 1
    not_verbs = STOP - {"be", "have", "do", "use", "need", "want", "get", "make", "let"}
    adverbs = {
        "already",
        "never",
        "still",
        "now",
        "first",
        "even",
        "later",
        "ever",
        "usually",
        "always",
        "currently",
        "automatically",
    }
    return frozenset(
        word
        for word, count in tally.items()
        if count >= enough
        and (both[word] or enough == 1)
        and word not in not_verbs | adverbs
        and not word.endswith("ly")
    )


def fit(sentence: str) -> bool:
    """Whether a sentence can stand alone as an answer."""
    lowered = sentence.lower()
    return (
        40 <= len(sentence) <= 240
        and sentence[-1] == "."
        and sentence[0].isupper()
        and sentence.count(" ") >= 5
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
        and ". " not in sentence
        and "[" not in sentence
        and not DEPENDENT.match(sentence)
        and not any(mark in lowered for mark in UNFIT)
    )


def clear(text: str) -> bool:
    """Whether words can be put into a question: no pronoun that points elsewhere, no open bracket or quotation mark."""
    return (
        not VAGUE.search(text)
        and text.count("(") == text.count(")")
        and text.count('"') % 2 == 0
        and len(text) <= 130
        and not re.search(r"[?!:]", text)
    )


WEAK = re.compile(r"^\d|^[A-Z]?[a-z]+(?:ed|ing|ly)$")


def title_of(tally: collections.Counter, spread: collections.Counter) -> str:
    """A title for a document that has none: the name or word that it says often and others say seldom."""
    scored = {
        word: count * (2.0 if word[1:].lower() != word[1:] else 1.0) / (4 + spread[stem(word)]) ** 0.5
        for word, count in tally.items()
        if len(word) > 3 and word[0].isalpha() and word.lower() not in STOP and not WEAK.search(word)
    }
    best = sorted(scored, key=lambda word: (-scored[word], word))
    if not best:
        return "Notes"
    first = best[0].rstrip(".,'’-_")
    second = next((word.rstrip(".,'’-_") for word in best[1:4] if stem(word)[:5] != stem(first)[:5]), "")
    if first[1:].lower() != first[1:] or not second:
        return first[:1].upper() + first[1:]
    return f"{first.capitalize()} and {second if second[1:].lower() != second[1:] else second.lower()}"


def find_pairs(
    texts: list[list[list[str]]], verbs: frozenset[str], spread: collections.Counter
) -> dict[str, list[Pair]]:
    """All pairs by pattern. A pair's key words must hold one that few documents have, or nobody could tell what is asked about."""
    found: dict[str, list[Pair]] = {name: [] for name in (*PATTERNS, *ANY_SENTENCE)}
    seldom = max(3, len(texts) // 40)
    taken: set[str] = set()
    for at_document, document in enumerate(texts):
        for at_paragraph, paragraph in enumerate(document):
            for at_sentence, sentence in enumerate(paragraph):
                if not fit(sentence) or sentence in taken:
                    continue
                taken.add(sentence)
                where, body = (at_document, at_paragraph, at_sentence), sentence[:-1]
                for name, pattern in PATTERNS.items():
                    slots = pattern.find(body, verbs)
                    if slots is None or not all(clear(slots[slot]) for slot in pattern.wanted):
                        continue
                    asked = keys(" ".join(slots[slot] for slot in pattern.wanted))
                    if asked and min(spread[key] for key in asked) <= seldom:
                        found[name].append(Pair(where, body, finished(slots), asked))
                for kind in ANY_SENTENCE if at_sentence % 3 == at_paragraph % 3 else ():
                    found[kind].append(Pair(where, body, {}, frozenset()))
    return found


def finished(slots: Slots) -> Slots:
    """Slots with the variants that some wordings use."""
    more = {"a_big": big(slots["a"])}
    if "modal" in slots:
        more["modal_small"] = slots["modal"].lower()
    if "asked" in slots:
        more["w_big"] = slots["w"].capitalize()
        more["asked_small"] = slots["asked"][0].lower() + slots["asked"][1:]
        more["asked_as"] = "what I should do" if "should" in slots["asked"] else "what happens"
    return slots | more


@functools.lru_cache(maxsize=2)
def build(path: Path, sha256: str | None, split: str) -> Pool:
    """Read the prose and find all pairs; done once a process. `split` is "train", or "valid" for every 50th document."""
    everything = documents(path, sha256=sha256)
    kept = [text for at, text in enumerate(everything) if (at % HELD_OUT == HELD_OUT - 1) == (split == "valid")]
    verbs = verbs_of(everything)
    texts = [[sentences(paragraph) for paragraph in document] for document in kept]
    tallies = [collections.Counter(WORD.findall(" ".join(map(" ".join, document)))) for document in texts]
    spread: collections.Counter = collections.Counter()
    for tally in tallies:
        spread.update(set(map(stem, tally)))
    titles = [title_of(tally, spread) for tally in tallies]
    pairs = find_pairs(texts, verbs, spread)
    by_sentence: dict[str, list[tuple[str, Pair]]] = {}
    for kind in PATTERNS:
        for pair in pairs.get(kind, ()):
            by_sentence.setdefault(f"{pair.sentence}.", []).append((kind, pair))
    return Pool(texts, titles, pairs, spread, by_sentence)


# ------------------------------------------------------------------------------------------------------------- plain text


def text_record(rng: random.Random, pool: Pool) -> dict:
    """Some neighbouring paragraphs as they stand."""
    while True:
        document = rng.choice(pool.texts)
        first = rng.randrange(len(document))
        room, taken = rng.choice((400, 900, 1600, 2600)), []
        for paragraph in document[first:]:
            taken.append(" ".join(paragraph))
            if sum(map(len, taken)) > room:
                break
        text = "\n\n".join(taken) if rng.random() < 0.6 else "\n".join(taken)
        if len(text) >= 80:
            return {"task": "text", "system": "", "user": "", "assistant": text}


# ------------------------------------------------------------------------------------------------------------ exact copies

COPY_SYSTEMS = (
    "", "", "Do exactly what you are asked.", "Copy text exactly, letter for letter.",
    "Repeat text with all its names, numbers and symbols.",
    "Answer with the text that is asked for and nothing else.", "You copy text without a change.",
    "Give back only what is asked for.",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth")
REPEAT = (
    "Repeat this sentence: {t}", "Copy this exactly: {t}", "Say this again, word for word: {t}",
    "Write the following sentence once more.\n{t}",
    "{t}\n\nRepeat the sentence above.", "{t}\n\nCopy the text exactly.",
    "Please give back this sentence without a change: {t}",
    "Text: {t}\nRepeat the text.", "Type this again: {t}", "Echo the line below.\n{t}",
)  # fmt: skip
NTH = (
    "{list}\n\nRepeat the {nth} of these sentences.", "Repeat the {nth} sentence.\n{list}",
    "{list}\n\nWhich sentence is the {nth}?",
    "Here are {count} sentences.\n{list}\n\nCopy the {nth} one.", "{list}\n\nGive me only the {nth} line.",
    "Copy line {number}.\n{list}",
    "{list}\n\nWrite out number {number}.", "Sentences:\n{list}\nThe {nth}, please.",
    "{list}\n\nWhat does the {nth} sentence say?",
)  # fmt: skip
QUOTED = (
    "Repeat the part in quotation marks.\n{t}", "{t}\n\nWhat stands in quotation marks?",
    "Copy only the quoted words: {t}",
    "{t}\n\nGive back what is quoted.", "Which words are in quotation marks?\n{t}",
    "{t}\n\nWrite out the quoted part.",
    "Find the quotation and repeat it.\n{t}", "Only the words between the quotation marks: {t}",
    "{t}\n\nQuote what is quoted.",
)  # fmt: skip
HOLDS = (
    '{list}\n\nRepeat the sentence with the word "{w}".', '{list}\n\nWhich sentence holds "{w}"?',
    'Copy the sentence that has "{w}" in it.\n{list}',
    '{list}\n\nGive me the line with "{w}".', '{list}\n\nFind "{w}" and repeat the whole sentence.',
    'Where is "{w}"? Repeat that sentence.\n{list}',
    '{list}\n\nWrite out the sentence in which "{w}" stands.', 'Look for "{w}" and copy its sentence.\n{list}',
)  # fmt: skip
FIRST_WORDS = (
    "Repeat the first {n} words: {t}", "{t}\n\nCopy only the first {n} words.",
    "What are the first {n} words of this sentence? {t}",
    "{t}\n\nThe first {n} words, please.", "Give back the opening {n} words.\n{t}",
    "Write the first {n} words of this and stop: {t}",
    "{t}\n\nWhich {n} words come first?", "Begin to copy this and stop after {n} words: {t}",
)  # fmt: skip
AFTER_MARK = (
    "Repeat what comes after {m}.\n{t}", "{t}\n\nCopy the part after {m}.", "What stands behind the mark {m}? {t}",
    "Give back only the words after {m}: {t}", "{t}\n\nWhat follows {m}?", "Everything after {m}, please.\n{t}",
    "Write out the rest of this from {m} on: {t}", "{t}\n\nWhich words come after the mark {m}?",
)  # fmt: skip
MARKS = ("##", "=>", "***", "::", "|", "~~", "@@", "->", "//", "§")
COPY_KINDS = ("repeat", "nth", "quoted", "holds", "first words", "after mark", "two")


def some_sentence(rng: random.Random, pool: Pool, longest: int = 220) -> str:
    """Any sentence of fair length."""
    while True:
        paragraph = rng.choice(rng.choice(pool.texts))
        sentence = rng.choice(paragraph)
        if 20 <= len(sentence) <= longest:
            return sentence


def neighbours(rng: random.Random, pool: Pool, count: int) -> list[str]:
    """Some different sentences, near each other where the document has enough."""
    document = rng.choice(pool.texts)
    first = rng.randrange(len(document))
    near = [s for paragraph in document[first : first + 4] for s in paragraph if 20 <= len(s) <= 200]
    near = list(dict.fromkeys(near))[:count]
    while len(near) < count:
        sentence = some_sentence(rng, pool, 200)
        if sentence not in near:
            near.append(sentence)
    rng.shuffle(near)
    return near


def as_list(rng: random.Random, lines: Sequence[str]) -> str:
    """Lines as they stand, numbered, or with dashes."""
    style = rng.random()
    if style < 0.4:
        return "\n".join(lines)
    if style < 0.75:
        return "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start=1))
    return "\n".join(f"- {line}" for line in lines)


def copy_of_list(rng: random.Random, pool: Pool, kind: str) -> tuple[str, str]:
    """A copy task with several sentences: `(user, assistant)`."""
    count = rng.randint(2, 5)
    lines = neighbours(rng, pool, count)
    at = rng.randrange(count)
    shown = as_list(rng, lines)
    if kind == "holds":
        others = " ".join(lines[:at] + lines[at + 1 :])
        words = [word for word in WORD.findall(lines[at]) if len(word) > 3 and word not in others]
        if words:
            return rng.choice(HOLDS).format(list=shown, w=rng.choice(words)), lines[at]
    nth = "last" if at == count - 1 and rng.random() < 0.4 else ORDINALS[at]
    return rng.choice(NTH).format(list=shown, nth=nth, number=at + 1, count=count), lines[at]


def copy_of_part(rng: random.Random, sentence: str, kind: str) -> tuple[str, str]:
    """A copy task on a part of one sentence: `(user, assistant)`."""
    words = sentence.split(" ")
    if kind == "quoted" and '"' not in sentence and len(words) > 5:
        first = rng.randrange(len(words) - 3)
        last = min(len(words), first + rng.randint(2, 9))
        part = " ".join(words[first:last]).rstrip(".,:;")
        shown = " ".join([*words[:first], f'"{part}"' + " ".join(words[first:last])[len(part) :], *words[last:]])
        return rng.choice(QUOTED).format(t=shown), part
    if kind == "first words" and len(words) > 5:
        count = rng.randint(2, min(12, len(words) - 1))
        return rng.choice(FIRST_WORDS).format(t=sentence, n=count), " ".join(words[:count])
    if kind == "after mark" and len(words) > 5:
        mark, at = rng.choice(MARKS), rng.randrange(1, len(words) - 2)
        if mark not in sentence:
            shown = " ".join([*words[:at], mark, *words[at:]])
            return rng.choice(AFTER_MARK).format(t=shown, m=mark), " ".join(words[at:])
    return rng.choice(REPEAT).format(t=sentence), sentence


def copy_record(rng: random.Random, pool: Pool) -> dict:
    """One exact-copy task."""
    kind = rng.choice(COPY_KINDS)
    if kind in ("nth", "holds"):
        user, answer = copy_of_list(rng, pool, kind)
    elif kind == "two":
        answer = "\n".join(neighbours(rng, pool, rng.randint(2, 3)))
        user = rng.choice(
            ("Repeat these lines.\n{t}", "{t}\n\nCopy all lines.", "Write the same lines again:\n{t}")
        ).format(t=answer)
    else:
        user, answer = copy_of_part(rng, some_sentence(rng, pool), kind)
    return {"task": f"copy {kind}", "system": rng.choice(COPY_SYSTEMS), "user": user, "assistant": answer}


# ---------------------------------------------------------------------------------------------------------------- reading

SECTIONS = (
    "Overview", "Remarks", "Notes", "Description", "How it works", "Before you begin", "Details", "Settings",
    "Parameters", "Usage",
    "Requirements", "Limits", "Guidelines", "Background", "Procedure", "Options", "Syntax", "Results",
    "Troubleshooting", "Reference",
)  # fmt: skip
SYSTEMS = (GROUNDED,) * 12 + (
    "",
    "Answer from the numbered sources and cite them as [1].",
    "Use only the sources below. Put the number of the source, as [2], before the full stop. "
    f"Where they hold no answer, write: {NO_ANSWER}",
    f"You answer questions about documentation. Cite the source as [1]. If it is not there, say: {NO_ANSWER}",
    f"Read the sources, then answer with a citation. No answer in them? Say: {NO_ANSWER}",
)
GOLD_FIRST = (0.48, 0.24, 0.12, 0.07, 0.05, 0.04)  # how often the sentence that answers stands at each rank
LONGEST_SOURCE = 420  # characters
MORE = 6  # other questions about the same sources, at most


def heading(pool: Pool, document: int, paragraph: int) -> str:
    """The heading path of a paragraph: the document's title, and mostly a section. It is the same whenever it is asked for."""
    section = SECTIONS[(document * 7 + paragraph // 3) % len(SECTIONS)]
    return pool.titles[document] if (document + paragraph) % 5 == 0 else f"{pool.titles[document]} > {section}"


def window(rng: random.Random, pool: Pool, place: Place, *, without: bool = False) -> Source | None:
    """A sentence with its neighbours, as retrieval hands it over. `without` leaves the sentence itself out."""
    document, paragraph, at = place
    lines = pool.texts[document][paragraph]
    before, after = rng.choice(((1, 1), (1, 1), (1, 1), (0, 1), (1, 0), (0, 0), (2, 1)))
    first, last = max(0, at - before), min(len(lines), at + after + 1)
    chosen = [line for number, line in enumerate(lines[first:last], start=first) if not (without and number == at)]
    chosen = [line for line in chosen if line[-1] != ":" or line == lines[at]]
    while sum(map(len, chosen)) > LONGEST_SOURCE and len(chosen) > 1:
        longest = max((line for line in chosen if without or line != lines[at]), key=len)
        chosen.remove(longest)
    if not chosen or sum(map(len, chosen)) > LONGEST_SOURCE:
        return None
    return Source(heading(pool, document, paragraph), " ".join(chosen))


def other_place(rng: random.Random, pool: Pool, place: Place) -> Place:
    """A sentence elsewhere: mostly in the same document, else in one nearby or in any."""
    document, paragraph, _ = place
    draw = rng.random()
    if draw < 0.3:
        document = min(len(pool.texts) - 1, max(0, document + rng.choice((-3, -2, -1, 1, 2, 3))))
    elif draw < 0.45:
        document = rng.randrange(len(pool.texts))
    elif draw < 0.8:  # near the place itself
        paragraph = min(len(pool.texts[document]) - 1, max(0, paragraph + rng.choice((-2, -1, 1, 2))))
        return document, paragraph, rng.randrange(len(pool.texts[document][paragraph]))
    paragraph = rng.randrange(len(pool.texts[document]))
    return document, paragraph, rng.randrange(len(pool.texts[document][paragraph]))


def answers_too(source: Source, asked: frozenset[str], limit: float) -> bool:
    """Whether a source has so many of the question's key words that it might answer as well."""
    held = keys(source.text)
    return sum(key in held for key in asked) >= limit * len(asked)


def distractors(
    rng: random.Random, pool: Pool, pair: Pair, asked: frozenset[str], count: int, limit: float
) -> list[Source]:
    """Sources that do not answer, in random order."""
    found: dict[str, Source] = {}
    for _ in range(4 * count):
        if len(found) == count:
            break
        place = other_place(rng, pool, pair.place)
        if place[:2] == pair.place[:2]:
            continue
        source = window(rng, pool, place)
        if source and pair.sentence not in source.text and not answers_too(source, asked, limit):
            found[source.text] = source
    return list(found.values())


def key_phrase(rng: random.Random, pool: Pool, sentence: str) -> tuple[str, frozenset[str]] | None:
    """Two or three of a sentence's rarer words, joined as a person would, and their stems."""
    words = list(dict.fromkeys(word.rstrip(".,'’-") for word in WORD.findall(sentence)))
    words = [word for word in words if word.lower() not in STOP and len(word) > 3 and not WEAK.search(word)]
    if len(words) < 3:
        return None
    rare = sorted(words, key=lambda word: pool.spread[stem(word)])[:5]
    chosen = sorted(rng.sample(rare, min(len(rare), rng.randint(2, 3))), key=words.index)
    phrase = ", ".join(chosen[:-1]) + " and " + chosen[-1]
    return phrase, frozenset(map(stem, chosen))


def asked_and_answered(rng: random.Random, pool: Pool, kind: str, pair: Pair) -> tuple[str, str, frozenset[str]] | None:
    """A question, its answer without citation and full stop (with `{n}` where a number stands inside), and its key words."""
    if kind in PATTERNS:
        pattern = PATTERNS[kind]
        slots = pair.slots | {"s": pair.sentence}
        question = rng.choice(pattern.asks).format(**slots)
        return question, rng.choice(pattern.answers).format(**slots), pair.keys
    if kind == "beginning":
        words = pair.sentence.split(" ")
        head = " ".join(words[: rng.randint(3, max(3, min(7, len(words) - 3)))])
        question = rng.choice(BEGIN_ASKS).format(h=head.replace('"', "'"))
        return question, pair.sentence, keys(head) or keys(pair.sentence)
    found = key_phrase(rng, pool, pair.sentence)
    if found is None:
        return None
    slots = {"k": found[0], "k_big": big(found[0])}
    if kind == "which source":
        answer = rng.choice(WHICH_ANSWERS).format(n="\0", **slots)
        return rng.choice(WHICH_ASKS).format(**slots), answer, found[1]
    return rng.choice(KEYWORD_ASKS).format(**slots), pair.sentence, found[1]


def cited(answer: str, number: int) -> str:
    """An answer with the number of its source before the full stop."""
    return f"{answer.replace(chr(0), str(number))}." if "\0" in answer else f"{answer} [{number}]."


def placed(rng: random.Random, others: Sequence[Source], gold: Source) -> tuple[list[Source], int]:
    """The sources in order of rank, and the number of the gold one."""
    ranks = range(len(others) + 1)
    at = rng.choices(ranks, GOLD_FIRST[: len(others) + 1])[0]
    return [*others[:at], gold, *others[at:]], at + 1


def asked_casually(rng: random.Random, question: str) -> str:
    """Now and then a question as people type it: no big letter at the start, no question mark."""
    if rng.random() < 0.08 and re.match(r"(?:What|How|Why|Where|Who|Which|Can|Is|Tell) ", question):
        return question[0].lower() + question[1:].rstrip("?.")
    return question


def reading_record(rng: random.Random, pool: Pool) -> dict:
    """A question about real sentences with its sources and a cited answer, or the fixed sentence where the answer was taken out."""
    kinds = [kind for kind, pairs in pool.pairs.items() if pairs]
    weights = [min(len(pool.pairs[kind]), 4000) ** 0.6 for kind in kinds]
    while True:
        kind = rng.choices(kinds, weights)[0]
        pair = rng.choice(pool.pairs[kind])
        made = asked_and_answered(rng, pool, kind, pair)
        if made is None:
            continue
        missing = rng.random() < UNANSWERABLE
        record = (without_answer if missing else with_answer)(rng, pool, kind, pair, made)
        if record:
            return record


def reading(rng: random.Random, kind: str, sources: Sequence[Source], question: str, answer: str) -> dict:
    user = user_turn(asked_casually(rng, question), sources)
    return {"task": f"reading {kind}", "system": rng.choice(SYSTEMS), "user": user, "assistant": answer}


def with_answer(
    rng: random.Random, pool: Pool, kind: str, pair: Pair, made: tuple[str, str, frozenset[str]]
) -> dict | None:
    """The gold source among 0 to 5 others, none of which holds all of the question's key words."""
    question, answer, asked = made
    gold = window(rng, pool, pair.place)
    if gold is None:
        return None
    count = rng.choices(range(6), (12, 16, 22, 24, 16, 10))[0]
    sources, number = placed(rng, distractors(rng, pool, pair, asked, count, 0.75), gold)
    record = reading(rng, kind, sources, question, cited(answer, number))
    if more := more_of(rng, pool, sources, question):
        record["more"] = [(user_turn(asked_casually(rng, asked), sources), answer) for asked, answer in more]
    return record


def more_of(rng: random.Random, pool: Pool, sources: Sequence[Source], asked: str) -> list[tuple[str, str]]:
    """Other questions about the sentences of some sources, with cited answers: by their patterns where they have any, else by key words."""
    found = []
    for number, source in enumerate(sources, start=1):
        for sentence in sentences(source.text):
            pairs = pool.by_sentence.get(sentence) or [
                (kind, Pair((0, 0, 0), sentence[:-1], {}, frozenset())) for kind in ANY_SENTENCE if fit(sentence)
            ]
            if not pairs or not packing.is_kept(rng, number):
                continue
            kind, pair = rng.choice(pairs)
            made = asked_and_answered(rng, pool, kind, pair)
            rest = [other for other in sources if other is not source]
            if made is None or made[0] == asked or any(answers_too(other, made[2], 0.75) for other in rest):
                continue
            found.append((made[0], cited(made[1], number)))
    return rng.sample(found, min(len(found), MORE))


def without_answer(
    rng: random.Random, pool: Pool, kind: str, pair: Pair, made: tuple[str, str, frozenset[str]]
) -> dict | None:
    """Sources from around the place, the sentence taken out. The rarest key word stands in none of them, and most others do not."""
    question, _, asked = made
    if not asked:
        return None
    rarest = min(sorted(asked), key=lambda key: pool.spread[key])
    found = distractors(rng, pool, pair, asked, rng.choices(range(1, 7), (6, 16, 26, 26, 16, 10))[0], 0.6)
    remains = window(rng, pool, pair.place, without=True) if rng.random() < 0.7 else None
    if remains and not answers_too(remains, asked, 0.6):
        found = [remains, *found[:5]]
    found = [source for source in found if rarest not in keys(f"{source.heading} {source.text}")]
    return reading(rng, kind, found, question, NO_ANSWER) if found else None


# --------------------------------------------------------------------------------------------------------------- the stream


def pool_of(prose: Path, *, sha256: str | None = SHA256, split: str = "train") -> Pool:
    """The pool of a prose file. Built at the first call (some seconds), kept for later ones."""
    return build(Path(prose), sha256, split)


def examples(
    rng: random.Random,
    prose: Path,
    *,
    sha256: str | None = SHA256,
    split: str = "train",
    shares: dict[str, float] | None = None,
) -> Iterator[dict]:
    """Endless records of the three kinds, by `SHARES` or by shares of your own.

    Args:
        rng: the same seed gives the same records.
        prose: the xz file.
        sha256: what the file must hash to; None takes any file.
        split: "train", or "valid" for documents that no training record comes from.
        shares: how often "text", "copy" and "reading" come.

    Raises:
        CourseError: the file is missing or is another one.
    """
    makers = {"text": text_record, "copy": copy_record, "reading": reading_record}
    chosen = shares or SHARES
    pool = pool_of(prose, sha256=sha256, split=split)
    names, weights = list(chosen), list(chosen.values())
    while True:
        yield makers[rng.choices(names, weights)[0]](rng, pool)


def show(records: Iterable[dict]) -> str:
    """Records as text for reading by eye."""
    return "\n".join(
        f"{'=' * 30} {record['task']}\n<{record['system']}>\n{record['user']}\n--> {record['assistant']}"
        for record in records
    )


def main() -> None:
    """Print records or the number of pairs of each pattern."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prose", type=Path, required=True, help="the xz-compressed prose, one paragraph a line")
    parser.add_argument("--show", type=int, default=20, help="records to print (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the draw (default 1)")
    parser.add_argument("--count", action="store_true", help="print the number of pairs of each pattern instead")
    parser.add_argument("--task", default="", help="show only tasks whose name begins with this")
    arguments = parser.parse_args()
    if arguments.count:
        for name, pairs in pool_of(arguments.prose).pairs.items():
            print(f"{len(pairs):7,}  {name}")
        return
    records = examples(random.Random(arguments.seed), arguments.prose)
    wanted = (record for record in records if record["task"].startswith(arguments.task))
    print(show(next(wanted) for _ in range(arguments.show)))


if __name__ == "__main__":
    main()
