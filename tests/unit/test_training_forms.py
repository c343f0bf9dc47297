"""Records about form: the instruction is there, the answer follows it, and validation wordings stay out of training."""

import collections
import json
import random
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
import form_facts
import form_table
import forms

from coursekit.prompts import GROUNDED, NO_ANSWER, Source, user_turn

SOURCES = [
    Source("Velt 20 > Lamps", "A green lamp shows that the Velt 20 is ready."),
    Source("Velt 30 > Battery", "One charge of the Velt 30 lasts 36 hours. Keep it dry. Charge it indoors."),
]


def record(answer="The battery of the Velt 30 lasts 36 hours [2].", question="How long does the Velt 30 last?"):
    return {
        "task": "t",
        "system": GROUNDED,
        "user": user_turn(question, SOURCES),
        "assistant": answer,
    }


def reformed(name, answer="The battery of the Velt 30 lasts 36 hours [2].", seed=3, **settings):
    return forms.reform(record(answer), random.Random(seed), only=[name], **settings)["assistant"]


def test_a_stream_repeats_with_its_seed_and_is_fast():
    first, second = (forms.examples(random.Random(5)) for _ in range(2))
    started = time.perf_counter()
    drawn = [next(first) for _ in range(3000)]
    assert time.perf_counter() - started < 3
    assert drawn == [next(second) for _ in range(3000)]
    tally = collections.Counter(name for one in drawn for name in one["task"].removeprefix("form ").split(" + "))
    assert set(form_table.FORMS) <= set(tally)
    assert len({one["system"] for one in drawn}) > 2500


def test_forms_are_many_and_worded_in_many_ways():
    assert len(form_table.FORMS) >= 16
    for name, form in form_table.FORMS.items():
        training = [wording for other, wording in form_table.TRAINING_WORDINGS if other == name]
        assert len(set(training)) >= 10
        assert len(set(form.wordings)) == len(form.wordings)
    share = len(form_table.VALIDATION_WORDINGS) / (
        len(form_table.VALIDATION_WORDINGS) + len(form_table.TRAINING_WORDINGS)
    )
    assert 0.2 <= share <= 0.25


def test_validation_wordings_never_reach_training():
    fixed = [wording for _, wording in form_table.VALIDATION_WORDINGS if "{" not in wording]
    seen = "\n".join(one["system"] + one["user"] for one, _ in zip(forms.examples(random.Random(1)), range(4000)))
    assert not [wording for wording in fixed if wording in seen]
    stream = forms.examples(random.Random(1), split="valid")
    other = "\n".join(one["system"] + one["user"] for one, _ in zip(stream, range(4000)))
    assert [wording for wording in fixed if wording in other] == fixed


def test_shapes():
    answer = "The battery of the Velt 30 lasts 36 hours [2]."
    assert reformed("steps") == f"1. {answer}"
    assert reformed("bullets").endswith(f" {answer}")
    assert reformed("quote") == '"One charge of the Velt 30 lasts 36 hours." [2]'
    assert re.fullmatch(
        rf'{re.escape(answer)}\n[^\n]+: "One charge of the Velt 30 lasts 36 hours\." \[2\]',
        reformed("answer then reason"),
    )
    assert re.fullmatch(r"<(\w+)>The battery .* \[2\]\.</\1>", reformed("tag"))
    assert reformed("question first") == f"How long does the Velt 30 last?\n{answer}"
    assert (
        reformed("one sentence", "It lasts 36 hours [2]. The lamp is green [1].")
        == "It lasts 36 hours [2]; the lamp is green [1]."
    )
    found = forms.reform(
        record("Open the lid, then press the key, and then wait 36 seconds [2]."), random.Random(1), only=["steps"]
    )
    assert found["assistant"] == "1. Open the lid [2].\n2. Press the key [2].\n3. Wait 36 seconds [2]."


def test_a_list_of_orders_becomes_steps_where_the_question_asks_how():
    asked = record("Open the lid, press the key, and wait 36 seconds [2].", "How do I reset it?")
    made = forms.reform(asked, random.Random(1), only=["steps"])["assistant"]
    assert made == "1. Open the lid [2].\n2. Press the key [2].\n3. Wait 36 seconds [2]."


def test_yes_and_no_do_not_stand_behind_a_source():
    assert not form_table.FORMS["according"].fits(form_facts.fact_of(record("No, keep it dry [2].")))


def test_styles_leave_citations_alone():
    assert reformed("capitals") == "THE BATTERY OF THE VELT 30 LASTS 36 HOURS [2]."
    assert reformed("bold numbers") == "The battery of the Velt **30** lasts **36** hours [2]."
    assert reformed("product in capitals") == "The battery of the VELT 30 lasts 36 hours [2]."
    assert re.search(r"\[2\].*the battery of the Velt 30 lasts 36 hours\.$", reformed("according"))


@pytest.mark.parametrize("seed", range(40))
def test_json_holds_the_keys_that_were_asked_for(seed):
    made = forms.reform(record(), random.Random(seed), only=["json"])
    data = json.loads(made["assistant"])
    assert "The battery of the Velt 30 lasts 36 hours [2]." in data.values()
    for key in data:
        assert f'"{key}"' in made["system"] + made["user"]


def test_frames_stand_in_the_prompt_letter_for_letter():
    for seed in range(60):
        made = forms.reform(record(), random.Random(seed), only=["lead line", "closing line"])
        first, middle, last = made["assistant"].split("\n")
        assert middle == "The battery of the Velt 30 lasts 36 hours [2]."
        prompt = made["system"] + made["user"]
        assert first in prompt
        assert last in prompt


def test_words_are_within_the_limit():
    for seed in range(60):
        made = forms.reform(
            record("It lasts 36 hours [2]. The lamp of it is green when it is ready [1]."),
            random.Random(seed),
            only=["word limit"],
        )
        limit = min(int(n) for n in re.findall(r"(\d+) words", (made["system"] + made["user"]).replace("Velt", "")))
        assert len(re.sub(r"\[\d\]", "", made["assistant"]).split()) <= limit


@pytest.mark.parametrize("name", form_table.FORMS)
def test_an_abstention_keeps_the_fixed_sentence_and_cites_nothing(name):
    for seed in range(20):
        text = reformed(name, NO_ANSWER, seed)
        assert text.count(NO_ANSWER) == 1
        assert not re.search(r"\[\d+\]", text)
    if name == "json":
        assert NO_ANSWER in json.loads(text).values()


def test_about_a_third_has_worked_examples():
    made = [forms.reform(record(), random.Random(seed), only=["tag"]) for seed in range(600)]
    assert (
        0.25
        < sum(one["system"].count("The battery") + len(re.findall(r"</\w+>", one["system"])) > 1 for one in made) / 600
        < 0.75
    )


def test_other_records_come_back_unchanged():
    other = {"task": "text", "system": "", "user": "", "assistant": "Some text."}
    assert forms.reform(other, random.Random(1)) == other
    assert forms.reform(record("No citation."), random.Random(1)) == record("No citation.")


def test_a_quote_is_left_out_where_two_sentences_would_do():
    two = Source("A", "The lamp is green at night. The lamp is green at noon.")
    assert form_facts.quote_for("The lamp is green [1].", two) == ""
