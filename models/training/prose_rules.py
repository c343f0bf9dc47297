"""Rules for sentences of prose: each finds one way of saying something, and the slots with which it is asked for.

A rule gets a sentence without its full stop and the base forms of verbs, and returns slots or None.
"""

import functools
import re
from collections.abc import Callable

from prose_text import big, small, to_asker

Slots = dict[str, str]
Rule = Callable[[str, frozenset[str]], Slots | None]

VAGUE = re.compile(
    r"\b(it|its|this|these|those|they|them|their|he|she|here|above|below|such|do so|doing so|otherwise|former|"
    r"latter|following|preceding|previous|earlier|respectively|as shown|example|both|one|ones|same|other)\b",
    re.IGNORECASE,
)
MODALS = r"can't|cannot|can not|can|must not|mustn't|must|should not|shouldn't|should|may not"
BE_AND_CAN = frozenset({"is", "are", "will", "doesn't", "don't", "has", "have", *MODALS.split("|")})
TOOLS = "Use|Call|Run|Select|Choose|Click|Open|Press|Specify|Add|Enter|Create|Override|Include|Install|Enable|Define|Provide|Apply"
NOT_A_SUBJECT = re.compile(
    r"^(?:(?:The|A|An) )?(?:\w+ )?(?:example|command|result|output|cmdlet|function|method|value|parameter|class|option|operator|note|thing|"
    r"first|second|third|fourth|fifth|last|next|rest|user|name|type|object|default|goal|idea|reason|problem|question|issue|main|only|"
    r"best|most|more|section|table|property|variable|argument|return|structure|member|new|resulting|current|one|macro|code|way)s?$",
    re.IGNORECASE,
)  # fmt: skip
NP = r"(?:(?:The|A|An) )?[\w./:+#~-]+(?: [\w./:+#~-]+){0,4}?"


def first_word(text: str) -> str:
    """The first word in small letters."""
    return text.split(" ", 1)[0].lower()


def is_order(clause: str, verbs: frozenset[str]) -> bool:
    """Whether a clause tells somebody to do something."""
    word = first_word(clause)
    return word in verbs or bool(
        re.match(r"(?:you (?:must|should|can|need|have)\b|do not |don't )", clause, re.IGNORECASE)
    )


def clause(text: str, sentence: str) -> str:
    """A clause as an answer of its own, or the whole sentence where the clause begins with a pronoun or is very short."""
    return sentence if len(text) < 20 or re.match(r"(?:it|its|they|this|these|that|those|their)\b", text) else big(text)


def fit_subject(subject: str) -> bool:
    """Whether words can stand as the subject of a question: short, not a pronoun, not an empty noun."""
    return not (
        NOT_A_SUBJECT.match(subject)
        or VAGUE.search(subject)
        or re.match(r"(?:There|What|Which|Who|How|When|If|To|In|On|At|By|For|You|We|I|All|No|Some|Any|Each|Every|Because|And|As|"
                    r"Only|Most|Many|Not|Nothing|Everything|While|With|From|After|Before|Since|Using|Once)\b",
                    subject)
        or re.search(r"\b(?:that|which|who|is|are|and|or|can|also|must|should|will|not|only|always|typically|usually|often|you|if|"
                     r"when|to|by|has|have|was|were|be)\b", subject)
    )  # fmt: skip


def about_subject(pattern: str, sentence: str) -> re.Match | None:
    """A match with the whole sentence, if its slot `a` can stand as the subject of a question."""
    found = re.fullmatch(pattern, sentence)
    return found if found and fit_subject(found["a"]) else None


@functools.lru_cache(maxsize=4)
def third_person(verbs: frozenset[str]) -> frozenset[str]:
    """The forms of verbs that go with `it`."""
    return frozenset({f"{verb}s" for verb in verbs} | {f"{verb}es" for verb in verbs} | {"has", "applies", "specifies"})


def goal_first(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`To A, B.` where B is an order."""
    found = sentence.startswith("To ") and re.fullmatch(r"To (?P<a>[a-z][^,]{8,90}), (?P<b>.{8,})", sentence)
    if not found or first_word(found["a"]) not in verbs or not is_order(found["b"], verbs):
        return None
    return {"a": to_asker(found["a"]), "goal": found["a"], "b": clause(found["b"], sentence)}


def tool_and_goal(pattern: str, sentence: str, verbs: frozenset[str]) -> Slots | None:
    """The slots of a sentence on what helps to do A, if that is one plain thing and A begins with a verb."""
    found = re.fullmatch(pattern, sentence)
    if (
        not found
        or first_word(found["a"]) not in verbs
        or re.search(r"[,;]| to ", found["x"])
        or VAGUE.search(found["x"])
    ):
        return None
    return {"a": to_asker(found["a"]), "goal": found["a"], "verb": found["verb"].lower()}


def goal_last(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Use X to A.`"""
    pattern = rf"(?P<verb>{TOOLS}) (?P<x>.{{4,60}}?) (?:in order )?to (?P<a>[a-z]\w+ .{{6,110}})"
    return tool_and_goal(pattern, sentence, verbs)


def you_can(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`You can use X to A.`"""
    pattern = r"You can (?P<verb>use|call|run|add|set|specify|create) (?P<x>.{4,60}?) to (?P<a>[a-z]\w+ .{6,110})"
    return tool_and_goal(pattern, sentence, verbs)


def condition_first(word: str, *, orders: bool) -> Rule:
    """`If A, B.` with B an order, or with B a thing that happens."""
    compiled = re.compile(rf"{word} (?P<a>[^,]{{8,110}}), (?:then )?(?P<b>.{{10,}})")
    acts = re.compile(r" (?:is|are|was|has|have|do|does|can|cannot|will|you|\w+s|\w+ed|want|need)\b")

    def find(sentence: str, verbs: frozenset[str]) -> Slots | None:
        found = compiled.fullmatch(sentence)
        if (
            not found
            or is_order(found["b"], verbs) != orders
            or first_word(found["b"]) in {"and", "or", "but", "which", "where"}
        ):
            return None
        if not acts.search(" " + found["a"]):
            return None
        return {"a": to_asker(found["a"]), "then": found["a"], "b": clause(found["b"], sentence)}

    return find


def condition_last(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`B if A.`"""
    if not any(word in sentence for word in (" if ", " when ", " unless ")):
        return None
    found = re.fullmatch(
        r"(?P<b>[^,;]{15,150}) (?P<w>if|when|unless) (?P<a>(?:you|the|a|an|no|your|any|all) [^,;]{8,90})", sentence
    )
    if not found or re.match(r"(If|When|To|Even|Only|For|Before|After)\b", found["b"]) or is_order(found["b"], verbs):
        return None
    if re.search(
        r" (if|when|unless|and|or|but|even|only|except|determine|check|know|see|wonder|"
        r"\w+ing|of|at|on|to|for|example|defines?|specif\w+|indicates?)$",
        found["b"],
    ):
        return None
    return {"a": small(to_asker(found["b"])), "w": found["w"], "c": to_asker(found["a"])}


def definition(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is a Y that Z.`"""
    if " is " not in sentence and " are " not in sentence:
        return None
    found = about_subject(
        rf"(?P<a>{NP}) (?P<be>is|are) (?:an?|the|one of the) (?P<y>[^,.;]{{4,60}}?)"
        r",? (?:that|which|used|where|whose|for|to|with|who|containing|designed|provided|of)\b.{6,}",
        sentence,
    )
    return {"a": small(found["a"]), "be": found["be"]} if found else None


def action(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X retrieves Y.`"""
    words = sentence.split(" ")
    acting = third_person(verbs)
    for at in range(1, min(6, len(words))):
        if words[at] in acting:
            subject = " ".join(words[:at])
            if (
                len(words) - at < 4
                or not re.match(r"(?:The|A|An) |[A-Z]\w*[A-Z_:.-]\w", subject)
                or not fit_subject(subject)
            ):
                return None
            return {"a": small(subject), "verb": words[at]}
    return None


def reason(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`A because B.`"""
    if " because " not in sentence:
        return None
    found = re.fullmatch(r"(?P<a>[^;]{15,130}?),? because (?P<b>(?!of\b)[^;]{12,150})", sentence)
    if (
        not found
        or "," in found["a"]
        or is_order(found["a"], verbs)
        or re.search(r"(not|only|just|simply|mainly|partly)$", found["a"])
    ):
        return None
    claim = small(to_asker(found["a"]))
    turned = re.fullmatch(rf"(?P<x>[^,]{{3,60}}?) (?P<v>is|are|isn't|aren't|was|were|will|{MODALS}) (?P<r>.+)", claim)
    if turned and not re.search(r"\b(that|which|who|and|if|when)\b", turned["x"]):
        return {"a": claim, "why": f"{turned['v']} {turned['x']} {turned['r']}", "b": found["b"]}
    return {"a": claim, "why": f"is it that {claim}", "b": found["b"]}


def by_default(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`By default, the X does Y.`"""
    if not sentence.startswith("By default"):
        return None
    found = re.fullmatch(
        rf"By default, (?P<a>(?:the |a |an |all )?[\w./:+#-]+(?: [\w./:+#-]+){{0,4}}?) "
        rf"(?P<v>is|are|will|{MODALS}|doesn't|don't|has|have|\w+s)"
        r" .{4,}",
        sentence,
    )
    if found and found["v"] not in third_person(verbs) | BE_AND_CAN:
        return None
    if not found or not fit_subject(big(found["a"])) or not (found["v"][-1] == "s" or " " in found["a"]):
        return None
    return {"a": found["a"]}


def permission(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`You can't A.` and `The X must A.`"""
    found = re.fullmatch(
        rf"(?P<x>You|{NP}) (?P<m>{MODALS}) (?:also |only |always |still )?(?P<r>\w+ .{{6,120}})", sentence
    )
    if not found or first_word(found["r"]) not in verbs or first_word(found["r"]) in {"also", "see"}:
        return None
    if found["x"] != "You" and not fit_subject(found["x"]):
        return None
    modal = found["m"].replace("can not", "cannot")
    denied = modal in {"can't", "cannot", "must not", "mustn't", "should not", "shouldn't", "may not"}
    # Where the rule is an order ("must", "should"), the question asks for the order, and the answer begins with neither yes nor no.
    asked = {"must": "Must", "should": "Should"}.get(modal, "Should" if "should" in modal else "Can")
    verdict = ("No, " if denied else "Yes, ") + small(sentence)
    return {
        "a": small(to_asker(found["x"])),
        "modal": asked,
        "r": to_asker(found["r"]),
        "verdict": verdict,
    }


def order_of_things(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Before A, B.` and `After A, B.`"""
    found = re.fullmatch(
        r"(?P<w>Before|After|Once|While) (?P<a>(?:you |the |a |an |your |\w+ing )[^,]{6,90}), (?P<b>.{10,})", sentence
    )
    if not found or first_word(found["b"]) in {"and", "or", "but"}:
        return None
    word = found["w"].lower()
    asked = "What should I do" if is_order(found["b"], verbs) else "What happens"
    return {"a": to_asker(found["a"]), "w": word, "asked": asked, "b": clause(found["b"], sentence)}


def attribute(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X of Y is Z.`"""
    found = re.fullmatch(
        r"The (?P<a>[a-z][\w -]{2,40}? (?:of|for|in|on) [^,;]{3,60}?|"
        r"(?:default|maximum|minimum|recommended|preferred|initial|only) [^,;]{3,60}?)"
        r" (?P<be>is|are) (?P<z>[^;]{2,120})",
        sentence,
    )
    if not found or re.search(r"\b(that|which|who|if|when|and|can|must)\b", found["a"]):
        return None
    if (
        re.match(r"(?:not |an? |the same|used|to be|also|called|now)", found["z"])
        and found["be"] == "is"
        and len(found["z"]) < 12
    ):
        return None
    return {"a": f"the {found['a']}", "be": found["be"]}


def place(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`The X is stored in Y.`"""
    if " is " not in sentence and " are " not in sentence:
        return None
    found = about_subject(
        rf"(?P<a>{NP}) (?P<be>is|are) (?P<v>located|stored|found|saved|defined|declared|displayed|listed|placed|installed|kept|written|"
        r"shown|available|created|implemented|set|documented|specified) (?:in|on|at|under|inside|next to) .{4,}",
        sentence,
    )
    return {"a": small(found["a"]), "be": found["be"], "v": found["v"]} if found else None


def meaning(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X means that Y.`"""
    found = about_subject(
        rf"(?P<a>{NP}) (?P<v>means|indicates|represents|refers to|stands for|determines|controls|defines|specifies) .{{8,}}",
        sentence,
    )
    if not found:
        return None
    verb = found["v"].split(" ")
    base = {"specifies": "specify", "refers": "refer", "stands": "stand"}.get(verb[0], verb[0][:-1])
    return {"a": small(found["a"]), "base": " ".join([base, *verb[1:]])}


def contents(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X contains Y.`"""
    found = about_subject(
        rf"(?P<a>{NP}) (?P<v>contains?|includes?|consists? of|supports?|requires?|accepts?|takes?) (?!place).{{6,}}",
        sentence,
    )
    if not found:
        return None
    many = not re.match(r"(contains|includes|consists|supports|requires|accepts|takes)\b", found["v"])
    verb = found["v"].split(" ")
    base = verb[0] if many else verb[0][:-1]
    return {"a": small(found["a"]), "do": "do" if many else "does", "base": " ".join([base, *verb[1:]])}


def used_for(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is used to Y.`"""
    if " used " not in sentence:
        return None
    found = about_subject(rf"(?P<a>{NP}) (?P<be>is|are) used (?:to|for|by|in|as) .{{8,}}", sentence)
    return {"a": small(found["a"]), "be": found["be"]} if found else None


def duty(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`X is responsible for Y.`"""
    if "able for " not in sentence and "ible for " not in sentence:
        return None
    found = re.fullmatch(
        r"(?P<x>[A-Z][^,;]{3,60}?) (?P<be>is|are) (?P<v>responsible|accountable) for (?P<a>[^;]{8,120})", sentence
    )
    return {"a": to_asker(found["a"]), "v": found["v"]} if found else None


def instead(sentence: str, verbs: frozenset[str]) -> Slots | None:
    """`Use X instead of Y.`"""
    if " instead of " not in sentence and " rather than " not in sentence:
        return None
    found = re.fullmatch(r"(?P<b>[^,;]{8,120}) (?:instead of|rather than) (?P<a>[^,;]{4,70})", sentence)
    return {"a": to_asker(found["a"])} if found and first_word(sentence) in verbs else None
