# %% [markdown]
# # 03 Cited generation
#
# **How do you get an answer that a reader can check, and how do you find out why one is wrong?**
#
# You will be able to
#
# - ask a language model through the `openai` client, with sources in the prompt;
# - read the citations of an answer, and test them at three levels;
# - measure when a model should abstain and does not, and the other way round;
# - trace a wrong answer to the search or to the reading;
# - say which rules of a house style a prompt holds, and what they cost.
#
# **What you need:** lessons 01 and 02, or their ideas: chunk, evidence, search, interval.
#
# **Minutes:** about 60 with all exercises. About 45 for a first pass: read, run, and do 3.1, 3.3, 3.5 and 3.6. The
# others are marked "if you have time". The optional part takes 15 more. **Memory:** 2 GB free is enough.
#
# An exercise cell holds `...` for you to replace. Below it stands a check. If you do not solve an exercise, the
# lesson goes on with the kit's version.

# %% tags=["setup"]
import dataclasses
import random
import re
import time

import pandas as pd
from openai import OpenAI

from coursekit import answer_evaluation, citations, corpus, plots, prompts, results, retrieval, serving, support
from coursekit.answer_evaluation import EvaluationStoppedError, evaluate_answers, is_right
from coursekit.answers import ask, fitting
from coursekit.check import check, yours
from coursekit.chunking import chunk_corpus
from coursekit.citations import LONGEST_RANGE
from coursekit.embedding import default_embedder
from coursekit.errors import CourseError
from coursekit.evaluation import bootstrap_interval
from coursekit.matching import normalise, pattern, stands_in
from coursekit.prompts import GROUNDED, Source
from coursekit.quiz import Choice, Quiz, show_quiz

# %% [markdown]
# ## 1 What does one request look like?
#
# A **chat completion** is one HTTP request: a list of messages goes in, one reply comes out. Every message has a **role**:
# `system` sets the rules, `user` asks, `assistant` is the model. With a **temperature** of 0, the model takes the
# likeliest token each time, so an answer can be repeated. At **max_tokens** it is cut off.
#
# The kit starts `transformers serve` on this machine, with course-lm, a small model made for this course. Other servers
# speak the same language, and the cells stay as they are:
#
# | server | `OPENAI_BASE_URL` | `OPENAI_API_KEY` | `COURSE_MODEL` |
# |---|---|---|---|
# | OpenAI | leave it out | your key | a model of theirs |
# | Ollama | `http://127.0.0.1:11434/v1` | any word | the name that you pulled |
# | vLLM | `http://127.0.0.1:8000/v1` | any word | the name that it serves |
#
# Set them before you start Jupyter. This lesson sends several hundred requests, for which a paid server charges. (OpenAI's
# newest models call the limit `max_completion_tokens`. The kit knows; the two cells below do not.)
#
# The second cell **streams**: the reply comes piece by piece, so that a person can begin to read.

# %%
connection = serving.connect()  # the server on this machine, or the one that you named
client = OpenAI(base_url=connection.client.base_url, api_key=connection.client.api_key)

asked = "For how long does a short press on the button open the Wi-Fi of the Oxbarrow P2?"
messages = [
    {"role": "system", "content": "Answer the question in one sentence."},
    {"role": "user", "content": f"Question: {asked}"},
]
reply = client.chat.completions.create(model=connection.model, messages=messages, max_tokens=60, temperature=0)
print("model: ", connection.model)
print("said:  ", reply.choices[0].message.content)
print("ended: ", reply.choices[0].finish_reason)
print("tokens:", reply.usage.prompt_tokens, "read,", reply.usage.completion_tokens, "written")

# %%
pieces, times, begun = [], [], time.perf_counter()
for event in client.chat.completions.create(
    model=connection.model, messages=messages, max_tokens=60, temperature=0, stream=True
):
    if event.choices and event.choices[0].delta.content:
        pieces.append(event.choices[0].delta.content)
        times.append(1000 * (time.perf_counter() - begun))
print(" | ".join(pieces))
if times:
    print(f"first piece after {times[0]:.0f} ms, last one after {times[-1]:.0f} ms")

# %% [markdown]
# ## 2 What does the model say without sources?
#
# **Closed book** means: the question alone. The handbook's company, Larkspur Instruments, is fictional, so no model has read
# about it. We choose settings on **dev** questions. The **test** questions wait until the end.
#
# **Predict, then run.** Which share will be right? Will the model guess, or say that it does not know?

# %%
handbook, embedder = corpus.load_handbook(), default_embedder()
dev = corpus.load_questions(split="dev")
draw = random.Random(3)
answerable = draw.sample([question for question in dev if question.answerable], 60)
others = draw.sample([question for question in dev if not question.answerable], 15)
few = answerable[:30]  # where a cell asks many times over

closed = evaluate_answers(few, connection, context="none")
closed_rows = closed.rows
print(f"closed book, {len(few)} questions: {closed_rows['right'].mean():.0%} right,", end=" ")
print(f"{closed_rows['abstained'].mean():.0%} abstained")
for record in closed.records[:4]:
    print("\nasked:   ", record.question.question)
    print("said:    ", record.answer.text[:120])
    print("handbook:", record.question.answer)

# %% [markdown]
# ## 3 How do sources get into the prompt?
#
# They stand in the user's message, above the question, each with a number to cite. The system message says what to do
# with them.
#
# ### Exercise 3.1: number the sources (5 minutes, •)
#
# A `Source` has a `heading`, which says of which product it speaks, and a `text`. For two sources the result is
#
# ```
# [1] Manual > Charging
# It runs for 36 hours.
#
# [2] Memo
# Now it runs for 30 hours.
# ```
#
# <details><summary>Hint</summary>
#
# Make one text for each source and put them together with `join`. `enumerate(..., start=1)` counts.
#
# </details>
# <details><summary>Stuck?</summary>
#
# The text of one source is an f-string: the number in square brackets, a blank, the heading, `\n`, the text. What stands
# between two of them is a line end and an empty line: `"\n\n"`. The kit's version is `coursekit.prompts.numbered`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-1", "locked": false, "solution": true, "task": false} kit="prompts.numbered"
def numbered(sources):
    """The sources as one text for the prompt.

    Args:
        sources: a list of `Source`, best first; each has a `heading` and a `text`.

    Returns:
        A text: for each source its number in square brackets and its heading on one line, its text below, and an empty
        line between two sources. Numbers begin at 1. No sources give an empty text.
    """
    ### BEGIN SOLUTION
    return "\n\n".join(f"[{number}] {source.heading}\n{source.text}" for number, source in enumerate(sources, start=1))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-1", "locked": true, "points": 1, "solution": false, "task": false}
with check("3.1"):
    manual, memo = Source("Manual > Charging", "It runs for 36 hours."), Source("Memo", "Now it runs for 30 hours.")
    together = numbered([manual, memo])
    assert isinstance(together, str), "Return one text, not its parts: `join` puts parts together."
    assert "Source(" not in together, "You wrote the object itself. What you need is in its `heading` and its `text`."
    assert "Manual > Charging" in together, "The heading says which product the text is about. Where does it stand?"
    assert "[0]" not in together, "The first source has the number 1. Where does your counting begin?"
    assert "[1]" in together, "The model shall cite a number in square brackets, so show it one."
    assert together.startswith("[1] Manual > Charging"), "The number comes first, then one blank, then the heading."
    assert "Charging\nIt runs" in together, "The text of a source begins on the line below its heading."
    assert "36 hours.\n\n[2] Memo" in together, "One empty line stands between two sources."
    assert together.endswith("30 hours."), "Nothing follows the last source, not even an empty line."
    thrice = numbered([memo, manual, memo])
    assert "[3] Memo" in thrice, (
        "The same source may come twice. Count the places; do not look a source up in the list."
    )
    ### BEGIN HIDDEN TESTS
    assert numbered([]) == "", "No sources give an empty text."
    assert numbered([memo]) == "[1] Memo\nNow it runs for 30 hours.", "A single source has the number 1."
    ### END HIDDEN TESTS

# %% [markdown]
# course-lm is a small reader, so it gets small sources: single sentences under their heading path. A row of a table is one,
# with the names of its columns. Section 7 compares them with the chunks of lessons 01 and 02. With a larger model, use those.
#
# **Predict, then run.** Four sources are handed over. Which one answers the question? Which ones only sound like it?

# %%
my_numbered = yours("3.1", numbered, prompts.numbered)
retriever = retrieval.open_index(handbook, embedder, retrieval.READER_CHUNKING)

sources = prompts.sources_of(retriever.search(asked, 4))
messages = [
    {"role": "system", "content": GROUNDED},
    {"role": "user", "content": f"{my_numbered(sources)}\n\nQuestion: {asked}"},
]
print("system:", GROUNDED, "\n")
print(messages[1]["content"], "\n")
reply = serving.complete(connection, messages)
print("--->", reply.text)
print("The kit makes the same prompt:", messages == prompts.messages(asked, sources))

# %% [markdown]
# `serving.complete` is the request of section 1 with care: it counts tokens first, and starts a dead server again.
#
# ## 4 Which sources does an answer cite?
#
# Models write citations in many ways: `[1][2]`, `[1, 2]`, `[1-3]`. The kit's `citations.parse` finds each mark and its
# sentence. The numbers inside the mark are yours.
#
# ### Exercise 3.2: the numbers of a mark (8 minutes, ••, if you have time)
#
# <details><summary>Hint</summary>
#
# Cut the mark into parts first, at everything that separates: `re.split(r"[,;&]|and", ...)`. Then look at one part at a
# time. `re.findall(r"\d+", part)` gives its numbers as texts. How many are there in a range?
#
# </details>
# <details><summary>Stuck?</summary>
#
# For each part: make its numbers `int`. If there are two, and the second is not smaller and lies at most
# `LONGEST_RANGE` above the first, put all numbers from one to the other in their place. Add them to the list. The kit's
# version is `coursekit.citations.numbers_of`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-2", "locked": false, "solution": true, "task": false} kit="citations.numbers_of"
def numbers_of(mark):
    """The numbers of one citation mark.

    Args:
        mark: a text such as `[2]`, `[1, 3]`, `[1; 3]`, `[1 and 3]`, `[2-4]` or `[1, 3-5]`; a range may hold any dash.

    Returns:
        A list of `int`, in the order of the mark. A range counts as all its numbers, but as its two ends alone where it
        falls or spans more than `LONGEST_RANGE`.
    """
    ### BEGIN SOLUTION
    numbers: list[int] = []
    for part in re.split(r"[,;&]|and", mark.strip("[] ")):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if len(ends) == 2 and 0 <= ends[1] - ends[0] <= LONGEST_RANGE:
            ends = list(range(ends[0], ends[1] + 1))
        numbers += ends
    return numbers
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-2", "locked": true, "points": 2, "solution": false, "task": false}
with check("3.2"):
    assert isinstance(numbers_of("[2]"), list), "Return a list, also for a single number."
    assert numbers_of("[2]") != ["2"], "Make each number an `int`: it will be compared with the number of sources."
    assert numbers_of("[12]") == [12], "Twelve is one number, not two digits."
    assert numbers_of("[1, 3]") == [1, 3], "A comma joins single numbers: 1 and 3, without the 2 between them."
    assert numbers_of("[3, 1]") == [3, 1], "Keep the order in which the numbers stand."
    assert numbers_of("[1 and 4]") == [1, 4], "Some models write `[1 and 4]`: the word separates as a comma does."
    assert numbers_of("[2-4]") == [2, 3, 4], "A range names every number from its first to its last."
    assert numbers_of("[2–4]") == [2, 3, 4], "A range may have a longer dash. Need you look at the dash at all?"
    assert numbers_of("[1, 3-5]") == [1, 3, 4, 5], "A comma and a range in one mark: look at each part on its own."
    assert numbers_of("[4-2]") == [4, 2], "A range that falls is none: keep its two numbers as they stand."
    many = len(numbers_of("[1-900000]"))
    assert many == 2, "Nobody handed over so many sources: beyond LONGEST_RANGE keep the two ends only."
    ### BEGIN HIDDEN TESTS
    assert numbers_of("[ 3 ]") == [3], "Blanks inside the brackets do not matter."
    assert numbers_of("[2; 4 & 6]") == [2, 4, 6], "A semicolon and an ampersand separate, too."
    assert numbers_of("[5-5]") == [5], "A range from 5 to 5 is one number."
    assert numbers_of("[1-2, 4-5]") == [1, 2, 4, 5], "Two ranges in one mark."
    ### END HIDDEN TESTS

# %% [markdown]
# **Predict, then run.** Which of these answers cite a source that exists? What is left of each without its marks?

# %%
my_numbers = yours("3.2", numbers_of, citations.numbers_of)
print("[1, 3-5] cites", my_numbers("[1, 3-5]"), "\n")
awkward = [
    "It stays open for 15 minutes [7].",
    "It stays open for 15 minutes.",
    "It stays open for 15 minutes [[2]].",
    "It stays open for 15 minutes [1, 3-4]. The key is inside the door. [2]",
    "Set `ring[2]` as [1](manual.html) says.",
]
for text in awkward:
    found = citations.parse(text, n_sources=4)
    print(text)
    print("    exist:", found.valid, "  do not:", found.invalid, "  text:", found.text)

# %% [markdown]
# ## 5 When is a citation good?
#
# There are three levels, each harder to check than the last:
#
# 1. **The pointer exists.** Of four sources, `[7]` is none.
# 2. **The quote is really in the source.** A model can invent one.
# 3. **The quote supports the sentence.** A real quote can be beside the point.
#
# ### Exercise 3.3: level 1, pointers that exist (4 minutes, •)
#
# <details><summary>Hint</summary>
#
# `dict.fromkeys(numbers)` keeps each number once, in the order in which they first occur. A set would lose the order.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Keep each number once. A number exists if it is at least 1 and at most `n_sources`. Make a tuple of those that exist,
# and one of the rest. The kit's version is `coursekit.citations.existing`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-3", "locked": false, "solution": true, "task": false} kit="citations.existing"
def existing(numbers, n_sources):
    """Which of the numbers that an answer cites are those of a source.

    Args:
        numbers: a list of numbers as they occur in the answer; a number may occur twice.
        n_sources: how many sources were handed over.

    Returns:
        Two tuples: the numbers that exist, and those that do not. Each number once, in the order of the answer.
    """
    ### BEGIN SOLUTION
    cited = dict.fromkeys(numbers)
    valid = tuple(number for number in cited if 1 <= number <= n_sources)
    return valid, tuple(number for number in cited if number not in valid)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-3", "locked": true, "points": 1, "solution": false, "task": false}
with check("3.3"):
    both = existing([2, 7, 2, 0, 1], 4)
    tuples = isinstance(both, tuple) and [type(part) for part in both] == [tuple, tuple]
    assert tuples, "Return two tuples: the numbers that exist, and those that do not."
    assert 0 not in both[0], "Sources are numbered from 1, and so 0 points nowhere."
    assert both[0].count(2) < 2, "Source 2 is cited twice and is one source all the same: name it once."
    assert both[0] == (2, 1), "Keep the order in which the numbers first occur in the answer."
    assert both[1] == (7, 0), "Every number that does not exist belongs to the second tuple, in order."
    assert existing([4, 5], 4) == ((4,), (5,)), "With four sources, 4 is the last number that exists."
    assert existing([9, 1, 9], 4) == ((1,), (9,)), "A number that points nowhere is named once, too."
    assert existing([], 4) == ((), ()), "An answer without a citation gives two empty tuples."
    assert existing([1], 0) == ((), (1,)), "Nothing was handed over: then no number exists."
    ### BEGIN HIDDEN TESTS
    assert existing([9, 9], 4) == ((), (9,)), "Only numbers that point nowhere."
    assert existing([4, 3, 2, 1], 4) == ((4, 3, 2, 1), ()), "All four exist."
    ### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3.4: level 2, quotes that are real (6 minutes, ••, if you have time)
#
# Two functions of the kit help. `normalise(text)` evens out case, white space, dashes and quotation marks.
# `pattern(text)` makes a search for a normalised text that finds whole words and whole numbers only:
# `pattern("15 min").search(...)` gives `None` where the text has `15 minutes`.
#
# <details><summary>Hint</summary>
#
# Even out both texts, not only one. `.strip(' ."')` takes blanks, full stops and quotation marks from both ends. How many
# words are left?
#
# </details>
# <details><summary>Stuck?</summary>
#
# Normalise the quote, then strip it. The answer is True if `split()` gives at least three words, and the search for the
# quote in the normalised source does not give `None`. The kit's version is `coursekit.support.is_quoted`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-4", "locked": false, "solution": true, "task": false} kit="support.is_quoted"
def is_quoted(quote, source):
    """Whether a quote stands in a source, word for word.

    Args:
        quote: what an answer presents as the words of the source, with or without quotation marks.
        source: the text of the source.

    Returns:
        True or False. Case, white space, quotation marks around it and a full stop at its end do not matter. A quote of
        fewer than three words proves nothing: False.
    """
    ### BEGIN SOLUTION
    quote = normalise(quote).strip(' ."')
    return len(quote.split()) >= 3 and pattern(quote).search(normalise(source)) is not None
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-4", "locked": true, "points": 2, "solution": false, "task": false}
with check("3.4"):
    wifi = "A short press opens the Wi-Fi\nfor 15 minutes. After that it closes to save the battery."
    very_words = is_quoted("opens the Wi-Fi\nfor 15 minutes", wifi)
    assert isinstance(very_words, bool), "Return True or False."
    assert very_words, "These very words stand in the source. Which text do you search, and is it evened out, too?"
    assert is_quoted("opens the Wi-Fi for 15 minutes", wifi), "A line end in the source is a blank to a reader."
    assert is_quoted("Opens the Wi-Fi for 15 minutes", wifi), "A quote may begin with a capital. What evens that out?"
    assert is_quoted('"for 15 minutes"', wifi), "The quotation marks around a quote are not in the source."
    assert is_quoted("After that it closes.", wifi), "A quote may end with a full stop where the source goes on."
    assert not is_quoted("opens for 15 minutes", wifi), "All its words stand there, but not one after the other."
    assert not is_quoted("the Wi-Fi for 1", wifi), "The source says 15, not 1: search for whole words."
    assert not is_quoted("", wifi), "An empty text stands in every text, says Python. It proves nothing."
    assert not is_quoted("the", wifi), (
        "Every source holds this word. From how many words on does a quote prove anything?"
    )
    ### BEGIN HIDDEN TESTS
    assert is_quoted("“to save the battery”", wifi), "Curly quotation marks are quotation marks."
    assert not is_quoted("save the", wifi), "Two words are too few."
    assert not is_quoted("for 15 minutes", ""), "Nothing stands in an empty source."
    ### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3.5: level 3, numbers that are supported (7 minutes, ••)
#
# Support is a question of meaning. But a program can ask something smaller: does every number of the sentence stand in what
# it cites? `stands_in(value, text)` finds a value as a whole: `4` does not stand in `40`.
#
# <details><summary>Hint</summary>
#
# `re.findall` with `\d+` finds digits. Extend it: a point, comma or colon with more digits behind it may follow, any number
# of times. `\b` on both sides keeps it from looking into names such as P2.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Find all numbers with `r"\b\d+(?:[.,:]\d+)*\b"`. Keep each once, in order, with `dict.fromkeys`. Return a list of those for
# which `stands_in` is true of none of the sources: `not any(...)`. The kit's version is
# `coursekit.support.missing_numbers`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-5", "locked": false, "solution": true, "task": false} kit="support.missing_numbers"
def missing_numbers(sentence, sources):
    """The numbers of a sentence that stand in none of its sources.

    Args:
        sentence: one sentence of an answer, without its marks. `1.5` and `22:00` are one number each; the digit of a name
            such as P2 is none.
        sources: a list of the texts that it cites; it may be empty.

    Returns:
        A list of texts, each once, in the order of the sentence.
    """
    ### BEGIN SOLUTION
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if not any(stands_in(number, source) for source in sources)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-5", "locked": true, "points": 2, "solution": false, "task": false}
with check("3.5"):
    lamp = "The lamp of the P2 runs for 40 hours and weighs 1.5 kg."
    missing = missing_numbers("It runs for 48 hours.", [lamp])
    assert isinstance(missing, list), "Return a list of what is missing."
    assert missing == ["48"], "The source says nothing of 48. Name what is missing, as a text."
    assert missing_numbers("It runs for 40 hours.", [lamp]) == [], "40 stands in the source: nothing is missing."
    assert missing_numbers("It runs for 4 hours.", [lamp]) == ["4"], (
        "4 is a part of 40, and another number all the same."
    )
    assert missing_numbers("It weighs 1.5 kg.", [lamp]) == [], "1.5 is one number, with a point in it."
    assert missing_numbers("It weighs 5 kg.", [lamp]) == ["5"], "The source says 1.5 kg, not 5 kg."
    assert missing_numbers("The P3 runs for 40 hours.", [lamp]) == [], "P3 is a name. A number has no letter beside it."
    clock = missing_numbers("It is dark from 22:00 on.", ["It is dark from 22:30 on."])
    assert clock == ["22:00"], "A time of day is one number, with a colon in it."
    costs = missing_numbers("It runs for 40 hours and costs 9 euros.", [lamp, "It costs 9 euros."])
    assert costs == [], "A number is supported if any of the sources holds it."
    twice = missing_numbers("From 7 to 9, then from 7 to 8.", [lamp])
    assert twice == ["7", "9", "8"], "Name each number once, in the order of the sentence."
    assert missing_numbers("It runs for 40 hours.", []) == ["40"], "Without a source, nothing is supported."
    ### BEGIN HIDDEN TESTS
    assert missing_numbers("It costs 1,500 euros.", ["1,500 euros"]) == [], (
        "A thousands separator belongs to the number."
    )
    assert missing_numbers("It is blue.", [lamp]) == [], "A sentence without a number."
    ### END HIDDEN TESTS

# %% [markdown]
# Now ask for a quote, and test each level. The right source is always among the four. **Predict, then run:** at which level
# will most answers be lost?

# %%
my_existing = yours("3.3", existing, citations.existing)
my_quoted = yours("3.4", is_quoted, support.is_quoted)
my_missing = yours("3.5", missing_numbers, support.missing_numbers)

QUOTED = f'{GROUNDED} Support each answer with a second line that starts with "Proof:" and quotes the source.'
quoting = evaluate_answers(few[:20], connection, context="oracle", retriever=retriever, system=QUOTED)
spoken = [record for record in quoting.records if not record.abstained]
levels = []
for record in spoken:
    found = record.answer.citations
    valid, invalid = my_existing(found.numbers, len(record.hits))
    cited = [record.answer.sources[number - 1] for number in valid]
    quotes = re.findall(r'["“]([^"”]+)["”]', record.answer.text)
    sentence = found.sentences[0].text if found.sentences else ""
    real = [quote for quote in quotes for source in cited if my_quoted(quote, source.text)]
    headings = [source.heading for source in cited]
    levels.append({"cites": bool(found.numbers), "1: pointers exist": bool(valid) and not invalid})
    levels[-1] |= {"quotes": bool(quotes), "2: the quote is real": bool(real)}
    levels[-1] |= {"3: it holds the sentence's numbers": bool(real) and not my_missing(sentence, [*real, *headings])}
level_table = pd.DataFrame(levels).mean().to_frame(f"share of {len(spoken)} answers").round(2)
level_table

# %%
heading = "Oxbarrow P2 manual > Wi-Fi"
wifi = "A short press opens the Wi-Fi for 15 minutes. After that it closes to save the battery."
print("source:", wifi, "\n")
for sentence in (
    "A short press opens the Wi-Fi for 15 minutes.",
    "A short press opens the Wi-Fi for 25 minutes.",
    "A short press opens the Wi-Fi for 15 hours.",
    "A short press opens the Wi-Fi of the Tarnbeck for 15 minutes.",
    "A long press closes the Wi-Fi for 15 minutes.",
):
    print(sentence)
    print("    yours:", my_missing(sentence, [heading, wifi]), " kit:", support.unsupported(sentence, heading, wifi))

# %% [markdown]
# The kit's `unsupported` looks for units, codes and names as well. Does either of them see what is wrong with the last
# sentence? ALCE, a benchmark of cited answers (Gao and others, 2023), lets a language-inference model judge support. On one
# of its question sets, even the best systems lacked full support about half of the time.
#
# We need no such model, because each of our questions names its **evidence**, the very words of the handbook that answer it. A
# citation is right if its source holds them. **Citation precision** is the share of citations that are right; **recall** is the share
# of the evidence handed over that was cited. For a sentence beside the question, the evidence says nothing; the NLI model would.
#
# ## 6 When should the model abstain?
#
# If the sources hold no answer, the model shall say "Not in the sources." There are two errors: to answer what has no
# answer, and to abstain where there is one. A model can lower one by raising the other.
#
# **Predict, then run.** Our unanswerable questions are near misses: a sibling product's value is there. On how many of 15 will
# the model abstain?

# %%
report = evaluate_answers(answerable + others, connection, retriever=retriever, k=4)
rows = report.rows
false = rows[rows["answerable"] & rows["abstained"]]
blind = (false["evidence_there"] < false["evidence"]).sum()
invented = (~rows["answerable"] & ~rows["abstained"]).sum()
print(f"answered, though the handbook holds no answer: {invented} of {len(others)}")
print(f"abstained, though it holds one: {len(false)} of {len(answerable)}")
print(f"   in {blind} of these the search had missed evidence, so the model was right to abstain")
print("replies cut off at max_tokens:", rows["cut"].sum())

nothing = ask(asked, [], connection, system=GROUNDED)
print("\nan empty retrieval, all the same sent to the model:", nothing.text)
report.summary().T

# %% [markdown]
# A program that sees an empty list of sources can abstain by itself, at no cost. Could it also go by the **score** of the best
# hit, and refuse to answer below a threshold? We choose the threshold so that it refuses a tenth of the answerable questions.

# %%
retriever.prepare([question.question for question in dev])
scores = pd.Series({question.id: retriever.search(question.question, 1)[0].score for question in dev})
known = pd.Series({question.id: question.answerable for question in dev})
threshold = scores[known].quantile(0.1)
gate = (scores[~known] < threshold).mean()
print(f"scores of {known.sum()} answerable questions: median {scores[known].median():.2f}")
print(f"scores of {(~known).sum()} unanswerable ones:  median {scores[~known].median():.2f}")
print(f"below {threshold:.2f} lie a tenth of the answerable questions, and {gate:.0%} of the unanswerable ones")

# %% [markdown]
# A near miss lies as near as an answer: that is what makes it one. The score tells what a source is about, not whether it
# holds the fact.
#
# ## 7 How many sources?
#
# More sources hold the evidence more often. They also bring **distractors**: text that only sounds like the answer. Two
# contexts tell the effects apart. *Retrieved* hands over the first k hits. **Oracle** hands over the evidence and fills up
# with other hits, so that only the distractors grow.
#
# The last row of the table hands over four chunks of up to 128 word pieces instead of four sentences.
#
# **Predict, then run.** Which curve rises with k, which falls? What happens to the price in tokens?

# %%
oracle = evaluate_answers(answerable, connection, context="oracle", retriever=retriever, k=4)
runs = {("retrieved", 4): report, ("oracle", 4): oracle}
for context in ("retrieved", "oracle"):
    for k in (1, 2, 8):
        runs[context, k] = evaluate_answers(few, connection, context=context, retriever=retriever, k=k)
chunks = retrieval.open_index(handbook, embedder)
runs["retrieved, chunks", 4] = evaluate_answers(few, connection, retriever=chunks, k=4)

few_ids = [question.id for question in few]
on_few = {setting: run.rows.set_index("id").loc[few_ids] for setting, run in runs.items()}
sweep = {}
for setting in sorted(runs, key=lambda setting: (["retrieved", "oracle"].count(setting[0]) == 0, *setting)):
    part = on_few[setting]
    low, high = bootstrap_interval(part["right"])
    sweep[setting] = {
        "evidence there": f"{part['evidence_there'].sum() / part['evidence'].sum():.0%}",
        "accuracy": f"{part['right'].mean():.2f} [{low:.2f}, {high:.2f}]",
        "abstained": f"{part['abstained'].mean():.0%}",
        "prompt tokens": round(part["prompt_tokens"].mean()),
        "one answer": f"{part['seconds'].median():.2f} s",
    }
print("sources that did not fit into the window:", sum(run.rows["dropped"].sum() for run in runs.values()))
sweep_table = pd.DataFrame(sweep).T.rename_axis(["context", "k"])
sweep_table

# %%
curves = {context: {k: on_few[context, k]["right"].mean() for k in (1, 2, 4, 8)} for context in ("retrieved", "oracle")}
title = f"Answers right, {len(few)} dev questions"
figure = plots.lines(pd.DataFrame(curves), title=title, x_label="sources (k)", y_label="share", log_x=True)
plots.show(
    figure,
    alt="Line chart of the share of right answers over the number of sources, one line for retrieved sources and one for "
    "the oracle. Look at whether the lines rise or fall, and at the gap between them.",
)


def compare(before, after):
    """The mean difference, question by question, its 95 % interval, and a verdict."""
    gain = after.astype(float).to_numpy() - before.astype(float).to_numpy()
    low, high = bootstrap_interval(gain)
    verdict = "helps" if low > 0 else "hurts" if high < 0 else "no clear effect"
    return f"{gain.mean():+.2f} [{low:+.2f}, {high:+.2f}] -> {verdict}"


steps = {context: compare(on_few[context, 1]["right"], on_few[context, 8]["right"]) for context in curves}
for context, step in steps.items():
    print(f"{context}: 8 sources instead of 1: {step}")
smaller = compare(on_few["retrieved, chunks", 4]["right"], on_few["retrieved", 4]["right"])
print(f"four sentences instead of four chunks: {smaller}")

# %% [markdown]
# The gap between the two contexts is what a better search could win. The rest of this lesson uses k = 4.
#
# ## 8 Would you agree with the program?
#
# The program counts an answer as right if one of the question's **aliases** stands in it. It can miss a right answer in
# other words, and pass a wrong one that holds the right number. So read twenty answers (6 minutes). Decide for each: `r`, it
# serves the asker right; `w`, it does not; `?`, you cannot tell. Where the handbook has no answer, abstaining is right.

# %%
twenty = random.Random(5).sample(report.records, 20)
for number, record in enumerate(twenty, start=1):
    print(f"{number:2} {record.question.question}")
    print("   said:    ", " ".join(record.answer.text.split())[:220])
    print("   handbook:", record.question.answer or "(no answer)")

# %% nbgrader={"grade": false, "grade_id": "labels-3", "locked": false, "solution": true, "task": false}
labels = ""  # twenty letters in order, such as "rrw?r wrrrw rrrrr wwrrr"; blanks do not count
### BEGIN SOLUTION
labels = "wrrww rrwww wwwww rwwww"  # to be read and labelled again whenever course-lm changes
### END SOLUTION
labels = labels.replace(" ", "")
print(len(labels), "of", len(twenty), "answers have a label")

# %%
read = [(label, record) for label, record in zip(labels, twenty) if label in "rw"]
agreed = sum((label == "r") == record.right for label, record in read)
print(f"the program counts {sum(record.right for record in twenty)} of {len(twenty)} as right")
print(f"you and the program agree on {agreed} of the {len(read)} that you could tell")
for label, record in read:
    if (label == "r") != record.right:
        says, you_say = ("right", "wrong") if record.right else ("wrong", "right")
        print(f"\nthe program says {says}, you say {you_say}:", record.question.question)
        print("   said:   ", " ".join(record.answer.text.split())[:220])
        print("   aliases:", ", ".join(record.question.aliases[:6]))

# %% [markdown]
# ## 9 Did the search fail, or the reader?
#
# For a wrong answer ask in this order: was the evidence among the sources? Did the answer cite it? Is the fact right? The
# first "no" names the part to work on.
#
# ### Exercise 3.6: trace a failure (6 minutes, ••)
#
# <details><summary>Hint</summary>
#
# The order of your questions decides. A right answer has no cause. A question without evidence has none that could be found.
# Abstaining is no fault of the reader where evidence was missing.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Four questions, one after the other, each with its own `return`: is it right? Is nothing wanted? Is less there than wanted?
# What is left is the reader: it abstained, or it misread. The kit's version is `coursekit.answer_evaluation.trace`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-3-6", "locked": false, "solution": true, "task": false} kit="answer_evaluation.trace"
def trace(right, abstained, wanted, there):
    """Why an answer failed.

    Args:
        right: whether the answer is right; to abstain is right where the handbook holds no answer.
        abstained: whether the model said that the answer is not in the sources.
        wanted: how many pieces of evidence the question has; 0 where the handbook holds no answer.
        there: how many of them were among the sources.

    Returns:
        "" for a right answer; else "answered" (there was no answer to give), "retrieval" (evidence was missing),
        "abstained" (it was all there, and the model saw no answer) or "reading" (it was all there, and misread).
    """
    ### BEGIN SOLUTION
    if right:
        return ""
    if not wanted:
        return "answered"
    if there < wanted:
        return "retrieval"
    return "abstained" if abstained else "reading"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-3-6", "locked": true, "points": 2, "solution": false, "task": false}
with check("3.6"):
    assert trace(True, False, 1, 1) == "", "A right answer has no cause of failure: return an empty text."
    assert trace(True, True, 0, 0) == "", "The handbook has no answer and the model abstained. Is anything wrong here?"
    assert trace(False, False, 0, 0) == "answered", "The handbook has no answer, and yet the model gave one."
    assert trace(False, False, 1, 0) == "retrieval", "The evidence was not among the sources. Who could have read it?"
    lost = trace(False, True, 1, 0)
    assert lost == "retrieval", "The model abstained because the evidence was not there. Whose failure is that?"
    assert trace(False, False, 2, 1) == "retrieval", "One of two pieces of evidence was there. Is that enough?"
    assert trace(False, True, 1, 1) == "abstained", "The evidence was there, and the model said that it was not."
    assert trace(False, False, 1, 1) == "reading", "The evidence was there, the model answered, and the fact is wrong."
    assert trace(True, False, 1, 0) == "", "Right without evidence is luck. It is no failure."
    ### BEGIN HIDDEN TESTS
    assert trace(False, True, 2, 2) == "abstained", "Both pieces were there."
    assert trace(False, False, 3, 3) == "reading", "All three pieces were there."
    assert trace(False, True, 2, 1) == "retrieval", "Half of the evidence is not all of it."
    ### END HIDDEN TESTS

# %%
my_trace = yours("3.6", trace, answer_evaluation.trace)

traced = []
for record in report.records:
    wanted, there = len(record.question.evidence), record.evidence_there
    traced.append({
        "id": record.question.id,
        "type": record.question.type,
        "retrieved": "nothing to find" if not wanted else "all" if there == wanted else "not all",
        "cited": "nothing" if not record.cites else "evidence" if record.right_citations else "something else",
        "right": record.right,
        "cause": my_trace(record.right, record.abstained, wanted, there) or "-",
        "record": record,
    })  # fmt: skip
traced = pd.DataFrame(traced)
wrong = traced[traced["cause"] != "-"]
causes = wrong["cause"].value_counts().sort_index()
for cause in causes.index:
    record = wrong.loc[wrong["cause"] == cause, "record"].iloc[0]
    print(f"{cause}: {record.question.question}\n    said:     {' '.join(record.answer.text.split())[:200]}")
    print("    handbook:", record.question.answer or "(no answer)")
traced.groupby(["retrieved", "cited", "right", "cause"]).size().to_frame("answers")

# %%
gained = compare(rows["right"][: len(answerable)], oracle.rows["right"])
read_well = traced.groupby("retrieved")["right"].mean()
print("share right by what was retrieved:", {name: round(float(value), 2) for name, value in read_well.items()})
print("with the evidence handed over every time:", gained)
if len(causes):
    print("most failures of this system come from:", causes.idxmax())
pd.crosstab(wrong["type"], wrong["cause"])

# %% [markdown]
# *Retrieval* asks for better chunks, another search, a larger k. *Reading* and *abstained* ask for a better reader. Tuning a
# model repairs no failure of the search.
#
# ## 10 What does a prompt hold?
#
# The support desk has a **house style**: six rules of form. Can a prompt hold them? We ask with the rules alone, and with the
# rules and two examples. A program checks each rule.
#
# **Predict, then run.** Which rule will hold best? Which least? Will the facts suffer?

# %%
from coursekit import style

print(style.EXAMPLES_PROMPT.removeprefix(GROUNDED).strip(), "\n")
styled = {"no style asked": oracle}
for name, system in (("rules", style.RULES_PROMPT), ("rules, 2 examples", style.EXAMPLES_PROMPT)):
    styled[name] = evaluate_answers(few, connection, context="oracle", retriever=retriever, system=system)
for record in styled["rules, 2 examples"].records[:4]:
    print("===", record.question.question)
    print(record.answer.text[:240])


# %%
held, price, broken = {}, {}, []
for name, run in styled.items():
    chosen = [record for record in run.records if record.question.id in few_ids]
    bare = {record.question.id: style.answer_of(record.answer.text) for record in chosen}
    spoken = [record for record in chosen if not citations.abstains(bare[record.question.id])]
    follows = {
        record.question.id: style.follows(record.answer.text, record.question.question, record.answer.sources)
        for record in spoken
    }
    kept = pd.DataFrame(list(follows.values()), columns=list(style.RULES)).astype(float)
    held[name] = kept.mean().to_dict() | {"all six": kept.min(axis=1).mean()}
    for question_id, rules in follows.items():
        broken.append({"prompt": name, "id": question_id, "rules": [rule for rule, good in rules.items() if not good]})
    right = [is_right(record.question, bare[record.question.id]) for record in chosen]
    tokens = [record.answer.prompt_tokens for record in chosen]
    price[name] = {"answered": len(spoken), "right": sum(right), "prompt tokens": round(sum(tokens) / len(tokens))}
style_table = pd.DataFrame(held).T
best = style_table.drop(index="no style asked", columns="all six").max()
weak = list(best.index[best < 0.9])
extra = price["rules, 2 examples"]["prompt tokens"] - price["no style asked"]["prompt tokens"]
print("rules that no prompt holds in 9 of 10 answers:", ", ".join(weak) or "none")
print(f"the style with its examples costs {extra} more prompt tokens in every request")
pd.concat([pd.DataFrame(price).T, style_table.round(2)], axis=1)

# %% [markdown]
# `answered` and `right` count questions, of 30; rules are shares of the answers. A rule that a prompt holds needs no
# training. What no prompt holds is the list from which lesson 04 writes its data.
#
# course-lm has seen few long instructions, and where it breaks down, its replies show it. Before you conclude that no prompt holds
# a style, run this section with a larger model: `COURSE_MODEL` is all that changes.
#
# ## 11 What goes wrong on the way?
#
# Three accidents: sources that exceed the model's **window** (all that it can read and write), a reply that is cut off, and a
# server that dies in the middle of an evaluation. **Predict, then run:** which of them would you notice without a message?

# %%
too_many = prompts.sources_of(chunks.search(asked, 30))
try:
    ask(asked, too_many, connection)
except CourseError as error:
    print(error)
fitted = fitting(asked, too_many, connection.model)
print(f"fitting: the first {len(fitted)} of {len(too_many)} sources; the rest were dropped from the tail")

cut = serving.complete(connection, prompts.messages(asked, sources), max_tokens=6)
print("\ncut off:", repr(cut.text), "- ended by:", cut.finish_reason)
print("its citations:", citations.parse(cut.text, len(sources)).numbers)

# %%
dead = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0)  # nobody listens there
try:
    evaluate_answers(few[:8], serving.Connection(dead, connection.model), retriever=retriever)
except EvaluationStoppedError as stopped:
    print(stopped)
again = evaluate_answers(few[:8], connection, retriever=retriever)
print(
    f"{again.rows['reused'].sum()} of {len(again.records)} answers were kept since section 6, and not asked for again"
)

# %% [markdown]
# A server may cut a long prompt without a word. So count tokens first, drop the last sources, and say so: the search ranks
# the best ones first. The kit does so, and it keeps each answer for a day. If an evaluation stops, or if you interrupt it, run its
# cell again: it asks only for the rest. `fresh=True` asks for everything.
#
# ## 12 What you measured
#
# Now, once, test questions, about other product families. Then claims of two popular guides, and what you measured. The
# third cell saves your figures for lesson 07 and the failures for lesson 04.

# %%
test = corpus.load_questions(split="test")
draw = random.Random(4)
final = draw.sample([question for question in test if question.answerable], 40)
final += draw.sample([question for question in test if not question.answerable], 10)
test_report = evaluate_answers(final, connection, retriever=retriever, k=4)
pd.concat({"dev": report.summary(), "test": test_report.summary()}).droplevel(1).T

# %%
shown = test_report.summary().loc["all"]
counted = ", ".join(f"{count} {cause}" for cause, count in causes.items()) or "none"
claims = {
    "C12": "RAG gives facts, with citations that lead to a document.",
    "C15": "When an answer is wrong, its sources can be inspected.",
    "C41": "Iterate on how the prompt uses the context.",
    "C09": "Every request pays for the instructions in its prompt.",
    "C06, C48": "Tune when prompts cannot hold a style.",
    "C26": "First RAG, then find what prompts do not hold, then tune on that.",
}
measured = {
    "C12": f"Accuracy {shown['accuracy']}, closed book {closed_rows['right'].mean():.2f} (dev). Of the citations, "
    f"{shown['citation precision']} lead to evidence.",
    "C15": f"Of {len(rows)} answers, {len(wrong)} failed. Traced by code: {counted}.",
    "C41": f"8 sources instead of 1: {steps['retrieved']}. Distractors alone: {steps['oracle']}.",
    "C09": f"Six rules of style and two examples: {extra} more tokens in each request.",
    "C06, C48": f"The better prompt holds all six rules in {style_table['all six'].iloc[1:].max():.0%} of the answers.",
    "C26": f"Left for tuning: {len(weak)} rules of style, and the failures of reading. Left for the search: the rest.",
}
for number, claim in claims.items():
    print(f"{number}: {claim}\n    {measured[number]}")

# %%
arms = {"closed book": closed, "retrieved": report, "oracle": oracle, "retrieved, test": test_report}
arms |= {f"oracle, {name}": run for name, run in styled.items() if run is not oracle}
figures = {
    "arms": {name: run.as_dict()["figures"] | {"cost": run.cost()} for name, run in arms.items()},
    "levels": {name: None if pd.isna(share) else share for name, share in level_table.iloc[:, 0].items()},
    "sweep": {f"{context}, {k}": row.to_dict() for (context, k), row in sweep_table.iterrows()},
    "labels": {"read": len(read), "agreed": agreed},
    "style": {
        name: row | {key: None if pd.isna(x) else x for key, x in held[name].items()} for name, row in price.items()
    },
    "style_not_held": weak,
    "style_failures": broken,
    "failures": wrong[["id", "type", "cause"]].to_dict("records"),
    "claims": measured,
}
print("saved:", results.save("03-cited-generation", figures).name)

# %% [markdown]
# ## What this model size cannot show
#
# - A larger model may weigh two sources against each other. Then more of its failures come from the search.
# - A larger model may hold more rules of style by prompt alone. Measure yours.
# - Our program judges short facts. Long answers need a judge of support, as in ALCE.
#
# ## Quiz

# %%
show_quiz(
    Quiz("An answer says \"40 hours [2]\". Source 2 exists and holds \"40 hours\". What do you know?", [
        Choice("The answer is right.", False, "The 40 hours may belong to another product or another part."),
        Choice("The pointer exists and the number is in the source.", True, "Support is a question of meaning, not of signs."),
        Choice("Nothing.", False, "Two levels were tested. Only the third was not."),
    ]),
    Quiz("The evidence was not among the sources, and the model abstained. What do you repair?", [
        Choice("The prompt, so that it answers.", False, "It would then have to invent."),
        Choice("The model, by tuning.", False, "It read rightly that there is nothing to read."),
        Choice("The search.", True, "Evidence that is not handed over cannot be read."),
    ]),
    Quiz("A new prompt lowers the wrong answers and raises the abstentions. Is it better?", [
        Choice("Yes, fewer wrong answers.", False, "A model that always abstains makes no mistake of this kind at all."),
        Choice("It depends on what each error costs.", True, "Look at both errors, and say which one hurts your users."),
        Choice("No, fewer answers.", False, "Where a wrong answer does harm, silence may be worth it."),
    ]),
    Quiz("With 8 sources the evidence is there more often, and accuracy does not rise. What is likely?", [
        Choice("The reader takes a distractor for the answer.", True, "The oracle rows show this effect alone."),
        Choice("The search is broken.", False, "It found more evidence than before."),
        Choice("The window is too small.", False, "Sources that do not fit are counted. Look at the count first."),
    ]),
)  # fmt: skip

# %% [markdown]
# ## Take-away
#
# - Number the sources, ask for citations, and let a program follow them: pointer, quote, support.
# - Report two errors of abstention, never one.
# - More sources are bought with distractors and tokens. Compare with the oracle before you raise k.
# - Trace failures before you repair anything. Read some by eye.
# - Write down which rules a prompt does not hold, with numbers. That is the case for tuning.
#
# This is the end of the core. Your figures are saved.

# %% [markdown]
# ## Going further (optional): does the answer follow an edit?
#
# A popular guide says: what RAG knows is updated at once, without training. The cell edits one sentence of a manual, updates
# the index in place, and asks again. The second cell follows the handbook's whole next edition, and asks eight questions whose
# answer has changed. **Predict, then run:** how many chunks does one sentence cost?

# %%
live = retrieval.open_index(
    handbook, embedder, retrieval.READER_CHUNKING
)  # a second index: the one above stays as it is
changes = corpus.load_changes()
change = next(change for change in changes if "oxbarrow-one_fact-07" in change["questions"])
document = next(document for document in handbook if document.id == change["doc"])
before = ask(asked, prompts.sources_of(live.search(asked, 4)), connection)

begun = time.perf_counter()
edited = dataclasses.replace(document, text=document.text.replace(change["old"], change["new"]))
new_chunks = chunk_corpus([edited], embedder.tokenizer, **retrieval.READER_CHUNKING)
added, removed = live.update_document(edited.id, new_chunks)
edit_seconds = time.perf_counter() - begun
after = ask(asked, prompts.sources_of(live.search(asked, 4)), connection)
print("edited:", change["old"], "->", change["new_value"])
print("before:", before.text)
print("after: ", after.text)
print(f"{added} chunks embedded, {removed} taken out, in {edit_seconds:.2f} s; no training")

# %%
touched = {name for change in changes for name in change["questions"]}
revised = [question for question in corpus.revised_questions(dev) if question.id in touched]
revised = [question for question in revised if question.type in ("one_fact", "table")][:8]
begun = time.perf_counter()
for document in corpus.load_handbook("2027-01"):
    new_chunks = chunk_corpus([document], embedder.tokenizer, **retrieval.READER_CHUNKING)
    live.update_document(document.id, new_chunks)
revision_seconds = time.perf_counter() - begun
stale = evaluate_answers(revised, connection, retriever=retriever).rows["right"].sum()
fresh = evaluate_answers(revised, connection, retriever=live).rows["right"].sum()
print(f"following {len(changes)} changed facts took {revision_seconds:.1f} s")
print(f"right by the new edition: {stale} of {len(revised)} with the stale index, {fresh} with the updated one")

# %% [markdown]
# ## Going further (optional): what can a planted document do?
#
# A source that a stranger can write may hold a false fact, an order to the model, or **control marks** such as `<|end|>`, with
# which a chat template separates the turns: then the document forges a turn. We plant twelve documents, one at a time. Each
# begins with the question that it waits for, so that the search finds it. In PoisonedRAG (Zou and others, 2024), five such
# texts among millions led to the attacker's answer in about 90 % of the cases.
#
# Two defences: **sanitising** breaks up the control marks, as the kit always does. **Spotlighting** (Hines and others, 2024)
# puts a sign between all words of the sources, and tells the model that marked text is never an order. In their tests with
# large models, orders succeeded in under 2 % of the cases instead of over 50 %.
#
# **Predict, then run.** Which kind of attack does sanitising stop? Which do both let through? What does spotlighting cost a
# reader that has never seen marked text?

# %%
from coursekit import injection

attacks = injection.load_attacks()
targets = {question.id: question for question in dev}
for attack in (attacks[0], attacks[5], attacks[9]):
    print(f"=== {attack.id} ({attack.kind}), waits for: {targets[attack.question].question}\n{attack.document.text}")

shielded = retrieval.open_index(handbook, embedder)  # of chunks: a planted text stays whole
tried = []
for attack in attacks:
    target = targets[attack.question]
    clean = prompts.sources_of(shielded.search(target.question, 4))
    planted = chunk_corpus([attack.document], embedder.tokenizer, **retrieval.DEFAULT_CHUNKING)
    shielded.update_document(attack.document.id, planted)
    hits = shielded.search(target.question, 4)
    shielded.delete_document(attack.document.id)
    found = any(hit.chunk.doc == attack.document.id for hit in hits)
    tried.append((attack, target, clean, prompts.sources_of(hits), found))
print(f"{sum(found for *_, found in tried)} of {len(tried)} planted documents are among the first four hits")

# %%
outcome = []
for attack, target, clean, poisoned, _ in tried:
    open_prompt = prompts.messages(target.question, poisoned, sanitise=False)
    marked = ask(target.question, injection.spotlight(poisoned), connection, system=injection.SPOTLIT)
    said = {
        "no attack": ask(target.question, clean, connection).text,
        "no defence": serving.complete(connection, open_prompt).text,
        "sanitised": ask(target.question, poisoned, connection).text,
        "sanitised and spotlit": injection.unmarked(marked.text),
    }
    for defence, text in said.items():
        obeyed = attack.obeyed(text) and not attack.obeyed(said["no attack"])
        right = is_right(target, text)
        outcome.append({"attack": attack.kind, "defence": defence, "obeyed": obeyed, "right": right, "said": text})
outcome = pd.DataFrame(outcome)
for row in outcome[outcome["obeyed"]].drop_duplicates("attack").itertuples():
    print(f"{row.attack}, {row.defence}: {row.said[:160]}")
by_defence = outcome.groupby("defence", sort=False)["right"].sum().to_frame("right, of 12")
succeeded = outcome.pivot_table(index="defence", columns="attack", values="obeyed", aggfunc="sum", sort=False)
by_defence.join(succeeded)

# %% [markdown]
# The columns behind `right` count attacks that succeeded. Few successes prove no safety: a model that hardly follows its own
# prompt hardly follows an attacker's. And a false fact in good form looks like any other source. Against it helps who may
# write into the index, where a source comes from, and a citation that somebody opens.
#
# ## Going further (optional): does it matter where the evidence stands?
#
# *Lost in the Middle* (Liu and others, 2023) found that models often use evidence best at the beginning or the end of a long
# prompt. Six sources are not long. **Predict, then run:** which place will be worst here?

# %%
single = [question for question in answerable if len(question.evidence) == 1][:20]
places = {}
for place in ("first", "middle", "last"):
    run = evaluate_answers(single, connection, context="oracle", retriever=retriever, k=6, place=place)
    low, high = bootstrap_interval(run.rows["right"])
    places[place] = {"mean": run.rows["right"].mean(), "low": low, "high": high, "dropped": run.rows["dropped"].sum()}
place_table = pd.DataFrame(places).T
figure = plots.intervals(place_table, title="Evidence in the … place of six", x_label="share of answers right")
plots.show(
    figure,
    alt="One horizontal bar for each place of the evidence, first, middle and last: the share of right answers with its "
    "95 % interval. Look for bars that do not overlap.",
)
place_table.round(2)

# %% [markdown]
# With so few questions, only a large difference shows. The last cell saves these figures with those of the core.
#
# ## Next
#
# **Lesson 04** writes training data for what the prompt did not hold, and checks that no test question leaks into it.

# %%
succeeded_counts = outcome.groupby(["attack", "defence"])["obeyed"].sum()
figures |= {
    "C05_C17": {"edit_seconds": edit_seconds, "revision_seconds": revision_seconds, "changed_facts": len(changes)},
    "revision": {"stale": stale, "fresh": fresh, "questions": len(revised)},
    "attacks": {f"{attack}, {defence}": count for (attack, defence), count in succeeded_counts.items()},
    "places": place_table.T.to_dict(),
}
print("saved:", results.save("03-cited-generation", figures).name)
print("all", "done")
