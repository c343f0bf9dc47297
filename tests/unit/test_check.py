"""Check cells: friendly in a lesson, strict under grading, and honest about what has passed."""

import os
import subprocess
import sys

import pytest

from coursekit.check import Message, check, hint, passed, strict, yours


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    """As in a learner's notebook, whatever runs these tests."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.delenv("COURSEKIT_STRICT", raising=False)


def run(exercise, test):
    """A check cell whose body is `test`."""
    with check(exercise):
        test()


def fail(message="Is `start` 0?"):
    """A body that fails as an assert does."""
    raise AssertionError(message)


def test_a_pass_is_shown_and_kept(capsys):
    assert not passed("t.1")
    run("t.1", lambda: None)
    assert passed("t.1")
    assert capsys.readouterr().out == "Check t.1: passed.\n"


def test_a_failure_shows_its_hint_and_goes_on(capsys):
    run("t.2", fail)
    assert not passed("t.2")
    assert capsys.readouterr().out == "Check t.2: not yet. Is `start` 0?\n"


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "COURSEKIT_STRICT"])
def test_strict_raises_the_very_error(monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    assert strict()
    with pytest.raises(AssertionError, match=r"^Is `start` 0"):
        run("t.3", fail)
    with pytest.raises(ZeroDivisionError):
        run("t.3", lambda: 1 / 0)
    assert not passed("t.3")
    run("t.3", lambda: None)
    assert passed("t.3")


def test_not_strict_without_the_variables():
    assert not strict()


def test_a_later_failure_withdraws_the_pass():
    run("t.4", lambda: None)
    assert passed("t.4")
    run("t.4", fail)
    assert not passed("t.4")


def test_a_strict_failure_withdraws_the_pass(monkeypatch):
    run("t.5", lambda: None)
    monkeypatch.setenv("COURSEKIT_STRICT", "1")
    with pytest.raises(AssertionError):
        run("t.5", fail)
    assert not passed("t.5")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_swallowed(kind):
    def stop():
        raise kind

    with pytest.raises(kind):
        run("t.6", stop)
    assert not passed("t.6")


def error_of(code):
    """The exception that a piece of code raises."""
    try:
        exec(code, {})
    except Exception as error:
        return error
    raise RuntimeError("the code should fail")


def test_hints():
    assert hint(AssertionError("Look at the end.")) == "Look at the end."
    assert "compare your result" in hint(AssertionError())
    assert hint(error_of("chunks")) == "name 'chunks' is not defined. Run the exercise's cell first, then this one."
    for code in ("len(None)", "(lambda x: x[0])(None)", "for x in None: pass", "None + 1", "len(...)", "... + 1"):
        assert hint(error_of(code)).startswith("Is there still a `...` to replace, or a `return` missing?"), code
    assert hint(error_of("1 / 0")) == "Your code stopped with ZeroDivisionError: division by zero"
    assert hint(error_of("[][3]")).startswith("Your code stopped with IndexError: list index out of range. What should")


def test_yours_once_the_check_has_passed(capsys):
    def mine():
        return "mine"

    def kit():
        return "kit"

    assert yours("t.7", mine, kit) is kit
    assert capsys.readouterr().out == "Using the kit's kit until check t.7 passes.\n"
    run("t.7", lambda: None)
    assert yours("t.7", mine, kit) is mine
    run("t.7", fail)
    assert yours("t.7", mine, kit) is kit


def test_message_is_escaped_in_html_and_plain_elsewhere():
    message = Message("a < b & `c`", "#123456")
    assert repr(message) == "a < b & `c`"
    assert "a &lt; b &amp; `c`" in message._repr_html_()
    assert 'role="status"' in message._repr_html_()


def test_in_a_notebook_the_message_is_displayed():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\n"
        "shell = InteractiveShell.instance()\n"
        "with capture_output() as seen:\n"
        '    shell.run_cell(\'from coursekit.check import check\\nwith check("9.9"):\\n    assert False, "a < b"\\nprint(1)\')\n'
        "assert 'Check 9.9: not yet. a &lt; b' in seen.outputs[0].data['text/html'], seen.outputs\n"
        "assert seen.stdout.endswith('1\\n'), seen.stdout\n"
    )
    settings = {key: text for key, text in os.environ.items() if key not in ("COURSEKIT_STRICT", "NBGRADER_EXECUTION")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=settings)
    assert done.returncode == 0, done.stderr
