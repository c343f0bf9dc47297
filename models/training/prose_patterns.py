"""How sentences of prose are asked for: the wordings for what each rule finds, and those that any sentence serves."""

import dataclasses

import prose_rules
from prose_rules import Rule


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A rule for sentences: what it finds, how to ask for it, and how to answer.

    `find` gets a sentence without its full stop and the base forms of verbs, and returns slots or None. The slots in `wanted` must be
    plain enough to stand in a question. A wording may use every slot and `{s}`, the sentence.
    """

    find: Rule
    asks: tuple[str, ...]
    answers: tuple[str, ...] = ("{s}",)
    wanted: tuple[str, ...] = ("a",)


PATTERNS: dict[str, Pattern] = {
    "goal first": Pattern(prose_rules.goal_first, (
        "How do I {a}?", "How can I {a}?", "What should I do to {a}?", "I want to {a}. What do I do?",
        "What is the way to {a}?",
        "What do I have to do in order to {a}?", "I need to {a}. How?", "How would I {a}?", "how to {a}",
        "How does one {a}?",
        "Tell me how to {a}.", "What are the steps to {a}?",
    ), ("{s}", "{b}", "{s}")),
    "goal last": Pattern(prose_rules.goal_last, (
        "How do I {a}?", "What should I {verb} to {a}?", "What do I {verb} if I want to {a}?", "How can I {a}?",
        "I'd like to {a}. What should I {verb}?", "What helps me to {a}?",
        "What is there to {verb} in order to {a}?", "how to {a}",
        "What must I {verb} to {a}?", "Is there a way to {a}?",
    )),
    "you can": Pattern(prose_rules.you_can, (
        "How can I {a}?", "What can I {verb} to {a}?", "Is there a way to {a}?", "I want to {a}. What can I {verb}?",
        "How do I {a}?",
        "What lets me {a}?", "Which thing can I {verb} to {a}?", "how can i {a}", "How is it possible to {a}?",
    )),
    "if, thing": Pattern(prose_rules.condition_first("If", orders=False), (
        "What happens if {a}?", "What if {a}?", "What is the result if {a}?", "Suppose that {a}. What then?",
        "If {a}, what happens?",
        "What will happen in case {a}?", "What follows if {a}?", "What do I get if {a}?",
        "Tell me what happens if {a}.",
    ), ("{s}", "{b}", "{s}")),
    "if, order": Pattern(prose_rules.condition_first("If", orders=True), (
        "What should I do if {a}?", "What do I do if {a}?", "If {a}, what should I do?", "What is to be done if {a}?",
        "What now if {a}?", "Suppose that {a}. What should I do?", "What is the advice if {a}?",
        "How do I go on if {a}?",
        "What am I supposed to do if {a}?",
    ), ("{s}", "{b}", "{s}")),
    "when, thing": Pattern(prose_rules.condition_first("When", orders=False), (
        "What happens when {a}?", "When {a}, what happens?", "What is the effect when {a}?",
        "What takes place when {a}?",
        "Say what happens when {a}.", "What goes on when {a}?", "What can I expect when {a}?", "And when {a}?",
    ), ("{s}", "{b}", "{s}")),
    "when, order": Pattern(prose_rules.condition_first("When", orders=True), (
        "What should I do when {a}?", "What do I do when {a}?", "When {a}, what should I do?",
        "What is the advice when {a}?",
        "What am I to do when {a}?", "What do I have to remember when {a}?", "What matters when {a}?",
        "What is best done when {a}?",
    ), ("{s}", "{b}", "{s}")),
    "condition last": Pattern(prose_rules.condition_last, (
        "What is the condition under which {a}?", "Under which condition is it true that {a}?",
        "Is it always so that {a}?",
        "In which case is it true that {a}?", "On what does it depend whether {a}?",
        "Do the sources name a condition for this: {a}?",
        "What has to be the case so that {a}?", "Is there a condition on this? I mean that {a}.",
    ), wanted=("a", "c")),
    "definition": Pattern(prose_rules.definition, (
        "What {be} {a}?", "What {be} meant by {a}?", "Can you explain what {a} {be}?", "What exactly {be} {a}?",
        "Tell me what {a} {be}.",
        "I keep reading about {a}. What {be} that?", "Define {a}.", "What do the sources say {a} {be}?",
        "Explain {a}.",
        "I don't know what {a} {be}.", "what {be} {a}", "In short, what {be} {a}?",
    )),
    "action": Pattern(prose_rules.action, (
        "What does {a} do?", "What is {a} for?", "What is the job of {a}?", "Describe what {a} does.",
        "What can {a} do?",
        "What do the sources say about {a}?", "Why would I use {a}?", "What effect does {a} have?",
        "Tell me about {a}.",
        "What is known about {a}?", "what does {a} do",
    )),
    "reason": Pattern(prose_rules.reason, (
        "Why {why}?", "Why is it that {a}?", "What is the reason that {a}?", "For what reason {why}?",
        "How come {a}?",
        "Explain why {a}.", "Do the sources say why {a}?", "I wonder why {a}.", "What is the cause of this: {a}?",
        "Why {why}?",
    ), ("{s}", "Because {b}", "{s}")),
    "by default": Pattern(prose_rules.by_default, (
        "What is the default for {a}?", "What holds for {a} by default?", "What is the default behaviour of {a}?",
        "Without any changes, what about {a}?", "By default, what about {a}?", "What do I get by default with {a}?",
        "What applies to {a} unless I change something?", "How is {a} set up by default?",
        "What are the defaults of {a}?",
    )),
    "permission": Pattern(prose_rules.permission, (
        "{modal} {a} {r}?", "Is it so that {a} {modal_small} {r}?", "Tell me: {modal_small} {a} {r}?",
        "Quick question: {modal_small} {a} {r}?",
        "Please check: {modal_small} {a} {r}?", "{modal} {a} really {r}?", "{modal} {a} {r}, or not?",
        "I'm not sure. {modal} {a} {r}?",
    ), ("{verdict}", "{verdict}", "{s}"), wanted=("a", "r")),
    "before and after": Pattern(prose_rules.order_of_things, (
        "{asked} {w} {a}?", "{w_big} {a}, {asked_small}?", "What comes {w} {a}?", "Tell me {asked_as} {w} {a}.",
        "{asked} {w} {a}, exactly?",
        "What do the sources say about the time {w} {a}?", "Is there anything to know {w} {a}?",
        "And {w} {a}, {asked_small}?",
    ), ("{s}", "{b}", "{s}")),
    "attribute": Pattern(prose_rules.attribute, (
        "What {be} {a}?", "Can you tell me {a}?", "Which {be} {a}?", "Tell me {a}.", "I need to know {a}.",
        "{a_big}: what {be} it?",
        "What do the sources give as {a}?", "Name {a}.", "What exactly {be} {a}?", "I'm looking for {a}.",
        "what {be} {a}",
    )),
    "place": Pattern(prose_rules.place, (
        "Where {be} {a} {v}?", "Where can I find {a}?", "In which place {be} {a} {v}?", "Where do I look for {a}?",
        "I can't find {a}. Where {be} it?", "Tell me where {a} {be} {v}.", "Where do I find {a}?",
        "What is the place of {a}?",
    )),
    "meaning": Pattern(prose_rules.meaning, (
        "What does {a} {base}?", "What is it that {a} should {base}?", "Tell me what {a} may {base}.",
        "What is the meaning of {a}?",
        "How is {a} to be understood?", "What is the role of {a}?", "What do the sources say about {a}?",
        "Explain {a}.",
    )),
    "contents": Pattern(prose_rules.contents, (
        "What {do} {a} {base}?", "Tell me what {a} can {base}.", "What exactly {do} {a} {base}?",
        "What {do} {a} {base}, according to the sources?",
        "Name what {a} may {base}.", "I need to know what {a} may {base}.", "What, if anything, {do} {a} {base}?",
        "what {do} {a} {base}",
    )),
    "used for": Pattern(prose_rules.used_for, (
        "What {be} {a} used for?", "For what {be} {a} used?", "What {be} {a} good for?", "What is the use of {a}?",
        "What is the purpose of {a}?", "Why is there such a thing as {a}?", "Where does {a} come into use?",
        "What is {a} for?",
    )),
    "duty": Pattern(prose_rules.duty, (
        "Who is {v} for {a}?", "Who or what is {v} for {a}?", "Whose job is {a}?", "Who has to answer for {a}?",
        "Who looks after {a}?", "Tell me who is {v} for {a}.", "Whom do I ask about {a}?", "In whose hands is {a}?",
    )),
    "instead": Pattern(prose_rules.instead, (
        "What should I do instead of {a}?", "What is better than {a}?", "Is there an alternative to {a}?",
        "What replaces {a}?",
        "What is recommended in place of {a}?", "I was thinking of {a}. What is the better choice?",
        "What should I choose rather than {a}?",
        "What is there in place of {a}?",
    )),
}  # fmt: skip

# Tasks that any sentence serves: which of them is meant is told by some of its words.
KEYWORD_ASKS = (
    "What do the sources say about {k}?", "Which sentence speaks of {k}?", "Is there something about {k}?",
    "Find the sentence with {k}.",
    "Tell me what is said about {k}.", "{k_big}: what do the sources say?", "What can you tell me about {k}?",
    "I need what is written about {k}.",
    "Look up {k}.", "What about {k}?", "Give me the statement about {k}.", "anything on {k}?",
)  # fmt: skip
BEGIN_ASKS = (
    'How does the sentence go on that begins with "{h}"?', 'Complete the sentence from the sources: "{h} ..."',
    'Which sentence begins with the words "{h}"?', 'Finish this: "{h}"', 'The sentence starts "{h}". Give all of it.',
    'What comes after "{h}"?', 'Write out in full the sentence that opens with "{h}".', 'Read on from "{h}".',
    'I remember only the words "{h}". What is the whole sentence?', 'Find and repeat the sentence beginning "{h}".',
)  # fmt: skip
WHICH_ASKS = (
    "Which source speaks of {k}?", "In which source do I read about {k}?", "Where do the sources mention {k}?",
    "Which of the sources mentions {k}?", "Name the source that speaks of {k}.", "Where can I read about {k}?",
    "Which source do I need for {k}?", "Which source has something on {k}?", "Point me to the source about {k}.",
)  # fmt: skip
WHICH_ANSWERS = (
    "Source [{n}] speaks of {k}", "{k_big}: that is in source [{n}]", "You find {k} in source [{n}]",
    "It is source [{n}] that mentions {k}",
)  # fmt: skip
ANY_SENTENCE = ("key words", "beginning", "which source")
