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
import form_checks
import form_facts
import form_table
import forms
import packing

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
    assert len({one["system"] for one in drawn}) > 2000


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


def several():
    """A record with further questions about its sources: one answered, one of which no sentence says it, one without an answer."""
    asked = {
        "What does a green lamp show?": "A green lamp shows that the Velt 20 is ready [1].",
        "Is it good?": "Nobody knows for certain whether that is so [2].",
        "What does the Velt 30 weigh?": NO_ANSWER,
    }
    return record() | {"more": [(user_turn(question, SOURCES), answer) for question, answer in asked.items()]}


def answers(made):
    return [made["assistant"], *(answer for _, answer in made.get("more", ()))]


@pytest.mark.parametrize("name", form_table.FORMS)
def test_further_questions_are_answered_in_the_same_form(name):
    for seed in range(20):
        whole = several()
        made = forms.reform(whole, random.Random(seed), only=[name])
        users = [made["user"], *(user for user, _ in made["more"])]
        assert set(users) <= {whole["user"], *(user for user, _ in whole["more"])}, (
            "instructions stand in the system prompt"
        )
        shared = users[0][: users[0].rindex(packing.ASKS)]
        assert all(user.startswith(shared + packing.ASKS) for user in users)
        assert any(NO_ANSWER in answer for answer in answers(made))


def test_a_further_question_that_does_not_fit_is_left_out():
    made = forms.reform(several(), random.Random(1), only=["quote"])
    assert answers(made) == [
        '"One charge of the Velt 30 lasts 36 hours." [2]',
        '"A green lamp shows that the Velt 20 is ready." [1]',
        NO_ANSWER,
    ]
    for seed in range(30):
        made = forms.reform(several(), random.Random(seed), only=["word limit"])
        limit = int(re.search(r"(\d+) (?:words|is the limit)", made["system"])[1])
        assert all(len(form_facts.bare(answer).split()) <= limit for answer in answers(made))


def test_a_first_line_with_a_name_holds_the_fixed_sentence_and_no_list_follows():
    made = forms.reform(several(), random.Random(2), only=["named lead", "bullets", "label line"])
    found, *_, lacking = answers(made)
    first, point, advice = found.split("\n")
    assert re.match(r"Velt 30: \S", first)
    assert point.endswith("The battery of the Velt 30 lasts 36 hours [2].")
    assert re.fullmatch(rf"Velt [23]0: {re.escape(NO_ANSWER)}\n{re.escape(advice)}", lacking)


def test_records_with_numbers_alone_come_back_unchanged():
    pointed = record("[2]") | {"more": [(user_turn("What does it weigh?", SOURCES), NO_ANSWER)]}
    assert forms.reform(pointed, random.Random(1)) == pointed


@pytest.fixture(scope="module")
def drawn():
    return [forms.reform(several(), random.Random(seed)) for seed in range(1500)]


def test_most_records_ask_for_one_form_and_an_eighth_for_house_rules(drawn):
    asked = [one["task"].removeprefix("form ").replace("by example + ", "").split(" + ") for one in drawn]
    house = [one for one in asked if one[0] == "house rules"]
    assert 0.09 < len(house) / len(asked) < 0.15
    assert all(4 <= len(one) <= 5 for one in house)
    assert 0.58 < sum(len(one) == 1 for one in asked) / len(asked) < 0.76
    single = collections.Counter(one[0] for one in asked if len(one) == 1)
    common = [single[name] for name in forms.COMMON]
    other = [
        count for name, count in single.items() if name not in forms.COMMON and form_table.FORMS[name].group != "style"
    ]
    assert sum(common) / len(common) > 1.5 * sum(other) / len(other)


def test_house_rules_are_four_to_seven():
    """Three or four forms, one or two rules that change nothing, and what to say where the sources lack the answer."""
    counts = collections.Counter()
    for seed in range(200):
        for asked, wanted in ((several(), {5, 6, 7}), (record(), {4, 5, 6, 7})):
            rng, turns = random.Random(seed), forms.turns_of(asked)
            choices = forms.house_choices(rng, turns[0][1])
            if "sign-off" not in dict(choices):  # its rule may have two lines
                head, *rules = filter(None, forms.house_rules(rng, choices, turns, "train").split("\n"))
                assert len(rules) in wanted, (head, rules)
                counts[len(rules)] += 1
    assert set(counts) == {4, 5, 6, 7}


def test_house_rules_keep_their_words_and_change_nothing_else(drawn):
    for made in (one for one in drawn if one["task"].startswith("form house rules")):
        for answer in answers(made):
            assert answer.count(NO_ANSWER) <= 1
            if "named lead" in made["task"]:
                assert re.match(r"Velt [23]0: \S", answer)
            if "closing line" in made["task"]:
                assert answer.split("\n")[-1] in made["system"]
        banned = re.findall(r"(?:words: |say |avoid: |Avoid: |use |such as )([a-z, -]+)\.", made["system"])
        words = {word for found in banned for word in found.split(", ") if word in forms.BANNED}
        assert not words & set(" ".join(answers(made)).lower().split())
        if NO_ANSWER in "".join(answers(made)):
            assert made["system"].count(NO_ANSWER) >= 2


def test_labels_are_often_shown_by_examples_alone():
    made = [forms.reform(several(), random.Random(seed), only=["two parts"]) for seed in range(400)]
    shown = [one for one in made if "by example" in one["task"]]
    assert 0.2 < len(shown) / len(made) < 0.4
    assert sum("Velt 30 > Battery" in one["assistant"] for one in shown) / len(shown) > 0.75
    for one in shown:
        first, second = (line.partition(": ")[0] for line in one["assistant"].split("\n"))
        assert f"{first}: " in one["system"]
        assert f"\n{second}: " in one["system"]


def test_the_words_of_the_form_requests_are_never_shown():
    literals = [
        "In short: ",
        "Where: ",
        "From the handbook:",
        "Happy to help with anything else.",
        "Orrin",
        "form of these examples",
    ]
    literals += [request.instruction for request in form_checks.REQUESTS]
    literals += ["Next step", "Larkspur"]
    for split in ("train", "valid"):
        for one, _ in zip(forms.examples(random.Random(4), split=split), range(3000)):
            text = "\n".join([one["system"], one["user"], *answers(one)])
            assert not [literal for literal in literals if literal in text]
