"""The checks of the form requests: what follows and what does not, for each of the eight."""

import sys
from pathlib import Path

import pytest

from coursekit.prompts import GROUNDED, NO_ANSWER, Source

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import form_checks  # noqa: E402
import form_table  # noqa: E402

SOURCES = [Source("Velt 30 > Battery", "One charge of the Velt 30 lasts 36 hours. Keep it dry.")]
FACT = "The Velt 30 runs for 36 hours [1]."
FOLLOW = {
    "one sentence": [FACT],
    "steps": [f"1. {FACT}", "1. Charge it.\n2. Wait [1]."],
    "bullets": [f"- {FACT}", f"- {FACT}\n- Keep it dry [1]."],
    "quote": ['"One charge of the Velt 30 lasts 36 hours." [1]', "“Keep it dry.” [1]"],
    "lead line": [f"From the handbook:\n{FACT}"],
    "closing line": [f"{FACT}\nHappy to help with anything else."],
    "JSON": ['{"answer": "36 hours", "source": 1}'],
    "examples": [f"In short: {FACT}\nWhere: Velt 30 > Battery"],
}
DO_NOT = {
    "one sentence": [f"{FACT} Keep it dry [1].", f"{FACT}\n{FACT}"],
    "steps": [FACT, f"{FACT}\n1. Wait [1].", "2. Wait [1]."],
    "bullets": [FACT, f"Here it is:\n- {FACT}", "-"],
    "quote": [FACT, '"It lasts long and well." [1]', '"36 hours" [1]'],
    "lead line": [FACT, "From the handbook:", f"From the handbook: {FACT}"],
    "closing line": [FACT, "Happy to help with anything else.", f"Happy to help with anything else.\n{FACT}"],
    "JSON": [FACT, '{"answer": "36 hours"}', '["answer", "source"]', '{"answer": "36", "source": 1} [1]'],
    "examples": [FACT, f"In short: {FACT}", "In short:\nWhere: there"],
}


@pytest.mark.parametrize("request_", form_checks.REQUESTS, ids=lambda request: request.name)
def test_a_check_tells_what_follows(request_):
    assert all(form_checks.follows(request_, text, SOURCES) for text in FOLLOW[request_.name])
    assert not any(form_checks.follows(request_, text, SOURCES) for text in DO_NOT[request_.name])
    assert not form_checks.follows(request_, NO_ANSWER, SOURCES), "an abstention follows no form"
    assert not form_checks.follows(request_, " ", SOURCES)


def test_there_are_eight_requests_none_of_them_worded_as_in_training():
    assert len(form_checks.REQUESTS) == 8
    known = {wording for form in form_table.FORMS.values() for wording in form.wordings}
    for request in form_checks.REQUESTS:
        assert request.instruction not in known
        assert request.system.startswith(GROUNDED)
