"""Questions about invented worlds, in a document's words and as people type them."""

import random

from generated_phrases import Attribute, Rule
from generated_words import be, lower, upper, words
from generated_world import Entity, World

OPENERS = (
    "Can you tell me {i}?",
    "Could you tell me {i}, please?",
    "Do you know {i}?",
    "I would like to know {i}.",
    "I need to find out {i}.",
    "My neighbour asks {i}.",
    "Please look up {i}.",
    "Somebody just asked me {i}. What do I say?",
    "Where can I read {i}?",
    "Any idea {i}?",
    "Is it written anywhere {i}?",
    "Tell me {i}.",
    "I can't remember {i}.",
    "We are arguing about {i}. Who knows?",
    "I am trying to find {i}.",
    "Nobody here knows {i}. Do you?",
)
TERSE = ("{N} {l}", "{l} {N}", "{l}, {N}?", "{N}: {l}?", "{l} for {N}", "what {b} the {l} of {P}", "{N} - {l}")
PLAIN_LABEL = (
    "What {b} the {l} of {P}?",
    "And what {b} the {l} of {P}?",
    "What does the documentation give as the {l} of {P}?",
    "Give me the {l} of {P}.",
    "I need the {l} of {P}.",
    "Which {l} {b} stated for {P}?",
)
ABOUT = (
    "{u} It's {P}.",
    "About {P}: {u}",
    "{u} ({N})",
    "{u} I mean {P}.",
    "{P}, I mean. {u}",
    "Regarding {P}. {u}",
    "{N}: {u}",
)
ABOUT_PRODUCT = (
    "I have {P}. {u}",
    "We bought {P}. {u}",
    "My father has {P}. {u}",
    "{u} Mine is {P}.",
    "{P} is mine. {u}",
)
ABOUT_PLACE = ("This is about {P}. {u}", "{u} We have {P} in mind.", "We chose {P}. {u}", "{u} It concerns {P}.")
GREETINGS = (
    "Hi, ",
    "Hello, ",
    "Hello! ",
    "Sorry to bother you: ",
    "Good morning. ",
    "One more thing: ",
    "Help! ",
    "Quickly: ",
)
COMMON = words("What How When Which Where Can Do May Could Is Are The My Does Please Give Tell We Our Show")
THANKS = (" Thanks!", " Thank you.", " Please help.", " Many thanks.", " I'm in a hurry.", " I couldn't find it.")
STEP_ASKS = (
    "How do I {d}?",
    "What are the steps to {d}?",
    "I have to {d}. What do I do?",
    "Show me how to {d}.",
    "Walk me through it: how does one {d}?",
    "What is the right order when I {d}?",
    "I have never done this: {d}. How?",
    "Instructions to {d}, please.",
)
SPOKEN_ASKS = (
    "{d}. What do I do?",
    "{d}: how?",
    "{d}. What are the steps?",
    "{d}, step by step please.",
    "{d}. Where do I start?",
)
FAULT_TAILS = (
    "What is wrong?",
    "What can I do?",
    "Why?",
    "What's the matter?",
    "How do I fix it?",
    "Any advice?",
    "What now?",
    "",
)


def ask_phrase(world: World, entity: Entity) -> str:
    """What a person who asks calls the entity."""
    return (
        entity.phrase if entity.named else world.rng.choice((entity.phrase, f"our {entity.kind}", f"my {entity.kind}"))
    )


def about(world: World, text: str, entity: Entity) -> str:
    """The question with the entity named, if it is not yet."""
    if not entity.named or entity.name in text:
        return text
    rng = world.rng
    if text[:1].islower():
        return rng.choice(("{N}, {u}", "{u}, {N}", "{N}: {u}", "{u} ({N})", "{u} for {N}")).format(
            N=entity.name, u=text
        )
    frames = ABOUT if rng.random() < 0.5 else ABOUT_PLACE if world.domain.place else ABOUT_PRODUCT
    return upper(rng.choice(frames).format(P=entity.phrase, N=entity.name, u=text))


def loosen(rng: random.Random, text: str) -> str:
    """The question as somebody may type it: a greeting, thanks, no capitals, no question mark."""
    roll = rng.random()
    if roll < 0.05:
        greeting = rng.choice(GREETINGS)
        return greeting + (lower(text) if greeting[-2] in ",:" and text.split(" ")[0] in COMMON else text)
    if roll < 0.09:
        return text + rng.choice(THANKS) if text[-1] in ".?!" else text
    if roll < 0.12:
        return lower(text)
    return text.rstrip("?.") if roll < 0.15 else text


def ask(world: World, entity: Entity, attribute: Attribute) -> str:
    """A question for an attribute: plain, indirect, terse or unlike the text."""
    rng, roll = world.rng, world.rng.random()
    phrase = ask_phrase(world, entity)
    if roll < 0.25:
        text = world.fill(rng.choice(attribute.plain), entity, phrase=phrase)
    elif roll < 0.47:
        text = rng.choice(OPENERS).format(i=rng.choice(attribute.indirect).replace("{P}", phrase))
    elif roll < 0.55:
        text = rng.choice(PLAIN_LABEL).format(l=lower(attribute.label), P=phrase, b=be(attribute.label))
    elif roll < 0.63:
        text = rng.choice(TERSE).format(
            N=entity.name if entity.named else entity.kind, P=phrase, l=lower(attribute.label), b=be(attribute.label)
        )
    else:
        chosen = rng.choice(attribute.unlike)
        filled = chosen.replace("{P}", phrase)
        text = about(world, filled if chosen[0].islower() else upper(filled), entity)
    return loosen(rng, text)


def ask_rule(world: World, entity: Entity, rule: Rule, situation: str = "") -> str:
    """A question whether something is allowed, perhaps in a situation."""
    rng = world.rng
    text = rng.choice(rule.plain if rng.random() < 0.5 else rule.unlike)
    text = world.fill(text, entity, phrase=ask_phrase(world, entity))
    if situation:
        text = rng.choice(("{s} {t}", "{t} {s}")).format(s=situation, t=text)
    return loosen(rng, about(world, text, entity))


def ask_fault(world: World, entity: Entity, symptom: list[str]) -> str:
    """A complaint about a symptom, in the document's words or in a person's."""
    rng, roll = world.rng, world.rng.random()
    if roll < 0.3:
        shown = lower(world.fill(symptom[0], entity, phrase=ask_phrase(world, entity)))
        frames = (
            "What is the cause if {0}?",
            "What should I do when {0}?",
            "What does it mean when {0}?",
            "{1}. What is wrong?",
        )
        text = rng.choice(frames).format(shown, upper(shown))
    elif roll < 0.8 or len(symptom) < 3:
        text = f"{world.fill(symptom[1], entity, phrase=ask_phrase(world, entity))} {rng.choice(FAULT_TAILS)}".strip()
    else:
        text = symptom[2]
    return loosen(rng, about(world, text, entity))
