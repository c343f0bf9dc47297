"""The form in which the language model is asked."""

import pytest

from coursekit import prompts
from coursekit.chunking import Chunk
from coursekit.errors import CourseError
from coursekit.index import Hit

TEXT = "## Charging\n\nIt runs for 36 hours.\n\n```\n# a comment, no heading\n```\n"
HIT = Hit(Chunk("manual", 0, len(TEXT), TEXT, ("Manual", "Charging"), 20), 0.9, 1)


def test_sources_leave_the_heading_line_out_and_keep_code():
    source = prompts.sources_of([HIT])[0]
    assert source.heading == "Manual > Charging"
    assert source.text == "It runs for 36 hours.\n\n```\n# a comment, no heading\n```"


def test_a_row_of_a_table_is_a_source_with_the_names_of_its_columns():
    row = Chunk("fees", 0, 11, "| A | 9 |\n", ("Fees",), 5, reading="Plan: A, Fee: 9.")
    assert prompts.sources_of([Hit(row, 0.9, 1)]) == [prompts.Source("Fees", "Plan: A, Fee: 9.")]


def test_sources_are_numbered_from_one_in_order():
    sources = [prompts.Source("A > B", "One."), prompts.Source("C", "Two.")]
    assert prompts.numbered(sources) == "[1] A > B\nOne.\n\n[2] C\nTwo."


def test_messages_with_and_without_sources():
    system, user = prompts.messages(" How long? ", [prompts.Source("A", "One.")])
    assert system == {"role": "system", "content": prompts.GROUNDED}
    assert prompts.NO_ANSWER in prompts.GROUNDED
    assert user["content"] == "[1] A\nOne.\n\nQuestion: How long?"
    system, user = prompts.messages("How long?")
    assert system["content"] == prompts.CLOSED_BOOK
    assert user["content"] == "Question: How long?"
    assert prompts.messages("How long?", system="Be brief.")[0]["content"] == "Be brief."


def test_an_empty_question_is_refused():
    with pytest.raises(CourseError, match="question is empty"):
        prompts.messages("  ")
