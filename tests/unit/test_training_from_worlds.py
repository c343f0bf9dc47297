"""Records from the hand-written worlds: variants stay consistent, citations are right, abstentions really lack the answer."""

import dataclasses
import itertools
import random
import re
import sys
import time
from pathlib import Path

import pytest

from coursekit import chunking, prompts

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import from_worlds  # noqa: E402
import swap  # noqa: E402

FEW = ("corvane", "bramwick")  # ranking takes seconds a world


@pytest.fixture(scope="module")
def worlds():
    return swap.load_worlds()


@pytest.fixture(scope="module")
def cases(embedder):
    return list(itertools.islice(from_worlds.cases(random.Random(5), names=FEW), 3000))


def numbers(text):
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", text)


def test_the_world_as_written_comes_back_to_the_letter(worlds):
    for world in worlds:
        variant = swap.Variant(world)
        assert variant.texts == [document.text for document in world.documents]
        assert [item.question for item in variant.items] == [question.question for question in world.questions]
        assert [item.answer for item in variant.items] == [question.answer for question in world.questions]


def test_a_variant_holds_every_quote_once_and_its_aliases_in_evidence_and_answer(worlds):
    for world in worlds:
        for seed in range(2):
            variant = swap.Variant(world, random.Random(seed))
            for item in variant.items:
                asked = world.asked[item.at]
                for (doc, _, _), quote in zip(asked.evidence, item.quotes):
                    assert variant.texts[doc].count(quote) == 1
                for number, group in enumerate(item.groups):
                    assert any(swap.stands_in(alias, item.answer) for alias in group)
                    if not any(where == number for where, _ in asked.derived):
                        assert all(swap.stands_in(alias, "\n".join(item.quotes)) for alias in group)


def test_a_variant_keeps_most_questions_and_changes_names_and_numbers(worlds):
    assert all(share > 0.7 for share in swap.share_kept(worlds, variants=2).values())
    for world in worlds:
        variant = swap.Variant(world, random.Random(1))
        text = "\n".join(variant.texts)
        for name in world.names:
            assert not re.search(rf"\b{name}\b", text), (world.name, name)
        before = {name for question in world.questions for name in question.aliases if numbers(name)}
        after = {alias for item in variant.items for group in item.groups for alias in group}
        assert len(before & after) < 0.5 * len(before)
        assert not swap.FORBIDDEN & set(re.findall("[a-z]+", text.lower()))


@pytest.mark.parametrize("seed", range(20))
def test_numbers_keep_their_order_digits_and_decimals(seed):
    values = set(re.findall(r"\S+", "4 9 12 99 100 250 999 1250 2.5 8 8.5 8.25 12.60 33.00 0.4 0.15 0.40"))
    new = swap.fill_numbers(random.Random(seed), values)
    order = sorted(values, key=float)
    assert all((float(new[a]) < float(new[b])) == (float(a) < float(b)) for a, b in zip(order, order[1:]))
    for value in values:
        assert len(new[value].partition(".")[2]) == len(value.partition(".")[2])
        if float(value) >= 100:
            assert len(new[value]) == len(value)
    assert new["33.00"].endswith(".00")


def test_times_keep_their_order_and_codes_their_shape():
    rng = random.Random(1)
    times = swap.fill_times(rng, {"08:30", "9:00", "17:00", "23:55"})
    minutes = [swap._minutes(times[time]) for time in ("08:30", "9:00", "17:00", "23:55")]
    assert minutes == sorted(set(minutes))
    assert minutes[-1] < 1440
    codes = swap.fill_codes(rng, {"E04", "E12", "G40", "G40S", "PB-36"})
    assert re.fullmatch(r"[A-Z]\d\d", codes["E04"])
    assert codes["G40S"] == codes["G40"] + "S"
    assert re.fullmatch(r"[A-Z]{2}-\d\d", codes["PB-36"])
    assert len(set(codes.values())) == 5


@pytest.mark.parametrize(
    ("text", "moving"),
    [
        ("It holds 12 litres in 2024.", ["12"]),
        ("1. Wait 5 minutes.", ["5"]),
        ("2.4 Pay 9.50 pounds.", ["9.50"]),
        ("Open from 08:30 on 5 May, up to 3 guests, 2nd floor, 40mm.", ["08:30", "5"]),
        ("Code E04, sealed to IP67, at 100 percent.", ["E04"]),
        ("An 8 mm pipe", ["8"]),
    ],
)
def test_what_moves(worlds, text, moving):
    world = next(world for world in worlds if world.name == "corvane")
    assert [key[-1] for key in world.read(text, True).slots] == moving


def test_an_article_fits_the_new_number():
    assert [swap.article("a", number) for number in ("8", "11", "18", "80", "110", "5", "1,800")] == [
        *("an", "an", "an", "an", "a", "a", "a")
    ]


def test_citations_name_the_sources_that_hold_the_evidence(cases):
    seen = 0
    for case in cases:
        if not case.sentences or case.kind in ("steps", "two_fact"):
            continue
        found = {number for _, numbers in case.sentences for number in numbers}
        text = "\n".join(case.sources[number - 1].text for number in found)
        for quote in case.item.quotes:  # a long quote may reach over two passages
            parts = parts_of(quote, case.cut)
            whole = [number for number in found if all(part in case.sources[number - 1].text for part in parts)]
            assert whole or len(found) > 1
            assert all(part in text for part in parts)
        for number in range(1, min(found)):  # the first of those that hold it
            assert not all(quote.strip() in case.sources[number - 1].text for quote in case.item.quotes)
        seen += 1
    assert seen > 1000


def test_two_facts_are_cited_each_at_its_own_sentence_or_both_at_the_end(cases):
    for case in cases:
        if case.sentences and case.kind == "two_fact":
            cited = [set(numbers) for _, numbers in case.sentences]
            text = "\n".join(case.sources[number - 1].text for number in set.union(*cited))
            for quote in case.item.quotes:
                assert all(part in text for part in parts_of(quote, case.cut)), (case, text)
            for (sentence, marks), place in zip(case.sentences, range(len(cited))):
                if len(marks) == 1 and len(set.union(*cited)) == 2:
                    own = case.sources[marks[0] - 1].text
                    held = swap.spelled(sentence) | set(numbers(sentence))
                    assert not held or any(value in own for value in held), (place, case.answer)


def test_evidence_that_can_stand_alone_is_the_answer(cases):
    answered = [case for case in cases if case.sentences and not case.item.quotes[0].lstrip().startswith("|")]
    copied = [case for case in answered if from_worlds.quoted(case.item, ())]
    assert 0.5 < len(copied) / len(answered) < 0.9
    for case in copied:
        for (text, _), quote in zip(case.sentences, case.item.quotes, strict=True):
            assert text.strip().rstrip(".") in quote, "word for word, but for a list's sign and the full stop"
        for group in case.item.groups:
            assert any(swap.stands_in(alias, case.answer) for alias in group)


def test_a_row_that_answers_is_told_in_the_words_of_its_table(cases):
    rows = [
        case for case in cases
        if case.sentences and case.item.quotes[0].lstrip().startswith("|") and not from_worlds.in_rows(case.cut)
    ]  # fmt: skip
    told = [case for case in rows if case.answer.split(" [")[0].rstrip(".") != case.item.answer.rstrip(".")]
    assert len(told) > 0.6 * len(rows) > 20
    for case in told:
        assert "|" not in case.answer
        source = case.sources[case.sentences[0][1][0] - 1].text
        cells = chunking.cells_of(case.item.quotes[0])
        text = case.sentences[0][0]
        assert text.startswith(f"{cells[0]}, ")
        heads = [chunking.cells_of(line) for line in source.splitlines() if line.startswith("|")]
        assert any(text.startswith(f"{cells[0]}, {name}: ") for head in heads for name in head), (text, source)
        for group in case.item.groups:
            assert any(swap.stands_in(alias, case.answer) for alias in group), case.answer


def test_a_row_that_is_a_source_is_repeated_whole(cases):
    rows = [
        case for case in cases
        if case.sentences and len(case.item.quotes) == 1 and case.item.quotes[0].startswith("|") and from_worlds.in_rows(case.cut)
    ]  # fmt: skip
    copied = [case for case in rows if bare(case.answer) == case.sources[case.sentences[0][1][0] - 1].text]
    assert len(copied) > 0.8 * len(rows) > 20, (len(copied), len(rows))


def bare(answer):
    return re.sub(r" \[\d\]", "", answer)


def parts_of(quote, cut):
    """What must stand in a source that holds a quote: its sentences, or the cells of its rows where these are sources of their own."""
    lines = [line for line in quote.splitlines() if not re.fullmatch(r"[| :-]+", line)]
    if from_worlds.in_rows(cut) and quote.lstrip().startswith("|"):
        return [cell.rstrip(".") for line in lines for cell in chunking.cells_of(line)]
    return [part.strip() for line in quote.splitlines() for part in from_worlds.sentences_of(line)]


def test_a_row_by_hand():
    text = "# Courses\n\n| Course | Length | Fee |\n|---|---|---|\n| T1 | one day | EUR 120 |\n| T2 | two days | EUR 340. |\n\nMore."
    item = swap.Item(0, "q?", "Course T2 costs EUR 340.", (("EUR 340",),), ("| T2 | two days | EUR 340. |",))
    assert from_worlds.quoted(item, [text]) == ["T2, Fee: EUR 340."]
    both = dataclasses.replace(item, groups=(("EUR 340",), ("two days",)))
    assert from_worlds.quoted(both, [text]) == ["T2, Fee: EUR 340, Length: two days."]
    named = dataclasses.replace(item, groups=(("T2",),))
    assert from_worlds.quoted(named, [text]) is None, "the question asks for the row's name: its cells do not answer"
    assert from_worlds.quoted(item, ["no table"]) is None
    assert from_worlds.quoted(item, [text], rows=True) == ["Course: T2, Length: two days, Fee: EUR 340."]
    listed = dataclasses.replace(item, quotes=("- Fee: EUR 340",))
    assert from_worlds.quoted(listed, []) == ["Fee: EUR 340."]


def test_abstentions_lack_the_answer_and_are_frequent_enough(cases):
    lacking = [case for case in cases if not case.sentences and case.item.answer]
    assert len(lacking) > 0.02 * len(cases)
    for case in lacking:
        assert case.answer == prompts.NO_ANSWER
        assert case.kind != "superseded"
        text = "\n".join(f"{source.heading}\n{source.text}" for source in case.sources)
        assert not any(swap.stands_in(alias, text) for group in case.item.groups for alias in group)
        assert not any(quote in text for quote in case.item.quotes)
    assert 0.1 < sum(not case.sentences for case in cases) / len(cases) < 0.3


def test_there_are_one_to_six_short_sources_and_the_evidence_stands_at_every_rank(cases):
    assert {len(case.sources) for case in cases} == set(range(1, 7))
    assert all(sum(len(source.text) for source in case.sources) <= from_worlds.LONGEST for case in cases)
    assert {number for case in cases for _, marks in case.sentences for number in marks} == set(range(1, 7))
    assert all(source.text and not source.text.startswith("#") for case in cases for source in case.sources)


def test_a_citation_stands_before_the_full_stop():
    assert from_worlds.cited("It holds 2 litres. ", (3,)) == "It holds 2 litres [3]. "
    assert from_worlds.cited("Wait", (1, 2)) == "Wait [1][2]"


def test_needs_are_the_fewest_passages_that_hold_the_evidence():
    spans = [(0, 0, 10), (0, 10, 20), (0, 5, 15), (1, 0, 50)]
    assert from_worlds.needs_of([(0, 6, 9)], spans) == [(0, frozenset({0, 2}))]
    assert from_worlds.needs_of([(0, 2, 18)], spans) == [(0, frozenset({0})), (0, frozenset({1}))]
    assert from_worlds.needs_of([(0, 2, 30)], spans) == []


def test_missing_evidence_takes_a_late_place_and_present_evidence_its_own():
    needs = [(0, frozenset({9}))]
    for seed in range(20):
        chosen = from_worlds.with_gold(random.Random(seed), [1, 2, 3, 4, 9], 4, needs)
        assert len(chosen) == 4
        assert chosen.index(9) >= 2
        assert [at for at in chosen if at != 9] == [1, 2, 3]
    assert from_worlds.with_gold(random.Random(1), [1, 9, 3], 3, needs) == [1, 9, 3]


def test_the_same_seed_gives_the_same_records_and_they_vary(embedder):
    def some(seed):
        return list(itertools.islice(from_worlds.examples(random.Random(seed), names=FEW), 400))

    first = some(1)
    assert first == some(1)
    assert first != some(2)
    assert all(set(record) - {"more"} == {"task", "system", "user", "assistant"} for record in first)
    assert len({record["user"].rsplit("Question: ", 1)[1] for record in first}) > 200
    assert len({re.sub(r" \[.*?\]", "", record["assistant"]) for record in first}) > 150
    assert any(record["system"] == prompts.CLOSED_BOOK and "[" not in record["assistant"] for record in first)


def test_some_records_ask_for_the_numbers_of_the_sources_alone(embedder):
    records = list(itertools.islice(from_worlds.examples(random.Random(4), names=FEW), 400))
    pointed = [record for record in records if record["system"].startswith(from_worlds.POINTERS)]
    assert 30 < len(pointed) < 90
    assert {bool(re.fullmatch(r"(\[\d\])+", record["assistant"])) for record in pointed} == {True, False}
    for record in pointed:
        for answer in (record["assistant"], *(answer for _, answer in record.get("more", ()))):
            assert re.fullmatch(r"(\[\d\])+", answer) or answer == prompts.NO_ANSWER


def test_other_questions_are_answered_by_the_same_sources_or_lack_their_answer(embedder):
    answered = lacking = 0
    rng = random.Random(8)
    for shelf, case in itertools.islice(from_worlds.drawn(rng, "train", FEW), 300):
        others = from_worlds.more_of(rng, shelf, case)
        assert len(others) <= from_worlds.MORE
        for other in others:
            assert other.sources == case.sources
            assert other.question != case.question
            if other.sentences:
                answered += 1
                cited = {number for _, numbers in other.sentences for number in numbers}
                text = "\n".join(case.sources[number - 1].text for number in cited)
                for quote in other.item.quotes:
                    assert all(part in text for part in parts_of(quote, case.cut))
            else:
                lacking += 1
                if other.item.quotes:
                    assert from_worlds.lacks(other.sources, other.item)
    assert answered > 600
    assert 20 < lacking < answered / 3


def test_held_out_worlds_stay_out():
    names = {path.name for path in swap.WORLDS.iterdir()}
    assert set(from_worlds.VALIDATION) <= names
    assert from_worlds.materials("train", from_worlds.VALIDATION) == ()
    assert from_worlds.materials("valid", FEW) == ()


def test_records_come_fast(embedder):
    stream = from_worlds.examples(random.Random(1), names=FEW)
    next(stream)
    begun, answers = time.process_time(), 0
    while answers < 2000:
        answers += 1 + len(next(stream).get("more", ()))
    assert time.process_time() - begun < 2, "training on a CPU takes about 20 answers a second"
