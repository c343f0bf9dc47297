"""The command line, run as a learner runs it: `python -m coursekit …` in a process of its own."""

import os
import re
import subprocess
import sys

import pytest

from coursekit import __main__ as cli

QUESTION = "how long can I send back a Larkspur soil probe?"


def coursekit(*arguments, **settings):
    """Run a command; the cache is the tests' own."""
    return subprocess.run(
        [sys.executable, "-m", "coursekit", *arguments],
        env={**os.environ, **settings}, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip


def assert_one_sentence(done, words):
    """Exit status 2, and on stderr one line that says what to do."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert words in done.stderr
    assert done.stderr.strip().endswith(".")


@pytest.fixture
def folder(tmp_path):
    """Two small documents, one of them without a heading."""
    (tmp_path / "own" / "deep").mkdir(parents=True)
    (tmp_path / "own" / "tea.md").write_text("# Tea\n\nGreen tea takes 80 °C → two minutes.\n", encoding="utf-8")
    (tmp_path / "own" / "deep" / "bread.md").write_text(
        "---\ntitle: Bread\n---\nDough rises overnight.\n", encoding="utf-8"
    )
    return tmp_path / "own"


def test_the_handbook_answers():
    done = coursekit("search", QUESTION)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    heads = re.findall(r"^\[(\d)\] (\d\.\d{3})  ([a-z0-9-]+): (.+)$", done.stdout, re.MULTILINE)
    assert [int(rank) for rank, *_ in heads] == [1, 2, 3, 4, 5]
    assert [float(score) for _, score, *_ in heads] == sorted((float(score) for _, score, *_ in heads), reverse=True)
    assert "orders-returns-policy" in [doc for _, _, doc, _ in heads[:3]], done.stdout
    assert "Returns policy > How long you have" in [path for *_, path in heads[:3]]
    assert "45 days" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 160


def test_a_folder_of_ones_own(folder):
    done = coursekit("search", "how hot is the water for tea?", "--docs", str(folder), "-k", "9")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, *_ = done.stdout.splitlines()
    assert re.fullmatch(r"\[1\] 0\.\d{3}  tea: Tea", first)
    assert "    Green tea takes 80 °C → two minutes." in done.stdout
    assert "bread: Bread" in done.stdout


@pytest.mark.parametrize("method", ["dense", "bm25", "hybrid"])
def test_each_method(folder, method, capsys):
    assert cli.main(["search", "green tea", "--docs", str(folder), "--method", method, "-k", "1"]) == 0
    assert capsys.readouterr().out.startswith("[1] ")


def test_no_shared_word_is_said(folder, capsys):
    assert cli.main(["search", "xylophone", "--docs", str(folder), "--method", "bm25"]) == 0
    assert capsys.readouterr().out == "No source shares a word with the question.\n"


def test_a_terminal_that_cannot_show_every_sign(folder):
    done = coursekit("search", "tea", "--docs", str(folder), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "80 ?C ? two minutes" in done.stdout


def test_a_cache_that_cannot_be_written_does_not_stop_a_search(folder, tmp_path):
    (tmp_path / "file").write_text("x")
    done = coursekit("search", "tea", "--docs", str(folder), COURSEKIT_CACHE=str(tmp_path / "file" / "cache"))
    assert done.returncode == 0, done.stderr
    assert "[1] " in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question(question):
    assert_one_sentence(coursekit("search", question), "The query is empty")


@pytest.mark.parametrize("k", ["0", "-2"])
def test_k_below_one(k):
    assert_one_sentence(coursekit("search", "tea", "-k", k), f"k is {k}")


def test_an_unknown_folder(tmp_path):
    assert_one_sentence(coursekit("search", "tea", "--docs", str(tmp_path / "gone")), "'gone' holds no Markdown files")


@pytest.mark.parametrize("method", ["dense", "bm25", "hybrid"])
def test_a_folder_with_headings_alone(tmp_path, method, capsys):
    (tmp_path / "bare.md").write_text("# Tea\n", encoding="utf-8")
    assert cli.main(["search", "tea", "--docs", str(tmp_path), "--method", method]) == 2
    assert capsys.readouterr().err == "There is nothing to search: the documents hold no text, or headings alone.\n"


def test_a_file_that_is_not_utf8(folder):
    (folder / "old.md").write_bytes("# Größe".encode("latin-1"))
    assert_one_sentence(coursekit("search", "tea", "--docs", str(folder)), "old.md is not UTF-8")


def test_an_embedding_model_that_is_not_there(folder, tmp_path):
    done = coursekit("search", "tea", "--docs", str(folder), COURSE_EMBEDDING_MODEL=str(tmp_path / "gone"))
    assert_one_sentence(done, "could not be loaded")


def test_no_course_around(folder, tmp_path):
    done = coursekit("search", "tea", COURSE_ROOT=str(tmp_path))
    assert_one_sentence(done, "set COURSE_ROOT")


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["search"], ["search", "x", "-k", "many"], ["search", "x", "--method", "magic"]]
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m coursekit" in capsys.readouterr().err


def test_check_env_is_wired(monkeypatch, capsys):
    from coursekit import environment

    monkeypatch.setattr(environment, "CHECKS", (environment.check_python,))
    assert cli.main(["check-env"]) == 0
    assert "1 OK, 0 FAIL" in capsys.readouterr().out


def test_a_reader_that_has_read_enough(folder):
    """`… | head -1` closes the pipe before everything is written."""
    command = [sys.executable, "-m", "coursekit", "search", "tea", "--docs", str(folder), "--method", "bm25"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        said = running.stderr.read()
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert running.returncode == 1
