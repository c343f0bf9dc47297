"""The handbook and its questions: Markdown documents, their revisions, and questions with the evidence for each answer.

Every character span counts from the start of a document's *text*, which begins after the front matter.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from coursekit import paths
from coursekit.errors import CourseError

TYPES = ("one_fact", "table", "two_fact", "steps", "diagnosis", "superseded", "unanswerable")


@dataclasses.dataclass(frozen=True)
class Document:
    """One Markdown document: `text` is its body, without the front matter."""

    id: str
    title: str
    text: str
    product: str = "all"
    family: str = ""
    audience: str = ""
    effective: str = ""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The exact words that answer a question: `text[start:end] == quote` in the document `doc`."""

    doc: str
    quote: str
    start: int | None = None
    end: int | None = None


@dataclasses.dataclass(frozen=True)
class Question:
    """A question, its answer, and the strings (`aliases`) any of which makes an answer right.

    `also` holds further lists, for a question with two parts: a right answer then matches one string of each list too.
    `derived` are the aliases that do not stand in the evidence word for word, such as "two days" for "48 hours".
    """

    id: str
    question: str
    answer: str = ""
    aliases: tuple[str, ...] = ()
    type: str = "one_fact"
    wording: str = "plain"
    split: str = "test"
    about: str = ""
    evidence: tuple[Evidence, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    derived: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the documents hold an answer."""
        return self.type != "unanswerable"


def read_text(path: Path) -> str:
    """A file's text with `\\n` line ends.

    Raises:
        CourseError: the file is missing, cannot be read, is not UTF-8, or holds nothing.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise CourseError(f"{path.name} does not exist: check the name and the folder.") from error
    except OSError as error:
        raise CourseError(f"{path.name} cannot be read ({error.strerror}): check that you may open it.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path.name} is not UTF-8 text: save it again with the encoding UTF-8.") from error
    if not text.strip():
        raise CourseError(f"{path.name} is empty: write something in it or take it out of the folder.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_document(raw: str, name: str) -> Document:
    """Split a Markdown file into front matter and text. Front matter is optional: the file's name and first heading stand in for it.

    Raises:
        CourseError: the front matter is not valid YAML, or there is no text below it.
    """
    fields, body = {}, raw
    if raw.startswith("---\n") and "\n---\n" in raw[3:]:
        front, body = raw[3:].split("\n---\n", 1)
        try:
            fields = yaml.safe_load(front) or {}
        except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-02-30
            raise CourseError(f"{name}.md: the lines between the two `---` are not valid YAML.") from error
        if not isinstance(fields, dict):
            raise CourseError(f"{name}.md: the lines between the two `---` must have the form `key: value`.")
        body = body.removeprefix("\n")
    if not body.strip():
        raise CourseError(f"{name}.md holds no text below its front matter.")
    first_line = body.lstrip().splitlines()[0].lstrip("# ").strip()
    known = {key: str(fields[key]) for key in ("product", "family", "audience", "effective") if key in fields}
    return Document(str(fields.get("id") or name), str(fields.get("title") or first_line), body, **known)


def load_folder(folder: str | Path) -> list[Document]:
    """Every `*.md` file below a folder but `README.md`, sorted by id.

    Raises:
        CourseError: the folder is missing or holds no Markdown, a file cannot be read, or two documents share an id.
    """
    folder = Path(folder)
    # JupyterLab keeps copies of the files that it edits in `.ipynb_checkpoints`.
    files = [
        path
        for path in sorted(folder.rglob("*.md") if folder.is_dir() else [])
        if path.is_file()
        and path.name != "README.md"
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        raise CourseError(f"The folder {folder.resolve().name!r} holds no Markdown files (*.md): check its name.")
    documents = [parse_document(read_text(path), path.stem) for path in files]
    ids = [document.id for document in documents]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise CourseError(f"Two documents have the id {twice[0]!r}: give each its own.")
    return sorted(documents, key=lambda document: document.id)


def load_handbook(revision: str | None = None) -> list[Document]:
    """The handbook of the fictional company Larkspur Instruments, as of 2026-09, or in a later revision such as "2027-01".

    A revision's folder holds the documents that changed; the others stay as they are.
    """
    documents = {document.id: document for document in load_folder(paths.datasets() / "handbook")}
    if revision:
        folder = paths.datasets() / "revisions" / revision
        if not folder.is_dir():
            known = (
                ", ".join(sorted(path.name for path in folder.parent.iterdir())) if folder.parent.is_dir() else "none"
            )
            raise CourseError(f"There is no revision {revision!r}: choose one of {known}.")
        documents |= {document.id: document for document in load_folder(folder)}
    return sorted(documents.values(), key=lambda document: document.id)


def read_jsonl(path: Path) -> list[dict]:
    """One JSON object a line; empty lines are passed over.

    Raises:
        CourseError: a line is not a JSON object; the message names the line.
    """
    return [record for _, record in numbered_jsonl(path)]


def numbered_jsonl(path: Path) -> list[tuple[int, dict]]:
    """The objects of `read_jsonl`, each with the number of its line."""
    records = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise CourseError(f"{path.name}, line {number}: this is not valid JSON ({error.msg}).") from error
        if not isinstance(record, dict):
            raise CourseError(f"{path.name}, line {number}: each line must be a JSON object in braces.")
        records.append((number, record))
    return records


def _question(record: dict, where: str) -> Question:
    for key in ("id", "question"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise CourseError(f"{where}: a question needs a text under {key!r}.")
    for key in ("aliases", "derived"):
        if not isinstance(record.get(key, []), list):
            raise CourseError(f"{where}: {key!r} needs a list of texts in square brackets.")
    also = record.get("also", [])
    if not isinstance(also, list) or not all(isinstance(group, list) for group in also):
        raise CourseError(f"{where}: 'also' needs a list of lists of texts in square brackets.")
    kind = record.get("type", "one_fact")
    if kind not in TYPES:
        raise CourseError(f"{where}: the type {kind!r} is unknown: use one of {', '.join(TYPES)}.")
    try:
        evidence = tuple(
            Evidence(item["doc"], item["quote"], item.get("start"), item.get("end"))
            for item in record.get("evidence", [])
        )
    except (TypeError, KeyError) as error:
        raise CourseError(f"{where}: each piece of evidence needs `doc` and `quote`.") from error
    known = {
        key: record[key] for key in ("id", "question", "answer", "type", "wording", "split", "about") if key in record
    }
    return Question(
        **known,
        aliases=tuple(record.get("aliases", [])),
        evidence=evidence,
        also=tuple(tuple(group) for group in also),
        derived=tuple(record.get("derived", [])),
    )


def load_questions(
    path: str | Path | None = None, *, split: str | None = None, documents: Iterable[Document] | None = None
) -> list[Question]:
    """The question set, or any file of its form.

    Args:
        path: a JSONL file; the course's `datasets/questions.jsonl` when left out.
        split: "dev" or "test"; both when left out. Choose prompts and settings on "dev" only.
        documents: when given, evidence without `start` and `end` is looked up in them.

    Raises:
        CourseError: the split is unknown; a line is not of the form, or a quote is not in its document: the message names the line.
    """
    if split not in (None, "dev", "test"):
        raise CourseError(f"There is no split {split!r}: choose dev or test.")
    path = Path(path) if path else paths.datasets() / "questions.jsonl"
    texts = {document.id: document.text for document in documents or ()}
    questions = []
    for number, record in numbered_jsonl(path):
        where = f"{path.name}, line {number}"
        question = _question(record, where)
        if texts:
            try:
                evidence = tuple(locate(item, texts) for item in question.evidence)
            except CourseError as error:
                raise CourseError(f"{where}: {error}") from error
            question = dataclasses.replace(question, evidence=evidence)
        if split is None or question.split == split:
            questions.append(question)
    return questions


def locate(evidence: Evidence, texts: dict[str, str]) -> Evidence:
    """Fill in the span of a quote that comes without one.

    Raises:
        CourseError: the document is unknown, or does not hold the quote.
    """
    if evidence.doc not in texts:
        raise CourseError(f"The evidence names the document {evidence.doc!r}, which is not in the folder.")
    if evidence.start is not None and evidence.end is not None:
        return evidence
    start = texts[evidence.doc].find(evidence.quote)
    if start < 0:
        raise CourseError(f"The document {evidence.doc!r} does not hold the quote {evidence.quote[:60]!r}.")
    return dataclasses.replace(evidence, start=start, end=start + len(evidence.quote))


def load_changes(revision: str = "2027-01") -> list[dict]:
    """The facts that a revision changed: `doc`, `old` and `new` text with their spans, values, and the questions they touch."""
    return read_jsonl(paths.datasets() / "revisions" / revision / "changes.jsonl")


def revised_questions(questions: Iterable[Question], revision: str = "2027-01") -> list[Question]:
    """The questions as they stand after a revision: new aliases and evidence where a fact changed, new spans everywhere.

    Questions whose answer rests on a changed fact and on another one as well are left out: `retired` in the list of changes.
    """
    texts = {document.id: document.text for document in load_handbook(revision)}
    changes = load_changes(revision)
    retired = {name for change in changes for name in change["retired"]}
    revised = []
    for question in questions:
        if question.id in retired:
            continue
        aliases, derived = question.aliases, question.derived
        quotes = [(item.doc, item.quote) for item in question.evidence]
        for change in changes:
            touched = question.id in change["questions"]
            if touched:
                aliases, derived = tuple(change["new_aliases"]), tuple(change["new_aliases"])
            # A change beside the answer, in the same quote, leaves the aliases as they are but moves the words.
            quotes = [
                (doc, _revised_quote(quote, change))
                if doc == change["doc"] and (touched or quote not in texts[doc])
                else (doc, quote)
                for doc, quote in quotes
            ]
        evidence = tuple(locate(Evidence(doc, quote), texts) for doc, quote in quotes)
        revised.append(dataclasses.replace(question, aliases=aliases, derived=derived, evidence=evidence))
    return revised


def _revised_quote(quote: str, change: dict) -> str:
    if change["old"] in quote:
        return quote.replace(change["old"], change["new"])
    return change["new"] if quote in change["old"] else quote


def load_vectors() -> np.ndarray:
    """20,000 real passage vectors, (20000, 384) float32, every row scaled to length 1 after the rounding to half precision.

    Raises:
        CourseError: the file is missing or damaged.
    """
    path = paths.datasets() / "vectors" / "passages.npy"
    try:
        vectors = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise CourseError(f"{path.name} is missing or damaged: run `git checkout -- datasets/vectors`.") from error
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fingerprint(documents: Iterable[Document]) -> str:
    """A short hash of ids and texts: it changes when any document does."""
    digest = hashlib.sha256()
    for document in sorted(documents, key=lambda document: document.id):
        digest.update(f"{document.id}\0{document.text}\0".encode())
    return digest.hexdigest()[:16]
