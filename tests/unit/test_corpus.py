"""The corpus: what is read, what is refused and with which sentence, and the revision of the real handbook."""

import json

import pytest

from coursekit import corpus
from coursekit.corpus import Document, Evidence
from coursekit.errors import CourseError


def write_questions(folder, *lines):
    """A JSONL file of these lines."""
    path = folder / "mine.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_front_matter_and_text(tmp_path):
    (tmp_path / "a.md").write_text(
        "---\nid: p-1\ntitle: 'A: b'\nproduct: Probe\nfamily: probes\naudience: all\neffective: 2026-09-01\n---\n\n# Head\n\nText.\n",
        encoding="utf-8",
    )
    (document,) = corpus.load_folder(tmp_path)
    assert document == Document("p-1", "A: b", "# Head\n\nText.\n", "Probe", "probes", "all", "2026-09-01")


def test_front_matter_is_optional(tmp_path):
    (tmp_path / "my-notes.md").write_text("\n# My notes \n\nText.", encoding="utf-8")
    (document,) = corpus.load_folder(tmp_path)
    assert (document.id, document.title) == ("my-notes", "My notes")
    assert document.text == "\n# My notes \n\nText."


def test_a_rule_in_the_text_ends_no_front_matter():
    assert corpus.parse_document("---\nid: x\n---\none\n\n---\ntwo", "f").text == "one\n\n---\ntwo"
    assert corpus.parse_document("one\n\n---\ntwo\n---\n", "f").text == "one\n\n---\ntwo\n---\n"


def test_empty_front_matter():
    document = corpus.parse_document("---\n---\nHello", "f")
    assert (document.id, document.title, document.text) == ("f", "Hello", "Hello")


def test_crlf_file_reads_as_lf(tmp_path):
    (tmp_path / "a.md").write_bytes(b"---\r\nid: x\r\n---\r\n# T\r\n\r\nOne.\rTwo.\r\n")
    (document,) = corpus.load_folder(tmp_path)
    assert document.id == "x"
    assert document.text == "# T\n\nOne.\nTwo.\n"


def test_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf# T\n")
    assert corpus.load_folder(tmp_path)[0].text == "# T\n"


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_empty_file(tmp_path, content):
    (tmp_path / "hollow.md").write_bytes(content)
    with pytest.raises(CourseError, match=r"^hollow\.md is empty"):
        corpus.load_folder(tmp_path)


def test_no_text_below_the_front_matter(tmp_path):
    (tmp_path / "hollow.md").write_text("---\nid: x\n---\n\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"^hollow\.md holds no text"):
        corpus.load_folder(tmp_path)


def test_non_utf8_file(tmp_path):
    (tmp_path / "latin.md").write_bytes("# Größe".encode("latin-1"))
    with pytest.raises(CourseError, match=r"^latin\.md is not UTF-8"):
        corpus.load_folder(tmp_path)


@pytest.mark.parametrize("front", ["id: [x", "id: x\n bad: : y", "effective: 2026-02-30"])
def test_bad_yaml(tmp_path, front):
    (tmp_path / "odd.md").write_text(f"---\n{front}\n---\nText.", encoding="utf-8")
    with pytest.raises(CourseError, match=r"^odd\.md: .*not valid YAML"):
        corpus.load_folder(tmp_path)


def test_front_matter_that_is_no_mapping(tmp_path):
    (tmp_path / "odd.md").write_text("---\njust words\n---\nText.", encoding="utf-8")
    with pytest.raises(CourseError, match="key: value"):
        corpus.load_folder(tmp_path)


def test_two_documents_with_one_id(tmp_path):
    (tmp_path / "a.md").write_text("---\nid: same\n---\nOne.", encoding="utf-8")
    (tmp_path / "b.md").write_text("---\nid: same\n---\nTwo.", encoding="utf-8")
    with pytest.raises(CourseError, match="'same'"):
        corpus.load_folder(tmp_path)


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(CourseError, match="'nowhere' holds no Markdown"):
        corpus.load_folder(tmp_path / "nowhere")
    with pytest.raises(CourseError, match="holds no Markdown"):
        corpus.load_folder(tmp_path)
    (tmp_path / "file.md").write_text("# T", encoding="utf-8")
    with pytest.raises(CourseError, match="holds no Markdown"):
        corpus.load_folder(tmp_path / "file.md")


def test_the_working_folder_is_told_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    with pytest.raises(CourseError, match="'mine' holds no Markdown"):
        corpus.load_folder(".")


def test_a_folder_named_like_a_file_and_empty_fields(tmp_path):
    (tmp_path / "old.md").mkdir()
    (tmp_path / "tea.md").write_text("---\nid:\ntitle:\n---\n# Green tea\n", encoding="utf-8")
    (document,) = corpus.load_folder(tmp_path)
    assert (document.id, document.title) == ("tea", "Green tea")


def test_an_unknown_split():
    with pytest.raises(CourseError, match="'Dev': choose dev or test"):
        corpus.load_questions(split="Dev")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(CourseError, match="cannot be read"):
        corpus.read_text(tmp_path)


def test_folder_is_read_deeply_and_sorted_without_editor_copies(tmp_path):
    (tmp_path / "deep" / ".ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "z.md").write_text("---\nid: a\n---\nA.", encoding="utf-8")
    (tmp_path / "deep" / "b.md").write_text("B.", encoding="utf-8")
    (tmp_path / "deep" / ".ipynb_checkpoints" / "b-checkpoint.md").write_text("B.", encoding="utf-8")
    (tmp_path / "README.md").write_text("About.", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("Not Markdown.", encoding="utf-8")
    assert [document.id for document in corpus.load_folder(tmp_path)] == ["a", "b"]


def test_bad_jsonl_line_is_named(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2,}\n', encoding="utf-8")
    with pytest.raises(CourseError, match=r"^x\.jsonl, line 3: this is not valid JSON"):
        corpus.read_jsonl(path)
    path.write_text('{"a": 1}\n[1]\n', encoding="utf-8")
    with pytest.raises(CourseError, match=r"^x\.jsonl, line 2: each line must be a JSON object"):
        corpus.read_jsonl(path)


def test_jsonl_keeps_unusual_line_ends_inside_a_text(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "one\u2028two\x85three"}\n\n{"a": 2}\n', encoding="utf-8")
    assert corpus.read_jsonl(path) == [{"a": "one\u2028two\x85three"}, {"a": 2}]


def test_missing_jsonl(tmp_path):
    with pytest.raises(CourseError, match=r"^gone\.jsonl does not exist"):
        corpus.load_questions(tmp_path / "gone.jsonl")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"question": "Why?"}, "'id'"),
        ({"id": "q", "question": " "}, "'question'"),
        ({"id": 3, "question": "Why?"}, "'id'"),
        ({"id": "q", "question": "Why?", "type": "riddle"}, "'riddle' is unknown"),
        ({"id": "q", "question": "Why?", "evidence": [{"doc": "d"}]}, "`doc` and `quote`"),
        ({"id": "q", "question": "Why?", "evidence": ["d"]}, "`doc` and `quote`"),
        ({"id": "q", "question": "Why?", "aliases": "45 days"}, "'aliases' needs a list"),
        ({"id": "q", "question": "Why?", "also": "a month"}, "'also' needs a list of lists"),
        ({"id": "q", "question": "Why?", "also": ["a month"]}, "'also' needs a list of lists"),
    ],
)
def test_bad_question_names_the_line(tmp_path, record, words):
    path = write_questions(tmp_path, {"id": "good", "question": "How?"}, "", record)
    with pytest.raises(CourseError, match=r"^mine\.jsonl, line 3: ") as caught:
        corpus.load_questions(path)
    assert words in str(caught.value)


def test_questions_are_read_whole_and_by_split(tmp_path):
    full = {
        "id": "q1", "question": "How long?", "answer": "45 days.", "aliases": ["45 days"], "type": "two_fact", "wording": "unlike",
        "split": "dev", "about": "returns", "evidence": [{"doc": "d", "quote": "45 days", "start": 3, "end": 10}],
        "also": [["30 days", "a month"]], "derived": ["45 days"], "note": "ignored",
    }  # fmt: skip
    path = write_questions(tmp_path, full, {"id": "q2", "question": "Why?", "type": "unanswerable"})
    first, second = corpus.load_questions(path)
    assert first == corpus.Question(
        "q1", "How long?", "45 days.", ("45 days",), "two_fact", "unlike", "dev", "returns",
        (Evidence("d", "45 days", 3, 10),), (("30 days", "a month"),), ("45 days",),
    )  # fmt: skip
    assert first.answerable
    assert not second.answerable
    assert [question.id for question in corpus.load_questions(path, split="dev")] == ["q1"]
    assert [question.id for question in corpus.load_questions(path, split="test")] == ["q2"]


def test_evidence_is_looked_up(tmp_path):
    documents = [Document("d", "D", "ab 45 days cd")]
    path = write_questions(tmp_path, {"id": "q", "question": "?", "evidence": [{"doc": "d", "quote": "45 days"}]})
    assert corpus.load_questions(path)[0].evidence == (Evidence("d", "45 days", None, None),)
    assert corpus.load_questions(path, documents=documents)[0].evidence == (Evidence("d", "45 days", 3, 10),)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [({"doc": "e", "quote": "45 days"}, "document 'e'"), ({"doc": "d", "quote": "46 days"}, "quote '46 days'")],
)
def test_evidence_that_is_not_there(tmp_path, evidence, words):
    path = write_questions(tmp_path, "", {"id": "q", "question": "?", "evidence": [evidence]})
    with pytest.raises(CourseError, match=r"^mine\.jsonl, line 2: ") as caught:
        corpus.load_questions(path, documents=[Document("d", "D", "ab 45 days cd")])
    assert words in str(caught.value)


def test_fingerprint_changes_with_text_and_id_but_not_with_order():
    one, two = Document("a", "A", "x"), Document("b", "B", "y")
    same = corpus.fingerprint([one, two])
    assert corpus.fingerprint([two, one]) == same
    assert corpus.fingerprint([one, Document("b", "B", "y ")]) != same
    assert corpus.fingerprint([one, Document("c", "B", "y")]) != same
    assert corpus.fingerprint([one]) != same


# The real handbook.


def test_every_quote_stands_at_its_span(handbook):
    texts = {document.id: document.text for document in handbook}
    for question in corpus.load_questions():
        assert question.answerable == bool(question.evidence), question.id
        for item in question.evidence:
            assert texts[item.doc][item.start : item.end] == item.quote, question.id


def test_handbook_documents_are_complete(handbook):
    for document in handbook:
        assert document.text.startswith("# "), document.id
        assert document.title, document.id
        assert document.family, document.id
        assert document.audience, document.id
        assert len(document.effective) == 10, document.id
        assert "\r" not in document.text, document.id


def test_unknown_revision():
    with pytest.raises(CourseError, match=r"no revision '1999-01': choose one of .*2027-01"):
        corpus.load_handbook("1999-01")


def test_revision_replaces_the_changed_documents_and_no_others(handbook):
    before = {document.id: document for document in handbook}
    after = {document.id: document for document in corpus.load_handbook("2027-01")}
    changes = corpus.load_changes()
    assert before.keys() == after.keys()
    assert {name for name in before if before[name].text != after[name].text} == {change["doc"] for change in changes}
    for change in changes:
        old, new = before[change["doc"]].text, after[change["doc"]].text
        assert old[change["old_start"] : change["old_end"]] == change["old"]
        assert new[change["new_start"] : change["new_end"]] == change["new"]
        assert change["old"] not in new


def test_revised_questions_on_the_real_revision():
    questions = corpus.load_questions()
    changes = corpus.load_changes()
    texts = {document.id: document.text for document in corpus.load_handbook("2027-01")}
    revised = {question.id: question for question in corpus.revised_questions(questions)}
    retired = {name for change in changes for name in change["retired"]}
    new_aliases = {name: tuple(change["new_aliases"]) for change in changes for name in change["questions"]}
    assert new_aliases
    assert new_aliases.keys() <= {question.id for question in questions}
    assert revised.keys() == {question.id for question in questions} - retired
    for question in questions:
        if question.id in retired:
            continue
        now = revised[question.id]
        for item in now.evidence:
            assert texts[item.doc][item.start : item.end] == item.quote, question.id
        if question.id in new_aliases:
            assert now.aliases == new_aliases[question.id], question.id
            assert set(now.aliases) != set(question.aliases), question.id
        else:
            assert (now.aliases, now.derived) == (question.aliases, question.derived), question.id
        assert (now.question, now.type, now.split, now.about, now.also) == (
            question.question, question.type, question.split, question.about, question.also,
        )  # fmt: skip


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A course of one document with two facts in a sentence, one of which a revision changes."""
    handbook, revision = tmp_path / "datasets" / "handbook", tmp_path / "datasets" / "revisions" / "2027-01"
    handbook.mkdir(parents=True)
    revision.mkdir(parents=True)
    (handbook / "d.md").write_text("# D\n\nIt holds 5 l and weighs 3 kg. It is grey.\n", encoding="utf-8")
    (revision / "d.md").write_text("# D\n\nIt holds 12 l and weighs 3 kg. It is grey.\n", encoding="utf-8")
    change = {
        "doc": "d", "old": "It holds 5 l and", "new": "It holds 12 l and", "new_aliases": ["12 l"], "questions": ["holds"],
        "retired": ["both"],
    }  # fmt: skip
    (revision / "changes.jsonl").write_text(json.dumps(change), encoding="utf-8")
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))


def test_revised_questions_by_hand(small_course):
    sentence = "It holds 5 l and weighs 3 kg."
    questions = [
        corpus.Question("holds", "?", aliases=("5 l",), evidence=(Evidence("d", "5 l", 14, 17),)),
        corpus.Question("weighs", "?", aliases=("3 kg",), evidence=(Evidence("d", sentence, 5, 34),)),
        corpus.Question("colour", "?", aliases=("grey",), evidence=(Evidence("d", "It is grey.", 35, 46),)),
        corpus.Question("both", "?", aliases=("5 l",), evidence=(Evidence("d", sentence, 5, 34),)),
    ]
    holds, weighs, colour = corpus.revised_questions(questions)
    assert (holds.id, holds.aliases, holds.derived) == ("holds", ("12 l",), ("12 l",))
    assert holds.evidence == (Evidence("d", "It holds 12 l and", 5, 22),)
    assert (weighs.aliases, weighs.derived) == (("3 kg",), ())
    assert weighs.evidence == (Evidence("d", "It holds 12 l and weighs 3 kg.", 5, 35),)
    assert colour.evidence == (Evidence("d", "It is grey.", 36, 47),)
