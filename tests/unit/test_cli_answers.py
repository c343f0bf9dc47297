"""`python -m coursekit ask` and `evaluate`, run as a learner runs them; a server on the loopback address answers by a script."""

import json
import os
import re
import subprocess
import sys

import pytest
from scripted import prompt_of, scripted

from coursekit import __main__ as cli
from coursekit.prompts import NO_ANSWER

TEA = "# Tea\n\nGreen tea takes 80 °C for two minutes.\n\n## Black tea\n\nBlack tea takes boiling water.\n"
BREAD = "---\ntitle: Bread\n---\nDough rises overnight.\n"
QUESTIONS = [
    {"id": "1", "question": "How hot is green tea?", "aliases": ["80 °C", "80 degrees"],
     "evidence": [{"doc": "tea", "quote": "Green tea takes 80 °C"}]},
    {"id": "2", "question": "How long does dough rise?", "aliases": ["overnight", "a night"], "wording": "unlike",
     "evidence": [{"doc": "bread", "quote": "Dough rises overnight."}]},
    {"id": "3", "question": "What does coffee cost?", "type": "unanswerable"},
]  # fmt: skip


def reply(request):
    """Right about tea, silent about dough, wrong about coffee."""
    prompt = prompt_of(request)
    if "coffee" in prompt:
        return "It costs 3 euros [2]."
    return "Green tea takes 80 °C [1]." if "How hot" in prompt else NO_ANSWER


@pytest.fixture(scope="module")
def server():
    """One server for all tests of this file."""
    with scripted(reply) as running:
        yield running


@pytest.fixture
def own(tmp_path):
    """A folder with two documents, and a file of questions about them."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tea.md").write_text(TEA, encoding="utf-8")
    (tmp_path / "docs" / "bread.md").write_text(BREAD, encoding="utf-8")
    lines = "".join(json.dumps(question) + "\n" for question in QUESTIONS)
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


@pytest.fixture
def asked(server, monkeypatch, capsys):
    """Runs a command in this process against the server; gives its exit status, stdout and stderr."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("COURSE_MODEL", raising=False)

    def run(*arguments):
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


def assert_one_sentence(done, words):
    """Exit status 2, and on stderr one line that says what to do."""
    status, out, error = done
    assert (status, out) == (2, "")
    assert len(error.strip().splitlines()) == 1
    assert words in error
    assert error.strip().endswith(".")


# ask


def test_ask_prints_the_answer_and_what_it_cites(own, asked):
    status, out, error = asked("ask", "How hot is green tea?", "--docs", own / "docs")
    assert (status, error) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Green tea takes 80 °C [1]."
    assert lines[1:3] == ["", "Sources cited:"]
    assert re.fullmatch(r"\[1\] 0\.\d{3}  tea: Tea", lines[3])
    assert lines[4] == "    Green tea takes 80 °C for two minutes."
    assert len(lines) == 5, "sources that are not cited are not printed"


def test_ask_prints_what_was_looked_at_when_the_model_abstains(own, asked):
    status, out, _ = asked("ask", "How long does dough rise?", "--docs", own / "docs", "-k", "2", "--method", "hybrid")
    assert status == 0
    assert out.startswith(f"{NO_ANSWER}\n\nNo source is cited. These were looked at:\n[1] ")
    assert "bread: Bread" in out
    assert re.findall(r"^\[(\d)\]", out, re.MULTILINE) == ["1", "2"]


def test_ask_says_what_is_not_in_the_source(own, asked):
    _, out, _ = asked("ask", "What does coffee cost?", "--docs", own / "docs")
    assert "Check this: 3 euros does not stand in what is cited for: It costs 3 euros." in out
    _, out, _ = asked("ask", "What does coffee cost?", "--docs", own / "docs", "-k", "1")
    assert "Check this: the answer cites 2, but there is 1 source." in out
    assert "No source is cited" in out


def test_ask_without_a_hit_asks_no_model(own, asked, server):
    before = len(server.requests)
    status, out, _ = asked("ask", "xylophone", "--docs", own / "docs", "--method", "bm25")
    assert (status, out) == (0, "No source shares a word with the question.\n")
    assert len(server.requests) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", " "], "query is empty"),
        (["ask", "tea", "-k", "0"], "k is 0"),
        (["ask", "tea", "--docs", "/nowhere/gone"], "'gone' holds no Markdown"),
        (["evaluate", "-k", "0"], "k is 0"),
        (["evaluate", "--limit", "0"], "limit is 0"),
        (["evaluate", "--workers", "0"], "workers is 0"),
        (["evaluate", "--docs", "."], "name your own with --questions"),
        (["evaluate", "--questions", "gone.jsonl"], "gone.jsonl does not exist"),
        (["evaluate", "--out", "."], "is a folder"),
    ],
)
def test_mistakes_are_one_sentence(arguments, words, asked, server):
    before = len(server.requests)
    assert_one_sentence(asked(*arguments), words)
    assert len(server.requests) == before


def test_a_server_that_is_not_there(own, asked, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("COURSE_MODEL", "scripted")
    assert_one_sentence(asked("ask", "How hot is green tea?", "--docs", own / "docs"), "")


@pytest.mark.parametrize("arguments", [["ask"], ["evaluate", "--split", "train"], ["evaluate", "--context", "magic"]])
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m coursekit" in capsys.readouterr().err


# evaluate


def figures(out):
    """The printed measures: name, value, ends of the interval, and what it is a share of."""
    found = re.findall(r"^([a-z ]+?) +(\d\.\d\d) +(\d\.\d\d) to (\d\.\d\d) +of +(\d+)", out, re.MULTILINE)
    return {name: (float(value), float(low), float(high), int(of)) for name, value, low, high, of in found}


def test_evaluate_ones_own_folder(own, asked):
    status, out, error = asked(
        "evaluate", "--docs", own / "docs", "--questions", own / "questions.jsonl", "-k", "3", "--out", own / "out.json"
    )
    assert (status, error) == (0, "")
    assert out.startswith("3 questions, retrieved sources, k 3, model scripted\n")
    values = {name: (value, of) for name, (value, _, _, of) in figures(out).items()}
    assert values == {
        "accuracy": (0.5, 2), "abstention": (0, 1), "false abstention": (0.5, 2), "citation precision": (1, 1), "citation recall": (0.5, 2)
    }  # fmt: skip
    assert "wrong answers: 1 abstained, 1 answered" in out
    assert re.search(r"^unlike +1 +0\.00 +- +1\.00 +- +0\.00$", out, re.MULTILINE), out
    assert max(map(len, out.splitlines())) <= 120
    saved = json.loads((own / "out.json").read_text(encoding="utf-8"))
    assert saved["figures"]["accuracy"]["value"] == 0.5
    assert [record["text"] for record in saved["records"]][1] == NO_ANSWER
    assert str(own) not in json.dumps(saved)


def test_evaluate_closed_book_and_oracle(own, asked, server):
    options = ("--docs", own / "docs", "--questions", own / "questions.jsonl")
    before = len(server.requests)
    _, out, _ = asked("evaluate", *options, "--context", "none")
    assert out.startswith("3 questions, no sources, model scripted\n")
    assert all("[1]" not in prompt_of(request) for request in server.requests[before:])
    assert re.search(r"^citation recall +- +of +0 ", out, re.MULTILINE)
    _, out, _ = asked("evaluate", *options, "--context", "oracle", "-k", "1", "--method", "bm25", "--workers", "2")
    assert figures(out)["citation recall"][0] == 0.5


def test_evaluate_a_part_of_the_courses_questions(asked):
    status, out, error = asked("evaluate", "--limit", "12", "--method", "bm25", "--context", "retrieved")
    assert (status, error) == (0, "")
    assert out.startswith("12 questions, retrieved sources, k 4")
    assert sum(int(line.split()[1]) for line in out.splitlines() if line.startswith(("plain", "unlike"))) == 12


def test_the_split_of_ones_own_file(own, asked):
    options = ("evaluate", "--docs", own / "docs", "--questions", own / "questions.jsonl")
    assert_one_sentence(asked(*options, "--split", "dev"), "no questions")  # a file without `split` counts as test
    assert asked(*options, "--split", "test", "--context", "none")[0] == 0


def test_a_failure_keeps_what_was_measured(own, monkeypatch, capsys):
    served = []

    def fails_later(request):
        served.append(request)
        return reply(request) if len(served) <= 2 else 500

    with scripted(fails_later) as failing:
        monkeypatch.setenv("OPENAI_BASE_URL", failing.url)
        monkeypatch.setenv("COURSE_MODEL", "scripted")
        status = cli.main(
            [
                "evaluate",
                "--docs",
                str(own / "docs"),
                "--questions",
                str(own / "questions.jsonl"),
                "--out",
                str(own / "part.json"),
            ]
        )
    out, error = capsys.readouterr()
    assert status == 2
    assert error.startswith("After 2 of 3 questions: ")
    assert len(error.strip().splitlines()) == 1
    assert out.startswith("2 questions")
    assert json.loads((own / "part.json").read_text(encoding="utf-8"))["questions"] == 2


def test_in_a_process_of_its_own(own, server):
    """As typed in a terminal that cannot show every sign."""
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "ask", "How hot is green tea?", "--docs", str(own / "docs")],
        env={**os.environ, "OPENAI_BASE_URL": server.url, "COURSE_MODEL": "scripted", "PYTHONIOENCODING": "ascii"},
        capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("Green tea takes 80 ?C [1].\n")


def test_with_the_courses_own_model():
    """The main job in one line, through the course's own server: an answer, and under it the sources it rests on or those looked at."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "COURSE_MODEL"))}
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "ask", "How often does the Tarnbeck 2 take a reading?"],
        env=settings, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer, mark, sources = re.split(r"\n\n(Sources cited:|No source is cited\. These were looked at:)\n", done.stdout)
    assert answer.strip()
    heads = re.findall(r"^\[([1-4])\] 0\.\d{3}  tarnbeck-[a-z0-9-]+: .+$", sources, re.MULTILINE)
    assert heads, sources
    if mark == "Sources cited:":
        assert set(heads) == set(re.findall(r"(?<=\[)[1-4](?=\])", answer.partition("\n\nCheck this:")[0]))
