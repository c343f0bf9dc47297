"""The prose: reading its file, cleaning its paragraphs, and the words of its sentences.

The prose is a file of one paragraph a line with an empty line between documents. It is not part of the course; the model card names
its sources. It is checked by its SHA-256, so that the same records come out everywhere.

How it is cleaned: paragraphs without letters, notes on copyright and licence, pointers to other pages, left-over mark-up, and
paragraphs of more than 1,500 characters are dropped; spaces and the marks of removed footnotes and line breaks are put right.
"""

import functools
import hashlib
import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from coursekit.chunking import SENTENCE_END
from coursekit.errors import CourseError

SHA256 = "2af46d9584f714f2405bbcb0ce139d756777192b1c5dfb4878431b164bb893c1"
LONGEST = 1500  # characters of a paragraph
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


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, cut as `coursekit.chunking` cuts them."""
    return [part.strip() for part in SENTENCE_END.split(paragraph) if part.strip()]
