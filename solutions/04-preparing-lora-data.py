# %% [markdown]
# # 04 Preparing LoRA data
#
# **How do you write examples that teach a model what you want, and how do you know that your score on them is honest?**
#
# You will be able to
#
# - say which failures of lesson 03 examples can repair;
# - write chat records, and see from which of their tokens a model learns;
# - find out what a limit on length cuts off;
# - split data so that nothing leaks, and find near-duplicates;
# - check a style by program, and know what the check does not see;
# - check, price and send a file to a hosted service, as a dry run.
#
# **What you need:** lesson 03, or its ideas: sources, citation, house style, interval.
#
# **Minutes:** about 55 with all exercises. About 40 for a first pass: read, run, and do 4.1, 4.2 and 4.3. The optional part
# takes 10 more. **Memory:** 2 GB free is enough.
#
# An exercise cell holds `...` for you to replace. Below it stands a check. If you do not solve an exercise, the
# lesson goes on with the kit's version.

# %% tags=["setup"]
import dataclasses
import html
import json
import random
import re
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML, display
from transformers import AutoTokenizer

from coursekit import chatdata, citations, corpus, house_style, plots, prompts, results, retrieval, serving, style
from coursekit.chatdata import IGNORED, SHINGLE
from coursekit.check import check, yours
from coursekit.embedding import default_embedder
from coursekit.errors import CourseError
from coursekit.evaluation import bootstrap_interval, covers
from coursekit.prompts import Source
from coursekit.quiz import Choice, Quiz, show_quiz
from coursekit.style import points_of

# %% [markdown]
# ## 1 Which failures can examples repair?
#
# **Fine-tuning** trains a model further, on examples. **LoRA**, in lesson 05, does so with few new numbers. Examples show
# *behaviour*: what to do with a message and its sources.
#
# A popular guide says: first RAG, then find what prompts do not hold, then tune on that. Lesson 03 left you that list.
# **Predict, then run.** Which causes in the table could examples repair?

# %% tags=["nbval-ignore-output"] reason="what it shows depends on whether lesson 03 was done on this machine"
questions = corpus.load_questions()
try:
    found = results.load("03-cited-generation")
    left = found["figures"]
    print("Figures of lesson 03:", "recorded with the course" if found["recorded"] else "your own")
except CourseError as error:
    print(error)
    print("Until then: the search alone, on 60 dev questions. No model is asked, so no rule counts as held.")
    index = retrieval.open_index(corpus.load_handbook(), default_embedder())
    failures = []
    answerable = [question for question in questions if question.split == "dev" and question.answerable]
    for question in random.Random(3).sample(answerable, 60):
        hits = index.search(question.question, 4)
        if not all(any(covers(hit, item) for hit in hits) for item in question.evidence):
            failures.append({"id": question.id, "type": question.type, "cause": "retrieval"})
    left = {"failures": failures, "style_not_held": list(style.RULES), "style_failures": []}

failing = pd.DataFrame(left["failures"], columns=["id", "type", "cause"])
asked_for = [one for one in left["style_failures"] if one["prompt"] != "no style asked"]
print("rules broken although asked for:", dict(Counter(rule for one in asked_for for rule in one["rules"])))
print("rules of style that no prompt held:", ", ".join(left["style_not_held"]) or "none")
pd.crosstab(failing["type"], failing["cause"])

# %% [markdown]
# | cause | what could repair it | what an example would have to show |
# |---|---|---|
# | retrieval | a better search | nothing: what was not found cannot be read |
# | reading | examples, perhaps | the right source among distractors |
# | abstained | examples, perhaps | an answer, though most sources are beside the point |
# | answered | examples, perhaps | an abstention, though a source comes near |
# | a rule of style | examples | the rule, kept in every reply |
#
# "Perhaps" is for lesson 05 to measure. The course has replies of Larkspur's support desk, written one by one, each with the
# sources that a search found. The right ones are among them. **Predict, then run.** For which cause are there fewest?

# %%
replies = house_style.load_replies()


def beside(reply):
    """How many of its sources hold none of its evidence."""
    return len(reply.sources) - len({number for numbers in reply.held_by for number in numbers})


supply = {
    "retrieval": [],
    "reading": [reply for reply in replies if reply.points and beside(reply) >= 1],
    "abstained": [reply for reply in replies if reply.points and beside(reply) >= 3],
    "answered": [reply for reply in replies if reply.kind == "unanswerable"],
    "a rule of style": replies,
}
kinds = {cause: Counter(reply.kind for reply in chosen) for cause, chosen in supply.items()}
print(len(replies), "replies, about the families", ", ".join(sorted({reply.family for reply in replies})))
pd.DataFrame(kinds, index=house_style.KINDS).T.fillna(0).astype(int)

# %% [markdown]
# `open` messages do not say which product they are about: the reply asks back.
#
# ## 2 What is a chat record?
#
# A **record** is a request with the answer that you wish for: `messages`, the assistant's last. One JSON object a line
# makes a **JSONL** file. Records should look like the requests in use, distractors included. Only the long instruction is
# missing: the answers show the rules now.
#
# **Predict, then run.** Which source holds the answer? Which rules of style can you see in the reply?

# %%
reply = next(reply for reply in replies if reply.id == "cloud-117")
print("system: ", house_style.DESK)
print("\nmessage:", reply.message, "\n")
print(prompts.numbered(reply.sources))
print("\nreply:")
print(reply.styled())
print("\nrests on:", [item.quote for item in reply.evidence])

# %% [markdown]
# ### Exercise 4.1: write a record (5 minutes, •)
#
# `prompts.messages(question, sources, system=...)` gives the system's and the user's message, as lesson 03 sent them.
#
# <details><summary>Hint</summary>
#
# `[*some_list, one_more]` is a new list with one more entry at its end. A message is a dictionary with `role` and `content`.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Get the two messages from `prompts.messages`, with the message as the question and the system text handed on. Behind them
# put `{"role": "assistant", "content": answer}`. The list is the value of the key `"messages"`. The kit's version is
# `coursekit.house_style.record`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-4-1", "locked": false, "solution": true, "task": false} kit="house_style.record"
def record(system, message, answer, sources=()):
    """A chat record.

    Args:
        system: the text of the system's message.
        message: what the customer wrote.
        answer: what the model shall learn to write.
        sources: a list of `Source`, best first; it may be empty.

    Returns:
        A dictionary with one key, `messages`: a list of the system's message, the user's (the numbered sources with the
        customer's message below) and the assistant's. Each is a dictionary with `role` and `content`.
    """
    ### BEGIN SOLUTION
    asked = prompts.messages(message, sources, system=system)
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-4-1", "locked": true, "points": 1, "solution": false, "task": false}
with check("4.1"):
    lamp = [Source("Lamp > Power", "It runs for 40 hours."), Source("Prices", "It costs 9 euros.")]
    made = record("Be brief.", "How long does it run?", "40 hours [1].", lamp)
    assert isinstance(made, dict), "Return a dictionary. It becomes a line of JSON only when it is written to a file."
    assert list(made) == ["messages"], "The dictionary has one key, `messages`."
    turns = made["messages"]
    assert all(isinstance(turn, dict) for turn in turns), "Each message is a dictionary. Is there a list in your list?"
    roles = [turn.get("role") for turn in turns]
    assert "assistant" in roles, "From whose words does the model learn? The message with that role is missing."
    assert roles[-1] == "assistant", "The answer follows what it answers: its message is the last one."
    assert roles == ["system", "user", "assistant"], "Three messages: what it is told, what it is asked, the answer."
    told, asked, said = (turn["content"] for turn in turns)
    assert told == "Be brief.", "The system's message is what was handed over as `system`, and nothing else."
    assert "40 hours [1]." not in asked, "The answer stands in the user's message: nothing is left to learn."
    assert "[1] Lamp > Power" in asked, "The model shall cite a source by its number. Where are the numbered sources?"
    assert asked == prompts.messages("How long does it run?", lamp)[1]["content"], (
        "In use, `prompts.messages` makes the user's message. Take it as it is: a record should look the same."
    )
    assert said == "40 hours [1].", "The assistant's words are the answer, sign by sign."
    alone = record("Be brief.", "How long does it run?", "I do not know.")["messages"][1]["content"]
    assert alone == "Question: How long does it run?", "Without sources, the question stands alone."
    ### BEGIN HIDDEN TESTS
    assert chatdata.problem(made) is None, "The record is not well formed."
    twice = [record("Be brief.", "Who?", "You.") for _ in range(2)]
    assert twice[0] == twice[1], "Something is left from the last call."
    ### END HIDDEN TESTS

# %%
my_record = yours("4.1", record, house_style.record)
made = my_record(house_style.DESK, reply.message, reply.styled(), reply.sources)
line = json.dumps(made, ensure_ascii=False)
print(line[:90], "...\n...", line[-120:])
print("\nThe kit makes the same record:", made == house_style.with_sources(reply))
sets = {name: house_style.records(name, replies) for name in house_style.SETS}
print("Sets of records from the same replies:", {name: len(records) for name, records in sets.items()})

# %% [markdown]
# ## 3 From which tokens does the model learn?
#
# The **chat template** writes the messages as one text, with marks between the turns. The model in training predicts each
# token of it from those before, and the **loss** says how badly. But shall it learn to write customers' messages, or manuals?
#
# **Completion-only loss** counts the assistant's tokens and the mark that ends its turn. Every token gets a **label**: its
# own id, or -100 (`IGNORED`), which PyTorch's loss leaves out. The template encloses the assistant's words in
# `{% generation %}`. From that the tokenizer makes a **mask**: 1 for the assistant's tokens, 0 for all others.
#
# ### Exercise 4.2: labels from the mask (5 minutes, •)
#
# <details><summary>Hint</summary>
#
# `zip(ids, mask)` gives each token with its place in the mask. First ask whether there is anything to learn: `any(mask)`.
#
# </details>
# <details><summary>Stuck?</summary>
#
# If nothing in the mask is 1, `raise CourseError("...")` with a sentence that says so. Else return a list with one entry a
# token: the id where the mask is 1, `IGNORED` where it is 0. The kit's version is `coursekit.chatdata.labels_of`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-4-2", "locked": false, "solution": true, "task": false} kit="chatdata.labels_of"
def labels_of(ids, mask):
    """What the loss counts.

    Args:
        ids: a list of token ids.
        mask: for each token 1 if the assistant wrote it, else 0.

    Returns:
        A list with a label for each token: its id where the loss counts, else `IGNORED`. (The shift by one token, from each
        token to the next, is the model's own business.)

    Raises:
        CourseError: no token is the assistant's, so there is nothing to learn.
    """
    ### BEGIN SOLUTION
    if not any(mask):
        raise CourseError(
            "No token is marked as the assistant's, so there is nothing to learn: the chat template lacks {% generation %}."
        )
    return [token if own else IGNORED for token, own in zip(ids, mask)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-4-2", "locked": true, "points": 1, "solution": false, "task": false}
with check("4.2"):
    some = [5, 6, 7, 8]
    labels = labels_of(some, [0, 0, 1, 1])
    assert isinstance(labels, list), "Return a list of labels."
    assert some == [5, 6, 7, 8], "You changed the ids themselves: the model still has to read them. Make a new list."
    assert len(labels) == 4, "Every token gets a label, also one that does not count: the two lists stay side by side."
    assert labels[:2] != [5, 6], "The mask is 0 for the first two. Which tokens are the assistant's?"
    assert 0 not in labels, "0 is the id of a token, like any other. Which number does PyTorch's loss leave out?"
    assert labels[2:] == [7, 8], "The label of a token that counts is its own id, in its own place: do not shift."
    assert labels[:2] == [IGNORED, IGNORED], "A token that does not count has the label `IGNORED`."
    assert labels_of([0, 9], [1, 1]) == [0, 9], "The id 0 can be the assistant's. Ask the mask, not the id."
    assert labels_of([7, 3, 7], [0, 0, 1]) == [IGNORED, IGNORED, 7], "A token can stand in both. Go by its place."
    turns = labels_of([4, 5, 6, 7], [1, 0, 0, 1])
    assert turns == [4, IGNORED, IGNORED, 7], "There may be two answers in a record, with a question between them."
    try:
        refused = labels_of([5, 6], [0, 0])
    except Exception as error:
        refused = error
    assert isinstance(refused, CourseError), "A mask without a single 1 leaves nothing to learn: raise a `CourseError`."
    ### BEGIN HIDDEN TESTS
    assert len(str(refused)) > 20, "The error should say what is wrong."
    assert labels_of([1, 2, 3], [0, 1, 0]) == [IGNORED, 2, IGNORED], "The mask may end with 0."
    ### END HIDDEN TESTS

# %% [markdown]
# **Predict, then run.** Which share of the tokens will count? What would a model do that never learnt the mark `<|end|>`? In
# the picture, what counts is underlined, on blue.

# %%
my_labels = yours("4.2", labels_of, chatdata.labels_of)
tokenizer = AutoTokenizer.from_pretrained(serving.COURSE_LM)


def tokens_of(record, tokenizer=tokenizer):
    """The token ids of a record, and the assistant's mask."""
    settings = {"tokenize": True, "return_dict": True, "return_assistant_tokens_mask": True}
    encoded = tokenizer.apply_chat_template(record["messages"], **settings)
    return list(encoded["input_ids"]), list(encoded["assistant_masks"])


ids, mask = tokens_of(made)
labels = my_labels(ids, mask)
boxes = []
for token, label in zip(ids, labels):
    look = "border: 1px dotted #888888" if label == IGNORED else "background: #56B4E9; color: #000000"
    text = html.escape(tokenizer.decode([token])).replace("\n", "⏎\n")
    text = text if label == IGNORED else f"<u>{text}</u>"
    boxes.append(f'<span style="{look}; white-space: pre-wrap">{text}</span>')
display(HTML(f'<div style="line-height: 1.7">{"".join(boxes)}</div>'))
learnt = [label for label in labels if label != IGNORED]
print(f"{len(learnt)} of {len(ids)} tokens count: {len(learnt) / len(ids):.0%}. They are:")
print(tokenizer.decode(learnt))

# %% [markdown]
# Many templates have no `{% generation %}`, and transformers only warns. **Predict, then run:** what is in the mask then?

# %%
from transformers.utils import logging

print(tokenizer.chat_template, "\n")
logging.set_verbosity_error()
plain = AutoTokenizer.from_pretrained(serving.COURSE_LM)
plain.chat_template = re.sub(r"{% (end)?generation %}", "", plain.chat_template)
same_ids, empty = tokens_of(made, plain)
print("the same tokens:", same_ids == ids, "  tokens that count:", sum(empty))
try:
    my_labels(same_ids, empty)
except CourseError as error:
    print(error)

# %% [markdown]
# ## 4 What does a limit cut off?
#
# Memory limits the length of a record. Many trainers cut longer ones at the end, without a word: TRL's `SFTTrainer` at 1,024
# tokens, unless you say otherwise. **Predict, then run.** With a limit of 384, how many replies lose their last line? In how
# many is no word of the answer left?

# %%
sizes, begins, rows = {}, {}, {}
for name, records in sets.items():
    encoded = [tokens_of(one) for one in records]
    sizes[name] = np.array([len(ids) for ids, _ in encoded])
    begins[name] = np.array([mask.index(1) for _, mask in encoded])
    rows[name] = {
        "records": len(records),
        "tokens": int(sizes[name].sum()),
        "median": int(np.median(sizes[name])),
        "longest": int(sizes[name].max()),
        "share that counts": round(sum(sum(mask) for _, mask in encoded) / sizes[name].sum(), 2),
        "cut at 384": int((sizes[name] > 384).sum()),
        "no answer left": int((begins[name] >= 384).sum()),
    }
token_table = pd.DataFrame.from_dict(rows, orient="index")
token_table

# %%
limits = (128, 192, 256, 320, 384, 512)
whole = pd.DataFrame({name: {limit: float((size <= limit).mean()) for limit in limits} for name, size in sizes.items()})
figure = plots.lines(
    whole, title="Records that are whole", x_label="limit in tokens", y_label="share of the records", log_x=True
)
plots.show(
    figure,
    alt="Line chart of the share of records that fit, over the limit in tokens, one line for each set. Look for the limit at "
    "which each line reaches 1, and at how far the set without sources lies from the others.",
)
cut = next(at for at, size in enumerate(sizes["style"]) if size > 384 and begins["style"][at] < 370)
ids, _ = tokens_of(sets["style"][cut])
print("what a limit of 384 leaves of", replies[cut].id, "...", repr(tokenizer.decode(ids[begins["style"][cut] : 384])))
try:
    chatdata.encode(sets["style"][cut], tokenizer, 384)
except CourseError as error:
    print(error)

# %% [markdown]
# Cut records lack their sign-off and the mark that ends the turn. So the kit refuses them. The remedies: fewer or shorter
# sources, or a higher limit.
#
# ## 5 Does your split leak?
#
# **Held-out** records are kept from training, to see how a model does on what it has not seen. Drawn at random, they have
# siblings in training: the same fact, the same product. So split by **groups**, each of them on one side.
#
# ### Exercise 4.3: split by group (10 minutes, ••)
#
# Go through the groups in an order that the seed decides. Hold a group out if that brings the held-out part nearer to the
# size that is wanted.
#
# <details><summary>Hint</summary>
#
# `Counter(key(item) for item in items)` counts each group's items. Sort the groups before you shuffle them with
# `random.Random(seed).shuffle(groups)`: then their order depends on the seed alone. `sorted(..., key=repr)` sorts anything.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Wanted are `share * len(items)` items. Keep a set of held-out groups and a count of their items, from 0. For each group
# compare two distances from what is wanted: of the count with this group, and of the count without it. If the first is
# smaller, add the group and raise the count. At the end make two lists: the items whose group is not in the set, and those
# whose group is. The kit's version is `coursekit.chatdata.split_by`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-4-3", "locked": false, "solution": true, "task": false} kit="chatdata.split_by"
def split_by(items, key, share, seed=0):
    """Split by groups: all items of one group go to the same side.

    Args:
        items: a list of anything, such as records.
        key: a function that gives an item's group: `key(item)`.
        share: the share of the items, from 0 to 1, that should be held out. Whole groups come near it.
        seed: decides which groups. Neither the order of the items nor anything else does.

    Returns:
        Two lists: the items to train on, and those held out. Each keeps the order of `items`.
    """
    ### BEGIN SOLUTION
    items = list(items)
    sizes = Counter(key(item) for item in items)
    groups = sorted(sizes, key=repr)
    random.Random(seed).shuffle(groups)
    wanted, count, held = share * len(items), 0, set()
    for group in groups:
        if abs(count + sizes[group] - wanted) < abs(count - wanted):
            held.add(group)
            count += sizes[group]
    return [item for item in items if key(item) not in held], [item for item in items if key(item) in held]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-4-3", "locked": true, "points": 3, "solution": false, "task": false}
with check("4.3"):
    counts = {"kite": 9, "lamp": 2, "pump": 2, "sieve": 3, "tent": 2, "vane": 2}
    items = [{"number": number, "about": about} for about, count in counts.items() for number in range(count)]
    random.Random(1).shuffle(items)
    parts = split_by(items, lambda item: item["about"], 0.3)
    assert isinstance(parts, tuple), "Return two lists: to train on, and held out."
    train, held = parts
    assert len(train) + len(held) == len(items), "Every item goes to exactly one of the two sides."
    both = {item["about"] for item in train} & {item["about"] for item in held}
    assert not both, "A group is on both sides. What decides the side of an item?"
    assert held, "Nothing is held out. If one group is too large, look at the next one."
    assert len(held) < len(train), "Less than half was to be held out. Which of your two lists comes first?"
    splits = [split_by(items, lambda item: item["about"], 0.3, seed=seed) for seed in range(12)]
    assert min(len(held) for _, held in splits) >= 3, "Wanted are 6 of 20 items. With some seeds you hold out too few."
    fair = "Wanted are 6 of 20 items. With some seeds you hold out far more: count items, not groups, and look ahead."
    assert max(len(held) for _, held in splits) <= 9, fair
    ordered = "Each list keeps the order in which the items came."
    assert all(part == [item for item in items if item in part] for part in splits[0]), ordered
    assert splits[0] == split_by(items, lambda item: item["about"], 0.3), "The same seed has to give the same split."
    assert any(split != splits[0] for split in splits), "Another seed should hold out other groups."
    turned = [split_by(items[::-1], lambda item: item["about"], 0.3, seed)[1][::-1] for seed in range(12)]
    resorted = "The same items in another order give other groups. In which order do you shuffle the groups?"
    assert turned == [held for _, held in splits], resorted
    later = split_by(items, lambda item: item["number"] > 1, 0.3)[1]
    assert all(item["number"] > 1 for item in later), "The group of an item is what `key` gives, whatever that is."
    ### BEGIN HIDDEN TESTS
    assert split_by(items, lambda item: item["about"], 0.0)[1] == [], "A share of 0 holds out nothing."
    assert split_by([], lambda item: item, 0.3) == ([], []), "Nothing to split."
    ### END HIDDEN TESTS

# %% [markdown]
# What is a leak worth? Ask a **parrot**. It learns nothing: it answers with the reply of the most similar training message, by
# embedding. Its fact is right if both replies rest on the same quote. Whatever it scores on facts is a gift of the split. No
# two families share a quote, so there it must score 0.
#
# **Predict, then run.** We split by message (each a group of its own: a random split), by product, and by family. Where will
# the parrot score most, on facts and on form?

# %%
my_split = yours("4.3", split_by, chatdata.split_by)
embedder = default_embedder()


def keeps_all(text, reply):
    """Whether a text keeps all rules of style as a reply to a message."""
    if reply.kind == "open":
        return style.asks_back(text, reply.sources)
    return all(style.follows(text, reply.message, reply.sources).values())


def judge_parrot(train, held):
    """The parrot's replies; its share of right facts and of replies that keep all rules."""
    heard, known = (embedder.encode([one.message for one in part]) for part in (held, train))
    said = [train[at] for at in (heard @ known.T).argmax(axis=1)]
    right = [bool(set(one.evidence) & set(other.evidence)) for one, other in zip(held, said) if one.evidence]
    low, high = bootstrap_interval(right)
    facts = {"mean": float(np.mean(right)), "low": low, "high": high}
    form = float(np.mean([keeps_all(other.styled(), one) for one, other in zip(held, said)]))
    return said, {"held out": len(held), **facts, "all rules": form}


# %%
keys = {"by message": lambda reply: reply.id, "by product": lambda reply: reply.product}
keys["by family"] = lambda reply: reply.family
parrots, leaks = {}, {}
for name, key in keys.items():
    train, held = my_split(replies, key, 0.2)
    parrots[name] = (held, *judge_parrot(train, held))
    leaks[f"ours, {name}"] = parrots[name][2]
held, said, _ = parrots["by message"]
pairs = [(one, other) for one, other in zip(held, said) if one.evidence]
for wanted in (True, False):
    alike = [pair for pair in pairs if bool(set(pair[0].evidence) & set(pair[1].evidence)) == wanted]
    for one, other in alike[:1]:
        print(f"same fact: {wanted}\n  held out: {one.message}\n  parrot's: {other.message}")
held, said, _ = parrots["by family"]
pairs = [(one, other) for one, other in zip(held, said) if one.kind != "open"]
kept = [style.follows(other.styled(), one.message, one.sources) for one, other in pairs]
lost = Counter(rule for rules in kept for rule, good in rules.items() if not good)
print(f"held out by family: {held[0].family}; rules that the parrot breaks there:", dict(lost.most_common()))
pd.DataFrame.from_dict(leaks, orient="index").round(2)

# %% [markdown]
# Our replies were written to differ. Many data sets grow otherwise: somebody has each message reworded by a machine. Here a
# function stands for the machine: it turns the sentences round and adds a greeting.
#
# **Predict, then run.** What does the parrot score on the doubled set? What if both wordings of a message stay together?

# %%
AGAIN = "-again"


def reworded(message):
    """The sentences of a message in another order, with a greeting."""
    first, *rest = re.split(r"(?<=[.?!]) ", message)
    return " ".join(["Hello.", *rest, first, "Many thanks!"])


twins = [dataclasses.replace(one, id=one.id + AGAIN, message=reworded(one.message)) for one in replies]
print(replies[5].message, "\n ->", twins[5].message)
together = {"wordings together": lambda reply: reply.id.removesuffix(AGAIN)}
for name, key in {"by message": keys["by message"], **together, "by family": keys["by family"]}.items():
    leaks[f"doubled, {name}"] = judge_parrot(*my_split(replies + twins, key, 0.2))[1]
leak_table = pd.DataFrame.from_dict(leaks, orient="index")
for name, row in leaks.items():
    verdict = "the split leaks" if row["low"] > 0 else "no leak to be seen"
    print(f"{name}: {row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}] right -> {verdict}")
figure = plots.intervals(leak_table, title="A parrot's score on facts", x_label="share right, of what was held out")
plots.show(
    figure,
    alt="One horizontal bar for each data set and split: the share of held-out messages for which the parrot returns a reply "
    "on the same fact, with its 95 % interval. An honest split leaves the parrot at 0.",
)
leak_table.round(2)

# %% [markdown]
# `all rules` counts form alone, which a parrot gets by copying. Lesson 05 holds out whole families, and reports form beside
# facts.
#
# ## 6 How do you find near-duplicates?
#
# A split cannot keep together what nobody knows to be related. A **shingle** is a run of words, here of three. The **Jaccard
# similarity** of two texts is the share of all their shingles that both have (Broder, 1997): lesson 01's IoU.
#
# ### Exercise 4.4: shingles (6 minutes, ••, if you have time)
#
# <details><summary>Hint</summary>
#
# `re.findall(r"\w+", text.lower())` gives the words. `words[at : at + size]` is the run that begins at `at`. At which place does
# the last whole run begin?
#
# </details>
# <details><summary>Stuck?</summary>
#
# There are `len(words) - size + 1` runs, and at least one is wanted: `max(1, ...)`. A slice that goes beyond the end is shorter,
# so the short text comes by itself. Make each run a tuple, and a `frozenset` of them all. The kit's version is
# `coursekit.chatdata.shingles`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-4-4", "locked": false, "solution": true, "task": false} kit="chatdata.shingles"
def shingles(text, size=SHINGLE):
    """Every run of `size` words of a text.

    Args:
        text: any text. Case and signs between the words do not matter.
        size: how many words a run has; 3 when left out.

    Returns:
        A frozenset of tuples of words in small letters. A text with fewer words than `size` gives one tuple, of all its
        words.
    """
    ### BEGIN SOLUTION
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-4-4", "locked": true, "points": 2, "solution": false, "task": false}
with check("4.4"):
    runs = shingles("Charge the lamp, for 5 hours.")
    assert isinstance(runs, (set, frozenset)), "Return a frozenset: a run that occurs twice counts once."
    assert all(isinstance(run, tuple) for run in runs), "Each run is a tuple of its words, not one text."
    assert all(type(word) is str for run in runs for word in run), "A run holds words, one by one."
    assert ("Charge", "the", "lamp") not in runs, "`Charge` and `charge` should be the same word: small letters first."
    assert not any("lamp," in run for run in runs), "A comma belongs to no word. What finds words without their signs?"
    assert not any("c" in run for run in runs), "A run is made of words, not of letters."
    assert ("charge", "the", "lamp") in runs, "The first run has the first three words, in their order."
    assert ("the", "lamp", "for") in runs, "The next run begins one word later, not three."
    assert ("for", "5", "hours") in runs, "The last run ends with the last word. How far does your counting go?"
    assert len(runs) == 4, "Six words have four runs of three. What else is in your set?"
    assert shingles("one two three", 2) == {("one", "two"), ("two", "three")}, "`size` says how long a run is."
    assert shingles("Thank you!") == {("thank", "you")}, "A text shorter than a run is one run: all of its words."
    ### BEGIN HIDDEN TESTS
    assert shingles("a b c a b c") == {("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b")}, "A run that repeats."
    assert shingles("One two three") == {("one", "two", "three")}, "Exactly one run."
    ### END HIDDEN TESTS

# %% [markdown]
# **Predict, then run.** Here are six texts beside one of our messages. Which would you call its duplicates? Which does Jaccard
# find (0.6 and more)? Does the cosine of embeddings see others?

# %%
my_shingles = yours("4.4", shingles, chatdata.shingles)

original = next(reply.message for reply in replies if reply.id == "marlhope-019")
planted = {
    "a greeting": f"Hello! {original} Thanks a lot.",
    "turned round": reworded(original),
    "another number": original.replace("field 7", "field 12"),
    "another product": original.replace("Marlhope 30", "Oxbarrow P2"),
    "other words": "Early tomorrow we run the cultivator over the plot where our Marlhope 30 stands. Take it out first?",
    "another question": "Vegetable farm here. In the middle of field 7 sits a Marlhope 30. How deep does it measure?",
}
print("message:", original)
vectors = embedder.encode([original, *planted.values()])
rows = {}
for (name, text), vector in zip(planted.items(), vectors[1:]):
    share = chatdata.jaccard(my_shingles(original), my_shingles(text))
    rows[name] = {"Jaccard": share, "found": share >= chatdata.ALIKE, "cosine": float(vectors[0] @ vector)}
near_table = pd.DataFrame.from_dict(rows, orient="index").round(2)
near_table

# %%
messages = [reply.message for reply in replies]
again = chatdata.near_duplicates([twin.message for twin in twins], messages)
print(f"reworded twins that are found: {len({at for at, other, _ in again if at == other})} of {len(twins)}")
print("near-duplicates among our messages:", len(chatdata.near_duplicates(messages)))
own = embedder.encode(messages)
overlap = {}
for split in ("dev", "test"):
    asked = [question for question in questions if question.split == split]
    texts = [question.question for question in asked]
    overlap[split] = len(chatdata.near_duplicates(messages, texts))
    cosines = own @ embedder.encode(texts).T
    at, other = np.unravel_index(cosines.argmax(), cosines.shape)
    shared = {question.about for question in asked} & {reply.family for reply in replies}
    print(f"\n{split} questions: {overlap[split]} near-duplicates; families in common: {len(shared)}")
    print(f"  the closest by cosine, {cosines.max():.2f}: {messages[at]}\n  {texts[other]}")

# %% [markdown]
# Read the two pairs: would one answer give away the other? Shared words show copies only. Best is to know from what each
# record was made, and to split by that.
#
# ## 7 Does every reply keep the style?
#
# Hold the data against the rules before you train on them. Each rule is a function of reply, message and sources.
#
# ### Exercise 4.5: every point is cited (7 minutes, ••, if you have time)
#
# `points_of(text)` gives the lines that begin with `- `, without that sign. `citations.parse(point, n)` has `valid`, the numbers
# that are those of a source, and `invalid`, those that are not.
#
# <details><summary>Hint</summary>
#
# Two questions for each point: does it cite, and only what exists? Does it end with a `]`, with perhaps a full stop behind it?
# For the second: `re.search(r"\][.!]?$", point)`.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Parse every point, with `len(sources)`. All must have something in `valid` and nothing in `invalid`; and the search must find
# something in all of them. `all(...)` of nothing is True, as it should be. The kit's version is `coursekit.style.cited`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "exercise-4-5", "locked": false, "solution": true, "task": false} kit="style.cited"
def cited(text, question, sources):
    """Whether each point of a reply ends with the number of a source.

    Args:
        text: the reply.
        question: the message that it answers. All rules are given it; this one has no use for it.
        sources: a list of the sources that were handed over.

    Returns:
        True or False. Every point has to cite, only sources that exist, and at its end. A reply without points keeps the rule.
    """
    ### BEGIN SOLUTION
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return all(one.valid and not one.invalid for one in found) and all(ends)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-4-5", "locked": true, "points": 2, "solution": false, "task": false}
with check("4.5"):
    lamp = [Source("Lamp > Power", "It runs for 40 hours."), Source("Prices", "It costs 9 euros.")]

    def keeps(*points):
        lines = ["Lamp: a long night.", *(f"- {point}" for point in points), "Next step: Fill it.", "Larkspur"]
        return cited("\n".join(lines), "How long does it run?", lamp)

    assert isinstance(keeps("It runs for 40 hours [1]."), bool), "Return True or False."
    assert keeps("It runs for 40 hours [1].", "It costs 9 euros [2]."), "Both points cite at their end what exists."
    assert not keeps("It runs for 40 hours."), "This point cites nothing."
    assert not keeps("It runs for 40 hours [1].", "It costs 9 euros."), "Each point needs one, also the second."
    assert not keeps("It runs for 40 hours.", "It costs 9 euros [2]."), "Each point needs one, also the first."
    assert not keeps("It runs for 40 hours [7]."), "Two sources were handed over. Where does 7 point?"
    assert not keeps("It runs for 40 hours [1][7]."), "One of its two numbers points nowhere: look at both kinds."
    assert not keeps("It runs [1] for 40 hours."), "The citation belongs at the end of the point."
    assert keeps("It runs for 40 hours [1][2]."), "Two sources may hold a fact: two numbers at the end are fine."
    assert keeps("It runs for 40 hours [1]"), "The rule is about the citation. A full stop may stand behind it or not."
    assert keeps("The dial shows [--] when it is off [1]."), "Brackets may stand inside a point, too. Look at its end."
    assert keeps(), "A reply that asks back has no points, and so none without a citation."
    ### BEGIN HIDDEN TESTS
    assert not keeps("It runs for 40 hours [0]."), "Sources are numbered from 1."
    assert not keeps("It runs for 40 hours [1] as we know."), "Words follow the citation."
    ### END HIDDEN TESTS

# %% [markdown]
# **Predict, then run.** All replies are checked. Then each is damaged in eight ways. Which damage does no rule of form see? The
# last column looks for the points' numbers in the sources that they cite, as in lesson 03.

# %%
from coursekit import support

my_cited = yours("4.5", cited, style.cited)
rules = style.RULES | {"cited": my_cited}
stating = [reply for reply in replies if reply.points]
asking = [reply for reply in replies if reply.kind == "open"]


def broken(text, reply):
    """For each rule, whether a text breaks it as a reply to a message."""
    return {name: not rule(text, reply.message, reply.sources) for name, rule in rules.items()}


kept = [not any(broken(reply.styled(), reply).values()) for reply in replies if reply.kind != "open"]
asked_back = [style.asks_back(reply.styled(), reply.sources) for reply in asking]
print(f"replies that keep all rules: {sum(kept)} of {len(kept)}; that ask back: {sum(asked_back)} of {len(asking)}")


def numbers_missing(text, reply):
    """Whether a point has a number that stands in none of the sources it cites."""
    read = [f"{source.heading}\n{source.text}" for source in reply.sources]
    points = citations.parse("\n".join(points_of(text)), len(read)).sentences
    pointed = [[read[number - 1] for number in point.cites if 0 < number <= len(read)] for point in points]
    return any(support.missing_numbers(point.text, [*texts, reply.product]) for point, texts in zip(points, pointed))


# %%
damage = {
    "no citations": lambda text, n: re.sub(r" \[\d\]", "", text),
    "source 9 cited": lambda text, n: re.sub(r"\[\d\]", "[9]", text),
    "no product": lambda text, n: re.sub(r"^.+?: ", "", text),
    "a greeting": lambda text, n: f"Hello!\n{text}",
    "a jargon word": lambda text, n: text.replace(style.NEXT_STEP, f"{style.NEXT_STEP}Kindly wait. "),
    "no sign-off": lambda text, n: text.removesuffix(f"\n{style.SIGN_OFF}"),
    "the next source cited": lambda text, n: re.sub(r"\[(\d)\]", lambda mark: f"[{int(mark[1]) % n + 1}]", text),
    "another number": lambda text, n: re.sub(r"(?<![\[\w])\d(?!\])", lambda digit: str((int(digit[0]) + 1) % 10), text),
}
seen = {}
for name, spoil in {"nothing": lambda text, n: text, **damage}.items():
    spoilt = [(spoil(one.styled(), len(one.sources)), one) for one in stating]
    spoilt = [(text, one) for text, one in spoilt if name == "nothing" or text != one.styled()]
    flags = pd.DataFrame([broken(*pair) | {"a number": numbers_missing(*pair)} for pair in spoilt])
    seen[name] = {"replies": len(spoilt), **flags.mean()}
seen_table = pd.DataFrame.from_dict(seen, orient="index")
unseen = [name for name, row in seen_table[list(rules)].max(axis=1).items() if row < 0.5 and name != "nothing"]
print("damage that no rule of form sees in half of the replies:", ", ".join(unseen) or "none")
seen_table.round(2)

# %% [markdown]
# A checker of form does not know what is true. For that, read a sample by eye, with its sources. Flags in the row `nothing` are
# false alarms, or mistakes in our data.
#
# ## 8 What does a hosted service want?
#
# A popular guide shows pairs of `prompt` and `completion` for OpenAI's service. Today's format is the chat record that you
# wrote. A service refuses a file with a bad line, so check it first.
#
# **Predict, then run.** We spoil five lines. Which would only a tokenizer find?

# %%
from coursekit import hosted

workshop = tempfile.TemporaryDirectory()
train, held = my_split(replies, lambda reply: reply.family, 0.2)
files = {name: Path(workshop.name) / f"{name}.jsonl" for name in ("train", "held-out", "spoilt")}
for name, part in (("train", train), ("held-out", held)):
    count = chatdata.write_records(files[name], house_style.records("style", part))
    print(f"{name}: {count} records, {files[name].stat().st_size / 1e6:.1f} MB")
count_tokens = hosted.count_with(tokenizer)
print("problems:", hosted.check_lines(corpus.read_text(files["train"]), count_tokens), "\n")

lines = corpus.read_text(files["train"]).split("\n")
first, second = json.loads(lines[0]), json.loads(lines[1])
lines[0] = str(first)
lines[1] = json.dumps({"prompt": second["messages"][1]["content"], "completion": second["messages"][2]["content"]})
lines[2] = json.dumps({"messages": first["messages"][:2]})
lines[3] = json.dumps({**first, "product": "Larkspur Cloud"})
lines[4] = json.dumps({"messages": [{"role": "user", "content": "Why? " * 40_000}, first["messages"][2]]})
problems = hosted.check_lines("\n".join(lines), count_tokens)
print("\n".join(problems))
files["spoilt"].write_text("\n".join(lines), encoding="utf-8")
print("would", len(hosted.check_lines("\n".join(lines))), "problems be found without counting tokens?")

# %% [markdown]
# A service charges for each token in each **epoch**, a pass through the file. **Predict, then run.** What would three epochs
# cost? It is an estimate: course-lm's tokenizer counts, and the prices of `datasets/prices.yml` have a date.

# %%
prices = hosted.load_prices()
trained = sum(count_tokens(one) for one in house_style.records("style", train))
costs = {}
for offer in prices["training"]:
    costs[offer["name"]] = hosted.training_price(trained, 3, offer["price"])
    seller = "second-hand" if offer.get("secondary") else "the seller's page"
    print(f"{offer['name']}: {costs[offer['name']]:.2f} dollars")
    print(f"  at {offer['price']:.2f} a million tokens ({seller}, {offer['date']})")
print(f"for {len(train)} records, {trained:,} tokens, 3 epochs\n")
ends = prices["openai_fine_tuning"]
print("OpenAI ends its fine-tuning service:")
print("  no new jobs for organisations new to it, from", ends["new_organisations"])
print("  ... for those that have not used a tuned model lately, from", ends["inactive_organisations"])
print("  ... for everybody, from", ends["everybody"])
print("  tuned models stop answering on", ends["tuned_models_stop"])

# %% [markdown]
# So our upload is a **dry run**. A recording server on this machine takes the real client's requests, checks them, keeps them,
# and trains nothing. **Predict, then run:** what does a job name besides its files?

# %%
from openai import BadRequestError

with hosted.recording_server() as server:
    client = server.client()
    model = "gpt-4o-mini-2024-07-18"
    job = hosted.upload_and_start(client, files["train"], model, held_out=files["held-out"], epochs=3, suffix="desk")
    print("job:", job.id, "-", job.status, "\n")
    for name, content in server.files.items():
        print(name, "holds", content.count("\n"), "records")
    print(json.dumps(server.jobs[0], indent=1))
    try:
        hosted.upload_and_start(client, files["spoilt"], model)
    except CourseError as error:
        print("\nbefore the upload:", error)
    try:
        client.fine_tuning.jobs.create(training_file="file-9", model=model)
    except BadRequestError as error:
        print("by the server:", error.body["message"])
    print("jobs started:", len(server.jobs))

# %% [markdown]
# `hosted.upload_and_start(openai.OpenAI(), ...)` would do the same for money.
#
# ## 9 How many examples are worth writing?
#
# A popular guide says 500 to 10,000 and more, curated. LIMA (Zhou and others, 2023) tuned a model of 65 billion parameters on
# 1,000. Lesson 05 trains course-lm on 50, 200, 500 and all training records. Which share of its replies on unseen products will
# keep all rules?
#
# **Predict, then run.** Write your guess for each size. Lesson 05 answers it. Beside it stands the parrot, which a model has to
# beat.

# %% nbgrader={"grade": false, "grade_id": "guess-4", "locked": false, "solution": true, "task": false}
guess = {}  # for "50", "200", "500" and "all": the share of replies, from 0 to 1, that keep all rules
### BEGIN SOLUTION
guess = {"50": 0.3, "200": 0.6, "500": 0.8, "all": 0.9}  # one person's guess, made before lesson 05
### END SOLUTION
guess = {size: float(share) for size, share in guess.items() if 0 <= share <= 1}
print(len(guess), "of 4 sizes have a guess")

# %%
copied = {}
for size, count in {"50": 50, "200": 200, "500": 500, "all": len(train)}.items():
    copied[size] = judge_parrot(house_style.draw(train, count), held)[1]["all rules"]
pd.DataFrame({"your guess": guess, "a parrot": copied}, index=list(copied)).astype(float).round(2)

# %% [markdown]
# ## 10 What you measured
#
# Claims of two popular guides, and what you measured.

# %%
claims = {
    "C26": "First RAG, then find what prompts do not hold, then tune on that.",
    "C19": "Data are a hard part of tuning.",
    "C44": "Hold out validation data.",
    "C50": "Training data are pairs of prompt and completion; upload them and start a job.",
    "C42": "Tuning takes 500 to 10,000 and more curated examples.",
}
fact = {name: f"{row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" for name, row in leaks.items()}
measured = {
    "C26": "Records for " + ", ".join(f"{cause}: {len(chosen)}" for cause, chosen in supply.items()) + ".",
    "C19": f"A limit of 384 tokens cuts {token_table.loc['style', 'cut at 384']} of {len(replies)} replies. "
    f"Damage that no rule of form sees: {', '.join(unseen) or 'none'}.",
    "C44": f"A parrot's share of right facts: {fact['doubled, by message']} if reworded messages are split at random, "
    f"{fact['doubled, by family']} if split by family.",
    "C50": f"A pair is refused today: {problems[1]}. As chat records, {len(train)} were taken, in a dry run.",
    "C42": f"Your guess for all {len(train)}: {guess.get('all', 'none')}. A parrot with all of them: {copied['all']:.2f}.",
}
for number, claim in claims.items():
    print(f"{number}: {claim}\n    {measured[number]}")

# %%
figures = {
    "supply": {cause: len(chosen) for cause, chosen in supply.items()},
    "tokens": token_table.to_dict("index"),
    "leaks": leaks,
    "near_duplicates": {"planted": near_table.to_dict("index"), "questions": overlap},
    "damage_seen": seen_table.round(4).to_dict("index"),
    "costs": {"tokens": trained, "epochs": 3, "dollars": costs},
    "split": {"held_out": sorted({reply.family for reply in held}), "train": len(train), "held": len(held)},
    "guess": guess,
    "C42": {"parrot": copied},
    "claims": measured,
}
print("saved:", results.save("04-preparing-lora-data", figures).name)

# %% [markdown]
# ## What this model size cannot show
#
# - A larger model may hold a form after fewer examples. Its own tokenizer counts other lengths.
# - Language models wrote our replies, under one brief. Real tickets are messier, and hold names that must go.
# - A form is easy to check. Where good answers differ in form, people have to judge.
#
# ## Quiz

# %%
show_quiz(
    Quiz("The loss counts every token of records with long sources. What does the model mostly learn?", [
        Choice("To write text such as the sources.", True, "Most tokens are theirs, and so is most of the loss."),
        Choice("To answer, but faster.", False, "The answer's tokens are few among many."),
        Choice("Nothing: the loss stays 0.", False, "That happens where no token counts."),
    ]),
    Quiz("A trainer cuts records at its limit. What is lost first?", [
        Choice("The system's message.", False, "It stands at the beginning. Most trainers cut at the end."),
        Choice("The end of the answer, with the mark that ends it.", True, "So the model may never learn to stop."),
        Choice("The worst source.", False, "A limit knows nothing of sources. Drop them yourself, before."),
    ]),
    Quiz("Each message was reworded five times, and a tenth was held out at random. The score is high. What do you ask?", [
        Choice("Nothing. Held out is held out.", False, "Its other wordings were trained on."),
        Choice("The score with all wordings of a message on one side.", True, "Then the answer has not been seen."),
        Choice("The score after more epochs.", False, "More training on leaked answers raises it further."),
    ]),
    Quiz("Every reply of a data set passes the style checker. What do you know?", [
        Choice("The replies are good.", False, "A wrong number in good form passes."),
        Choice("They have the form. Whether they are true is open.", True, "That takes the sources, and eyes."),
        Choice("The model will keep the style.", False, "Lesson 05 measures that on products it has not seen."),
    ]),
)  # fmt: skip

# %% [markdown]
# ## Take-away
#
# - Trace failures first. Examples teach behaviour; they repair no search.
# - Look at the mask before you train: the answer, its end mark, nothing else.
# - Count tokens. Refuse what is too long, and never cut it.
# - Split by what records were made from. Let a parrot test the split.
# - A checker of form is quick and blind to truth. Read a sample.
#
# This is the end of the core. Your figures are saved.
#
# ## Going further (optional): which records aim at your failures?
#
# The cell draws 200 training records: half at random, half from the kinds in which lesson 03's *reader* failed. **Predict, then
# run.** Which kinds will it take most of? Lesson 05 has a recorded second iteration of this sort.

# %% tags=["nbval-ignore-output"] reason="what it draws depends on whether lesson 03 was done on this machine"
kind_of = {"one_fact": "fact", "two_fact": "two_facts"}  # where a question's type and a reply's kind differ in name
reader = failing[failing["cause"] != "retrieval"]
weights = Counter(kind_of.get(name, name) for name in reader["type"])
if not weights:
    print("No failure of the reader is known: all kinds of questions count alike until you have done lesson 03.")
    weights = Counter(kind for kind in house_style.KINDS if kind != "open")
drawn = house_style.draw(train, len(train))
targeted, rest = drawn[:100], drawn[100:]
for kind, weight in sorted(weights.items()):
    targeted += [reply for reply in rest if reply.kind == kind][: round(100 * weight / weights.total())]
compared = {"failures": weights}
for name, chosen in {"targeted": targeted, "at random": drawn[: len(targeted)]}.items():
    compared[name] = Counter(reply.kind for reply in chosen)
pd.DataFrame(compared, index=house_style.KINDS).fillna(0).astype(int)

# %% [markdown]
# ## Going further (optional): tuning for structure, tuning for reasoning
#
# A popular guide names two more uses beside RAG: a fixed structure, such as JSON for another program, and a way of reasoning,
# such as symptom, cause, action. The same replies give both sets. **Predict, then run.** Which share of a ticket's tokens
# is structure, the same in every ticket?

# %%
KEYS = ["product", "severity", "answer", "sources", "next_step"]


def is_ticket(text, n_sources):
    """Whether a text is JSON with the five keys in order, a known severity, and sources that exist."""
    try:
        ticket = json.loads(text)
        exist = all(1 <= number <= n_sources for number in ticket["sources"])
        return list(ticket) == KEYS and ticket["severity"] in house_style.SEVERITIES and exist
    except (ValueError, KeyError, TypeError):
        return False


faulty = next(reply for reply in replies if reply.id == "marlhope-083")
print(f"{faulty.message}\n\n{faulty.ticket()}\n\n{faulty.diagnosis()}\n")
good = sum(is_ticket(reply.ticket(), len(reply.sources)) for reply in replies)
print("tickets that keep the structure:", good, "of", len(replies))
text, n = faulty.ticket(), len(faulty.sources)
spoilt = (text[:-1], text.replace("severity", "urgency"), re.sub('"(low|medium|high)"', '"dire"', text))
print("and of three that we spoil:", sum(is_ticket(one, n) for one in spoilt))
written = np.mean([len(tokenizer.encode(reply.ticket())) for reply in replies])
structure = len(tokenizer.encode(json.dumps(dict.fromkeys(KEYS, "")))) / float(written)
print(f"structure: {structure:.0%} of a ticket's tokens;", len(sets["diagnosis"]), "messages have a diagnosis")

# %% [markdown]
# Whether structure and reasoning hold on unseen products is for lesson 06, which has an adapter for each.
#
# ## Next
#
# **Lesson 05** builds LoRA from two matrices, trains on these records, and answers your guess.

# %%
measured["C24"] = (
    f"{good} of {len(replies)} tickets keep the structure, {structure:.0%} of their tokens. See lesson 06."
)
measured["C23"] = f"{len(sets['diagnosis'])} diagnoses are ready, each with its sources. See lesson 06."
figures |= {
    "targeted": [reply.id for reply in targeted],
    "C24": {"tickets": len(replies), "good": good, "structure_share": structure},
    "C23": {"diagnoses": len(sets["diagnosis"])},
}
workshop.cleanup()
print("saved:", results.save("04-preparing-lora-data", figures).name)
print("all", "done")
