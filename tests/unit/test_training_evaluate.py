"""The table of what course-lm was meant to do: bars are compared rightly, and the one command fills it through the real server."""

import json
import math
import sys
from pathlib import Path

import pytest

from coursekit import prompts

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import evaluate  # noqa: E402


def test_a_line_says_whether_its_bar_is_met():
    assert evaluate.at_least("accuracy", 0.85, 0.85).met
    assert not evaluate.at_least("accuracy", 0.85, 0.849).met
    assert evaluate.at_most("memory", 1000, 1000).met
    assert not evaluate.at_most("memory", 1000, 1000.5).met
    for made in (evaluate.at_least, evaluate.at_most):
        assert not made("citation precision", 0.95, math.nan).met, "what could not be measured is not met"
    line = evaluate.at_least("accuracy", 0.65, 0.5, (0.4, 0.6))
    assert line.cells() == ["accuracy", "≥ 0.65", "0.50 [0.40, 0.60]", "no"]
    assert evaluate.at_most("loaded in", 3, 0.123, unit=" s").cells() == ["loaded in", "≤ 3 s", "0.12 s", "yes"]
    table = evaluate.table([line]).splitlines()
    assert table == ["| what | bar | measured | met |", "| --- | --- | --- | --- |",
                     "| accuracy | ≥ 0.65 | 0.50 [0.40, 0.60] | no |"]  # fmt: skip


def test_a_share_of_citations_is_one_of_sums():
    import pandas as pd

    rows = pd.DataFrame({"right_citations": [1, 0, 2], "citations": [1, 1, 4], "right": [True, False, True]})
    assert evaluate.share(rows, "right_citations", "citations")[0] == 0.5
    assert evaluate.share(rows, "right")[0] == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """One small round on the real model: a few questions of each kind."""
    out = tmp_path_factory.mktemp("evaluate") / "figures.json"
    with pytest.MonkeyPatch.context() as patch:
        for name, few in {"FORM_QUESTIONS": 1, "PLACE_QUESTIONS": 2, "TIMED": 4}.items():
            patch.setattr(evaluate, name, few)
        evaluate.main(["--split", "dev", "--limit", "12", "--out", str(out)])
    return json.loads(out.read_text(encoding="utf-8"))


def test_one_command_fills_the_table(filled):
    whats = [line["what"] for line in filled["table"]]
    assert len(whats) == len(set(whats)) == 16
    by_what = {line["what"]: line for line in filled["table"]}
    assert 8 <= by_what["parameters, millions"]["value"] <= 20
    for what in ("folder in half precision", "largest file", "loaded in", "memory of the server"):
        assert by_what[what]["met"], by_what[what]
    assert 500 < by_what["sources, style prompt, 160 tokens of answer"]["value"] <= evaluate.WINDOW
    assert set(filled["forms"]) == {request.name for request in evaluate.form_checks.REQUESTS}
    assert [row["place"] for row in filled["places"]] == ["first", "middle", "last"]
    assert filled["questions"] == 12
    assert len(filled["samples"]) == 10
    assert {"date", "device", "command"} <= set(filled)
    assert "--split dev --limit 12" in filled["command"]


def test_the_samples_are_judged_as_the_report_judges(filled):
    for row in filled["samples"]:
        if not row["answerable"]:
            assert row["right"] == (row["text"].startswith(prompts.NO_ANSWER[:-1]))
        assert (row["cause"] == "") == row["right"]
