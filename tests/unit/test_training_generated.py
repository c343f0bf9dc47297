"""The invented worlds that course-lm is trained on: answers follow from their sources, abstentions lack theirs, and wording varies."""

import collections
import itertools
import random
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
import generated
import generated_phrases
import generated_questions
import generated_values
import generated_words
import generated_world

from coursekit.prompts import NO_ANSWER

CITED = re.compile(r"\[(\d)\]")


@pytest.fixture(scope="module")
def drafts():
    return [
        (level, draft)
        for level in (1, 2, 3)
        for draft in itertools.islice(generated.drafts(random.Random(level), level), 4000)
    ]


def plain(text):
    return re.sub(r"\s+", " ", text).lower()


def test_there_is_enough_to_ask():
    domains = generated_phrases.load()
    assert len(domains) >= 25
    assert sum(len(domain.attributes) + len(domain.rules) for domain in domains) >= 250
    for domain in domains:
        assert len(domain.causes) >= 3
        assert domain.conditions
        for attribute in domain.attributes:
            assert len(attribute.states) >= 2
            assert all("{v}" in state and "{P}" in state for state in attribute.states), attribute.label
            assert all("{P}" in text for text in attribute.indirect + attribute.plain), attribute.label
            assert len(attribute.unlike) >= 1
        assert all(item.yes and item.no and item.plain and item.unlike for item in domain.rules)
        assert all(len(item.steps) >= 4 for item in domain.procedures)


def test_each_attribute_is_asked_in_many_ways():
    rng = random.Random(4)
    for _ in range(60):
        world = generated_world.World(rng, 2)
        attribute = rng.choice(world.domain.attributes)
        assert len({generated_questions.ask(world, world.entity, attribute) for _ in range(60)}) >= 12


def test_values_stand_in_the_cited_sources_and_in_the_answer(drafts):
    for _, draft in drafts:
        if draft.kind in ("unanswerable", "closed", "which", "rule"):
            continue
        numbers = [int(number) for number in CITED.findall(draft.answer)]
        assert numbers, draft
        assert {id(draft.passages[number - 1]) for number in numbers} <= {id(item) for item in draft.gold}, draft
        cited = plain(" ".join(draft.passages[number - 1].text for number in numbers))
        for value in draft.values:
            for part in value.rstrip(".").split("; "):
                assert plain(part) in cited, (draft, part)
                assert plain(part) in plain(draft.answer), (draft, part)


def test_each_fact_is_cited_from_the_passage_that_holds_it(drafts):
    for _, draft in drafts:
        if not draft.gold or draft.kind == "which":
            continue
        held = [{at for at, item in enumerate(draft.passages, start=1) if key in item.facts} for key in draft.keys]
        numbers = {int(number) for number in CITED.findall(draft.answer)}
        if draft.kind == "superseded":
            assert len(numbers) == 1
            assert draft.passages[numbers.pop() - 1] is draft.gold[0]
        else:
            assert all(len(places) == 1 for places in held), draft
            assert set().union(*held) == numbers, draft


def test_the_newer_source_holds(drafts):
    found = [draft for _, draft in drafts if draft.kind == "superseded"]
    assert len(found) > 300
    for draft in found:
        years = [
            int(re.search(r"20\d\d", item.heading)[0])
            for item in draft.passages
            if draft.keys[0] in item.facts and re.search(r"20\d\d", item.heading)
        ]
        assert int(re.search(r"20\d\d", draft.gold[0].heading)[0]) == max(years)


def test_abstentions_lack_their_answer(drafts):
    attributes = {
        (domain.name, attribute.label): attribute
        for domain in generated_phrases.load()
        for attribute in domain.attributes
    }
    by_label = collections.defaultdict(list)
    for (_, label), attribute in attributes.items():
        by_label[label].append(attribute)
    found = [draft for _, draft in drafts if draft.kind == "unanswerable"]
    assert 0.09 <= len(found) / len(drafts) <= 0.18
    for draft in found:
        assert draft.answer == NO_ANSWER
        assert draft.passages
        for name, label in draft.keys:
            for item in draft.passages:
                assert (name, label) not in item.facts, draft
                longer = [other for other, *_ in item.facts if other != name and other.startswith(name)]
                text = item.text
                for other in longer:
                    text = text.replace(other, "Sibling")
                for attribute in by_label[label]:
                    for state in attribute.states:
                        pattern = re.escape(state).replace(r"\{P\}", re.escape(f"the {name}")).replace(r"\{v\}", ".+")
                        assert not re.search(pattern, text, re.IGNORECASE), draft
                        assert f"{label} of the {name}:" not in text.lower(), draft


def test_a_near_miss_is_often_at_hand(drafts):
    found = [draft for level, draft in drafts if draft.kind == "unanswerable" and level == 3]
    near = [
        draft
        for draft in found
        if any(key[1] == draft.keys[0][1] for item in draft.passages for key in item.facts)
        or any(key[0] == draft.keys[0][0] for item in draft.passages for key in item.facts)
    ]
    assert len(near) > 0.8 * len(found)


def test_gold_comes_first_or_second_mostly_but_not_always(drafts):
    places = collections.Counter(
        draft.passages.index(draft.gold[0]) for level, draft in drafts if level == 3 and draft.kind in ("one", "table")
    )
    share = (places[0] + places[1]) / sum(places.values())
    assert 0.6 < share < 0.95
    assert places[3] > 5


def test_levels_grow(drafts):
    most = {level: max(len(draft.passages) for at, draft in drafts if at == level) for level in (1, 2, 3)}
    assert most[1] <= 2
    assert 3 <= most[2] <= 5
    assert most[3] == 6 or most[3] == 7
    kinds = {draft.kind for level, draft in drafts if level == 3}
    assert len(kinds) == 12


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_records_are_the_same_for_a_seed(level):
    first = list(itertools.islice(generated.examples(random.Random(3), level), 300))
    assert first == list(itertools.islice(generated.examples(random.Random(3), level), 300))
    assert first != list(itertools.islice(generated.examples(random.Random(4), level), 300))
    assert all(set(item) - {"more"} == {"task", "system", "user", "assistant"} for item in first)
    text = "".join(str(value) for item in first for value in item.values())
    assert not re.search(r"\{[^}]*\}", text)


def test_first_steps_can_be_read_off():
    for item in itertools.islice(generated.examples(random.Random(5), 0), 1000):
        assert CITED.sub("", item["assistant"]).rstrip(". ") in item["user"] + "."


def test_other_questions_are_answered_by_one_source_or_by_none(drafts):
    rng, answered, lacking = random.Random(2), 0, 0
    attributes = {attribute.label for domain in generated_phrases.load() for attribute in domain.attributes}
    for _, draft in drafts[::5]:
        if not draft.passages:
            continue
        for question, answer in generated.more_of(draft, rng):
            assert question != draft.question
            if answer == NO_ANSWER:
                lacking += 1
                continue
            answered += 1
            [number] = CITED.findall(answer)
            passage = draft.passages[int(number) - 1]
            said = plain(CITED.sub("", answer)).rstrip(" .")
            key = next(key for key, fact in passage.facts.items() if plain(fact).rstrip(" .") == said)
            assert sum(key in other.facts for other in draft.passages) == 1, "two sources may disagree"
            if key[1] in attributes:
                assert plain(draft.world.values[key[0], key[1], ""]).rstrip(".") in plain(passage.text)
    assert answered > 4000
    assert 0.02 < lacking / (answered + lacking) < 0.15


def test_wording_varies(drafts):
    level_3 = [draft for level, draft in drafts if level == 3]
    assert len({draft.question for draft in level_3}) > 0.97 * len(level_3)
    openings = collections.Counter(" ".join(draft.answer.split()[:1]) for draft in level_3)
    assert len(openings) > 60


def test_no_forbidden_name_occurs():
    phrases = "".join(path.read_text() for path in generated_phrases.PHRASES.glob("*.txt")).lower()
    names = [generated_words.invented(random.Random(seed)).lower() for seed in range(3000)]
    assert not generated_words.FORBIDDEN & set(names)
    for name in ("larkspur", "tarnbeck", "skerrow", "marlhope", "fennick", "oxbarrow", "wrenfall", "quillmere"):
        assert name in generated_words.FORBIDDEN
        assert name not in phrases


def test_unknown_levels_and_types_are_refused():
    with pytest.raises(ValueError, match="no level 7"):
        next(generated.examples(random.Random(1), 7))
    with pytest.raises(ValueError, match="No value type"):
        generated_values.parse_spec("colour 3")


def test_it_is_fast():
    records = generated.examples(random.Random(6), 3)
    next(records)
    start, answers = time.process_time(), 0
    while answers < 2000:
        answers += 1 + len(next(records).get("more", ()))
    assert time.process_time() - start < 1, "training on a CPU takes about 20 answers a second"
