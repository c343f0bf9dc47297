"""The forms by name, each with its instruction in at least thirteen wordings, and how an answer is put into chosen ones."""

import dataclasses
import random
from collections.abc import Callable, Sequence

import form_builders
from form_builders import Slots
from form_facts import Fact
from form_phrases import CLOSINGS, GREETINGS, LEADS, SIGNS, TAGS, phrase

Choice = tuple[str, Slots]

STARTS = (
    "According to source [N],",
    "Source [N] says:",
    "As source [N] states,",
    "From source [N]:",
    "[N]:",
    "In source [N] we read:",
)


@dataclasses.dataclass(frozen=True)
class Form:
    """One form: its group, at least thirteen wordings of the instruction, how slots are drawn, what it does, and what it fits.

    `apply` maps a Fact to a Fact (style), a Fact to a text (shape), or a text and its Fact to a text (frame). The last fifth of the
    wordings is kept for validation. `holds` tells whether a fact also fits slots that were drawn for another one.
    """

    group: str
    wordings: tuple[str, ...]
    apply: Callable
    slots: Callable[[random.Random, Fact], Slots] = lambda rng, fact: {}
    fits: Callable[[Fact], bool] = lambda fact: True
    holds: Callable[[Fact, Slots], bool] = lambda fact, slots: True


FORMS: dict[str, Form] = {
    "one sentence": Form("shape", (
        "Answer in one sentence.", "Use exactly one sentence.", "Your answer is a single sentence.",
        "Write no more than one sentence.",
        "Reply with one full sentence only.", "Keep the answer to one sentence.",
        "One sentence is enough; do not write a second.",
        "Put everything into one sentence.", "Say it in a single sentence, with semicolons if you must.",
        "The reply must be one sentence long.",
        "Restrict yourself to one sentence.", "Give a one-sentence answer.", "Nothing beyond one sentence, please."),
        form_builders.one_sentence),
    "steps": Form("shape", (
        "Give the answer as numbered steps.", "Write a numbered list.", "Numbered steps, please (1., 2., 3.).",
        "Answer in numbered steps and give each its own line.", "Number every line of the answer, from 1 upwards.",
        "Lay the answer out step by step: 1., then 2., and so on.", "Turn the answer into a numbered list.",
        "Number the parts of your answer: 1., 2., 3.", "Answer as a numbered list, one step a line.",
        "Set the answer out in steps, each with a number.", "Use the form \"1. ...\", one line for each step.",
        "Every step gets its own number and line.",
        "Reply in numbered lines, beginning with 1.", "Show what you found as steps 1, 2 and so on.",
        "Write your reply as an ordered list.",
        "Put a number before each step of the answer.",
        "The answer is a list with numbers, even if it has only one entry.",
        "Structure the reply as numbered points."),
        form_builders.steps),
    "bullets": Form("shape", (
        'Answer in bullet points that begin with "{mark}".', 'Reply with a bulleted list; the bullet is "{mark}".',
        'The answer is a list of bullet points, each after "{mark}".', 'Format: bullet points with "{mark}" in front.',
        'Make the answer a list and put {sign} before every point.', 'A list, please: {sign} at the start of each line.',
        'List the answer with {sign} in front of each line.', 'Bullet points. The bullet is {sign}.',
        'Set each point of the answer on its own line, after {sign}.',
        'Write bullets. Each one starts with "{mark}" and a blank.', 'Turn the answer into a list marked with "{mark}".',
        'Write the answer as a list; each line starts with "{mark}".', 'Use bullets ("{mark}").',
        'Give a bulleted list with "{mark}" before each point.', 'Put each point on its own line after "{mark}".',
        'Bullet points only, marked "{mark}".',
        'Make it a list. The mark is "{mark}".', 'Every line of the answer begins with "{mark}".',
        'List what you found, one "{mark}" for each statement.',
        'Reply in bullets, even for a single point: "{mark} ...".', 'Set it out as bullets with the sign "{mark}".',
        'Your reply is a bullet list using "{mark}".',
        'Break the answer into lines that open with "{mark}".'),
        form_builders.bullets, form_builders.mark_slots),
    "quote": Form("shape", (
        "Answer by quoting the sentence from the source in quotation marks.",
        "Give a quotation from the source, in quotation marks, as your answer.",
        "Quote the source: its sentence, in quotation marks, is the answer.",
        "The answer is the sentence of the source itself, between quotation marks.",
        "Find the sentence that says it and quote it in quotation marks.",
        "Quote the sentence that holds the answer, word for word.",
        "Do not use your own words: quote the source's sentence.",
        "Give the exact sentence of the source in quotation marks, then its number.",
        "Reply only with a quotation: the sentence that answers the question.",
        "Copy the sentence that answers, between quotation marks.",
        "Your answer is a verbatim quote of one sentence.", "Let the source speak: quote its sentence.",
        "Repeat the source's own sentence in quotation marks.",
        "Put the sentence of the source in quotes and write nothing else but its number.",
        "Answer with the original wording, in quotation marks.",
        "Use a direct quotation as the whole answer.", "Cite verbatim: the one sentence that settles it, in quotes."),
        form_builders.quote, fits=form_builders.quotable),
    "answer then reason": Form("shape", (
        'First the answer, then a line "{label}:" with the source\'s sentence in quotation marks.',
        'After the answer add "{label}:" and quote the sentence it rests on.',
        'Give the answer first. Below it write "{label}:" and the sentence of the source.',
        'Line one: the answer. Line two: "{label}:" and the quoted sentence.',
        'Support each answer with a second line that starts with "{label}:" and quotes the source.',
        'Answer, then prove it: "{label}:" followed by the quote.',
        'Begin with the answer; the reason comes after it as "{label}: ...", quoted.',
        'Put the quoted sentence on a new line after "{label}:", below the answer.',
        'The answer comes first, the quotation after it, introduced by "{label}:".',
        'Write the answer and, under the label "{label}", the exact words of the source.',
        'End with "{label}:" and the sentence that shows it.',
        'Answer first, reason second; call the reason "{label}" and quote it.',
        'Add a line labelled "{label}" with the source\'s words in quotes.'),
        form_builders.answer_then_reason, form_builders.label_slots("reason"), form_builders.quotable),
    "quote then answer": Form("shape", (
        'First quote the sentence of the source, then write "{label}:" and the answer on a new line.',
        'Begin with the quotation. The answer follows after "{label}:".',
        'Quote first, answer second; the second line starts with "{label}:".',
        'Line one: the source\'s sentence in quotation marks. Line two: "{label}:" and your answer.',
        'Start from the text: quote it, then give your answer after "{label}:".',
        'Show the quoted sentence, and below it "{label}:" with the answer.',
        'Before you answer, quote the sentence you use. Then "{label}:" and the answer.',
        'Open with the exact words of the source, close with "{label}:" and the answer.',
        'Put the evidence in quotes on top and the answer under it, after "{label}:".',
        'The quotation comes before the answer, which is marked "{label}:".',
        'Copy the sentence in quotes, then conclude with "{label}: ...".',
        'Evidence first, in quotes; then one line "{label}:" with the answer.',
        'Lead with the quoted sentence and let "{label}:" introduce the answer.'),
        form_builders.quote_then_answer, form_builders.label_slots("answer"), form_builders.quotable),
    "two parts": Form("shape", (
        'Answer in two parts: "{one}:" ({one_is}) and "{two}:" ({two_is}).',
        'Write two lines. "{one}:" holds {one_is}, "{two}:" holds {two_is}.',
        'Use the labels "{one}" for {one_is} and "{two}" for {two_is}.',
        'First line "{one}: ..." with {one_is}, second line "{two}: ..." with {two_is}.',
        'Two labelled lines: {one} = {one_is}, {two} = {two_is}.',
        'Reply in this form:\n{one}: <{one_is}>\n{two}: <{two_is}>',
        'Your reply has the parts "{one}:" and "{two}:", that is {one_is} and {two_is}.',
        'Put {one_is} after "{one}:" and {two_is} after "{two}:" on the next line.',
        'Label {one_is} with "{one}:" and {two_is} with "{two}:".',
        'Split the reply: "{one}:" for {one_is}, then "{two}:" for {two_is}.',
        'Fill in this template.\n{one}: ({one_is})\n{two}: ({two_is})',
        'Give {one_is} under "{one}:", then {two_is} under "{two}:".',
        'Format: "{one}: ({one_is})", new line, "{two}: ({two_is})".'),
        form_builders.parts, form_builders.parts_slots, holds=form_builders.holds_kinds),
    "json": Form("shape", (
        "Answer as JSON with the keys {keys} ({meant}).", "Reply with one JSON object: {shape}. Here {meant}.",
        "Output only JSON. Keys: {meant}.",
        "Give a JSON object with {keys}. {meant}.", "Return JSON of the form {shape} ({meant}).",
        "The reply is JSON and nothing else, with the fields {keys}: {meant}.",
        "Use JSON: {shape}\nMeaning of the keys: {meant}.", "Produce a JSON object. Its keys are {keys}; {meant}.",
        "Write machine-readable output: {shape}, where {meant}.",
        "Respond in JSON on one line. The keys, in this order: {keys}. {meant}.",
        "No prose: a JSON object {shape}. {meant}.", "Format the answer as a JSON object holding {keys} ({meant}).",
        "Fill this JSON: {shape}. {meant}."),
        form_builders.as_json, form_builders.json_slots, holds=form_builders.holds_kinds),
    "table": Form("shape", (
        'Answer with a Markdown table of one row, columns "{first}" (the question) and "{second}" (the answer).',
        'Make a table with the headings "{first}" and "{second}": question left, answer right.',
        'Put question and answer into a Markdown table headed "{first}" and "{second}".',
        "Reply as a table: | {first} | {second} |, holding the question and the answer.",
        'Use a two-column table, "{first}" for the question, "{second}" for the answer.',
        'The output is a Markdown table. Column one, "{first}", repeats the question; column two, "{second}", answers it.',
        'Write one table row under "{first}" and "{second}": what was asked and the answer.',
        'Show the result as a table with question ("{first}") and answer ("{second}").',
        'Draw a Markdown table. Left column "{first}": the question. Right column "{second}": the answer.',
        'Table form only: "{first}" is the question, "{second}" the answer.',
        'Arrange question and answer side by side in a table titled "{first}" and "{second}".',
        'Tabulate: question under "{first}", answer under "{second}".',
        'Give me a Markdown table whose columns are "{first}" (question) and "{second}" (answer).'),
        form_builders.table, form_builders.table_slots, lambda fact: "|" not in fact.question and "\n" not in fact.question),
    "tag": Form("shape", (
        "Put the answer between <{tag}> and </{tag}>.", "Wrap your answer in <{tag}> tags.",
        "The answer stands inside <{tag}>...</{tag}>.", "Write <{tag}>, the answer, </{tag}>.",
        "Use the tag {tag}: <{tag}>answer</{tag}>.", "Enclose everything you say in <{tag}></{tag}>.",
        "Begin with <{tag}> and end with </{tag}>.", "Mark the answer with the tags <{tag}> and </{tag}>.",
        "Your reply starts with <{tag}> and stops with </{tag}>.", "Place the answer in a <{tag}> element.",
        "Surround the reply with <{tag}> tags.", "Return the answer as <{tag}>...</{tag}>.",
        "Everything goes inside one {tag} tag: <{tag}>...</{tag}>."),
        form_builders.tagged, lambda rng, fact: {"tag": rng.choice(TAGS)}),
    "question first": Form("shape", (
        "Repeat the question on the first line, then answer it.",
        "Write the question again, and the answer below it.", "Line one is the question, line two the answer.",
        "Start by repeating the question word for word.", "Copy the question, then answer on a new line.",
        "Show the question above your answer.", "First say what was asked, exactly, then answer.",
        "Put the question before the answer, on its own line.",
        "Restate the question without a change, then give the answer.",
        "Begin with the question itself; the answer follows below.",
        "Echo the question, then reply under it.",
        "The question comes first, copied exactly; next line, the answer.",
        "Open with the question as asked and answer beneath."),
        form_builders.question_first, fits=lambda fact: "\n" not in fact.question),
    "marked lines": Form("shape", (
        'Begin every line with "{mark}" and write one sentence a line.',
        'One sentence on each line, each after "{mark}".', 'Start each sentence on a new line with "{mark}".',
        'Put "{mark}" before every sentence; one sentence a line.',
        'Write each sentence on its own line, marked "{mark}".', 'Lines begin with "{mark}" and hold one sentence.',
        'Use "{mark}" at the start of every line, with a new line for each sentence.',
        'Answer line by line. A line is "{mark}" and one sentence.',
        'Each sentence stands alone after the sign "{mark}".', 'Prefix each sentence with "{mark}" on a fresh line.',
        'Mark each sentence with "{mark}" and break the line after it.',
        'Every sentence gets a line and the mark "{mark}" in front.',
        'Sentence by sentence, each one behind "{mark}".'),
        form_builders.block, lambda rng, fact: {"mark": rng.choice((">", ">>", "=>", "->", "#", "~", "::", "A:"))}),
    "word limit": Form("shape", (
        "Use at most {n} words.", "No more than {n} words.", "Keep it under or at {n} words.",
        "The answer has {n} words at most.", "Limit: {n} words.", "Stay within {n} words.",
        "Answer in {n} words or fewer.",
        "Your reply may have up to {n} words.", "Be brief: {n} words is the limit.", "Do not go beyond {n} words.",
        "Maximum length: {n} words.", "Spend no more than {n} words.", "Write {n} words or less."),
        form_builders.limited, form_builders.limit_slots, holds=form_builders.within_limit),
    "capitals": Form("style", (
        "Write the answer in capital letters.", "USE CAPITAL LETTERS ONLY for the answer.", "Answer in upper case.",
        "Put the whole answer in capitals.", "All letters of the answer are capitals.",
        "The answer must be written in upper-case letters.",
        "Shout: capital letters throughout the answer.", "Only capitals in the answer, please.",
        "Write your answer in block capitals.", "Print the answer in upper case.",
        "Make every letter of the answer a capital.", "No small letters in the answer.",
        "Render the answer in ALL CAPS."),
        form_builders.capitals),
    "product in capitals": Form("style", (
        "Write names of products in capital letters.", "Product names are written in capitals.",
        "Put the name of the product in upper case.", "Names of products: capital letters only.",
        "Always capitalise every letter of a product's name.",
        "The product's name stands in capitals, the rest as usual.",
        "Use upper case for product names and for nothing else.", "Each product name appears in CAPITALS.",
        "When you name a product, write its name in capital letters.", "Print product names in block capitals.",
        "Set product names in upper case.", "Show the product's name ALL IN CAPS.",
        "Spell names of products with capitals throughout."),
        form_builders.name_capitals, fits=lambda fact: bool(fact.names) or not fact.found),
    "bold numbers": Form("style", (
        "Put every number in bold with two asterisks, as **5**.", "Numbers are bold: **12**.",
        "Write numbers between double asterisks.", "Make each number bold (**7**), but not the citations.",
        "Mark numbers in the answer as **number**.", "Set all figures in bold Markdown.",
        "Highlight every number with ** on both sides.", "Bold the numbers of the answer, like **30**.",
        "Use Markdown bold for each number.", "Every figure in the answer is wrapped in **.",
        "Emphasise numbers by bold type: **40**.", "Numbers get double asterisks around them.",
        "Show figures in bold, for example **8**."),
        form_builders.bold_numbers, fits=lambda fact: bool(form_builders.FIGURE.search(fact.answer)) or not fact.found),
    "according": Form("style", (
        'Begin the answer with "{start}", N being the number of the source.',
        'Start with "{start}" and put no citation at the end.',
        'Name the source first: "{start} ...", with its number for N.',
        'The answer opens with "{start}", where N is the source\'s number.',
        'Cite at the start, in the form "{start}".',
        'Open with "{start}" (N: the number of the source) instead of a citation at the end.',
        'Write "{start}" and then the answer; N stands for the number.',
        'Put the citation first, like this: "{start}".',
        'Let each answer begin "{start}", N replaced by the number.',
        'First the source, as "{start}", then what it says.',
        'Introduce the answer by "{start}" with the right number in place of N.',
        'The first words are "{start}"; N is the number of the source.',
        'Use the opening "{start}", filling in the source\'s number for N.'),
        form_builders.according, lambda rng, fact: {"start": rng.choice(STARTS)},
        lambda fact: not fact.found or form_builders.one_claim(fact)),
    "lead line": Form("frame", (
        'Begin with the line "{lead}"', 'The first line of every answer is: {lead}',
        'Write this line on top of the answer: {lead}', 'Top line: {lead}', 'On the line over your answer put: {lead}',
        'The answer stands below this line: {lead}', 'Give the answer under the following line: {lead}',
        'A line of its own comes first. It reads: {lead}',
        'Start your answer with "{lead}" on a line of its own.', 'Open with this line: "{lead}"',
        'Before the answer write the line "{lead}"', 'Every reply opens with "{lead}" and a line break.',
        'Put "{lead}" above the answer.',
        'Line one is always "{lead}"', 'Lead with "{lead}", then the answer on the next line.',
        'Write "{lead}" first. The answer begins on the second line.', 'Head each reply with the line "{lead}"',
        'Your opening line must read: {lead}', 'As the first line, use "{lead}"'),
        form_builders.lead, lambda rng, fact: {"lead": phrase(rng, LEADS)}),
    "named lead": Form("frame", (
        'First line: {what}, a colon and "{words}"', 'Begin with {what}, then ": {words}" on the same line.',
        'Open with {what} and a colon, followed by "{words}"; the answer comes below.',
        'The first line names {what} and goes on: "{words}"', 'Start each reply "<name>: {words}". The name is {what}.',
        'Line one is {what}, a colon, "{words}" and nothing more.',
        'Head the reply with {what}; after a colon write "{words}"',
        'On top put {what} with a colon and these words: "{words}"',
        'Name {what} first, as "<name>: {words}", and start a new line.', 'Every reply begins: {what}, colon, "{words}"',
        'Lead with {what} and ": {words}", then break the line.', 'In the first line write {what}, ":" and "{words}"',
        'The opening is {what}, a colon, and then "{words}"'),
        form_builders.named_lead, form_builders.named_slots, lambda fact: bool(fact.title), form_builders.names_it),
    "label line": Form("frame", (
        'Below the answer add the line "{label}: {words}"', 'After that comes one line: "{label}: {words}"',
        'Then a line that begins with "{label}:" and says "{words}"', 'Under the answer write {label}: {words}',
        'Add "{label}:" with the words "{words}" on a new line after the answer.',
        'One line "{label}: {words}" follows the answer.', 'A line labelled "{label}" tells the reader: {words}',
        'The answer is followed by "{label}: {words}"', 'Put "{label}: {words}" on its own line underneath.',
        'Give the advice "{words}" after "{label}:", below the answer.',
        'Next to last or last comes "{label}: {words}"', 'Let the answer be followed by a line "{label}: {words}"',
        'Once the answer is written, add "{label}: {words}"'),
        form_builders.label_line, form_builders.label_line_slots),
    "closing line": Form("frame", (
        'End with the line "{closing}"', 'The last line of every answer is: {closing}',
        'Below everything else, on a new line, put: {closing}', 'Bottom line: {closing}',
        'Let each reply run out with this line: {closing}', 'Under the answer stands the following line: {closing}',
        'Then, as a line of its own: {closing}', 'A line of its own comes last. It reads: {closing}',
        'Finish with "{closing}" on a line of its own.', 'Close with this line: "{closing}"',
        'After the answer write the line "{closing}"', 'Every reply ends with a line break and "{closing}"',
        'Put "{closing}" below the answer.',
        'The final line is always "{closing}"', 'Add "{closing}" as the last line.',
        'When you are done, write "{closing}" on a new line.', 'Conclude each reply with the line "{closing}"',
        'Your last line must read: {closing}', 'As the closing line, use "{closing}"'),
        form_builders.closing, lambda rng, fact: {"closing": phrase(rng, CLOSINGS)}),
    "greeting": Form("frame", (
        'Greet with "{greeting}" and leave an empty line before the answer.',
        'Write it as a letter that opens with "{greeting}" and an empty line.',
        'Start with the greeting "{greeting}", then an empty line.',
        'Address the reader with "{greeting}", followed by a blank line.',
        'Begin politely: "{greeting}", blank line, answer.', 'The salutation is "{greeting}"; a blank line follows.',
        'Open like a letter: "{greeting}" and a blank line.',
        'Say "{greeting}" first. Then a blank line, then the answer.',
        'Use "{greeting}" as salutation, with an empty line below it.',
        'Every reply begins with "{greeting}" and an empty line.',
        'Head the reply with the salutation "{greeting}" and skip a line.',
        'Salute the reader: "{greeting}". Leave a line empty after it.',
        'Write "{greeting}" on top, then one empty line.'),
        form_builders.greeting, lambda rng, fact: {"greeting": phrase(rng, GREETINGS)}),
    "sign-off": Form("frame", (
        "After an empty line, sign off with:\n{sign}", 'Sign with "{sign}" after a blank line.',
        "Leave a blank line at the end and sign:\n{sign}", 'End like a letter: blank line, then "{sign}".',
        'Close with an empty line and the farewell "{sign}".', "Your signature, below an empty line, is:\n{sign}",
        'Finish the letter with a blank line and "{sign}".',
        "Below the answer: an empty line, then\n{sign}", 'Say goodbye with "{sign}", set off by an empty line.',
        "Put this signature under a blank line:\n{sign}", 'Sign every reply, after a blank line, with "{sign}".',
        'The sign-off, one empty line below the answer, reads "{sign}".', "Conclude with a skipped line and\n{sign}"),
        form_builders.sign_off, lambda rng, fact: {"sign": phrase(rng, SIGNS)}),
    "status line": Form("frame", (
        'End with a line "{label}: {yes}" if the sources hold the answer, else "{label}: {no}".',
        'Last line: "{label}: {yes}" or, without an answer, "{label}: {no}".',
        'Add "{label}: {yes}" at the end; when the sources do not say, add "{label}: {no}".',
        'Close with "{label}:" and "{yes}" when you could answer, "{no}" when not.',
        'On the last line give the {label}: {yes} (answer there) or {no} (answer not there), as "{label}: ...".',
        'Finish with "{label}: {yes}" for an answered question and "{label}: {no}" for one that the sources leave open.',
        'The final line says "{label}: {yes}", or "{label}: {no}" if nothing was found.',
        'Append a line: "{label}: {yes}" where there is an answer, "{label}: {no}" where there is none.',
        'Report at the end: "{label}: {yes}" if answered from the sources, otherwise "{label}: {no}".',
        'Put "{label}: {yes}" below an answer and "{label}: {no}" below a missing one.',
        'Write "{label}: {no}" last if the sources lack it, and "{label}: {yes}" last if they do not.',
        'Sum up in a last line: "{label}: {yes}" (answered) or "{label}: {no}" (not).',
        'Your last line is "{label}: {yes}" or "{label}: {no}", as the sources have it or not.'),
        form_builders.status, form_builders.status_slots),
}  # fmt: skip

KEPT = 3  # of each form's wordings, the last ones are kept for validation
TRAINING_WORDINGS = [(name, wording) for name, form in FORMS.items() for wording in form.wordings[:-KEPT]]
VALIDATION_WORDINGS = [(name, wording) for name, form in FORMS.items() for wording in form.wordings[-KEPT:]]


GROUPS = ("style", "shape", "frame")
ENDS = ("label line", "closing line", "status line", "sign-off")  # frames below the answer, from top to bottom


def applied(name: str) -> tuple[int, int]:
    """When a form is applied: styles, shapes, frames, and of the frames below an answer the upper one first."""
    return GROUPS.index(FORMS[name].group), ENDS.index(name) + 1 if name in ENDS else 0


def holds(fact: Fact, choices: Sequence[Choice]) -> bool:
    """Whether a fact can be put into forms whose slots were drawn for another one."""
    return all(FORMS[name].fits(fact) and FORMS[name].holds(fact, slots) for name, slots in choices)


def formed(fact: Fact, choices: Sequence[Choice]) -> str:
    """The answer in the chosen forms, whatever their order.

    A first line with a name holds the fixed sentence itself: no list or other shape repeats it.
    """
    text: str | None = None
    if not fact.found and any(name == "named lead" for name, _ in choices):
        choices = [choice for choice in choices if FORMS[choice[0]].group != "shape"]
    for name, slots in sorted(choices, key=lambda choice: applied(choice[0])):
        form = FORMS[name]
        if form.group == "style":
            fact = form.apply(fact, slots)
        elif form.group == "shape":
            text = form.apply(fact, slots)
        else:
            text = form.apply(fact.answer if text is None else text, fact, slots)
    return fact.answer if text is None else text
