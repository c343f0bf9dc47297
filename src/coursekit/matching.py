"""Whether a value stands in a text: the rule by which answers are judged (datasets/README.md, `aliases`)."""

import functools
import re
import unicodedata

# Signs that are written in several ways and mean the same: dashes, quotation marks, the two letters mu.
SAME = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        "\u2014": " - ",
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
        "\u00b5": "\u03bc",
        **dict.fromkeys("*`\u200b\u00ad\ufeff", ""),  # Markdown's emphasis and code, and signs without width
    }
)


@functools.lru_cache(maxsize=50_000)
def normalise(text: str) -> str:
    """A text as it is compared: small letters, any white space as one blank, one form of each dash, quotation mark and letter.

    The stars and backticks of Markdown are taken out.
    """
    text = unicodedata.normalize("NFC", text).translate(SAME).casefold()
    return re.sub(r"\s+", " ", text).strip()


@functools.lru_cache(maxsize=50_000)
def pattern(value: str) -> re.Pattern:
    """The expression that finds a normalised value at word boundaries.

    A number is found as a whole: `40` stands neither in `140`, `1.40`, `40.5`, `40,000`, `40X` nor `-40`.
    """
    before = r"(?<!\w)" if value[:1].isalnum() else ""
    if value[:1].isdigit():
        # A decimal point or a thousands separator; a minus sign, which unlike a hyphen or a dash follows no word.
        before += r"(?<!\d[.,])(?<![^\w]\.)(?<!^\.)(?<!^-)(?<![\s(:/]-)"
    elif re.match(r"[-+]\.?\d", value):
        before += r"(?<!\w)"  # the second number of 20-30 is not -30
    after = r"(?!\w)" if value[-1:].isalnum() else ""
    if value[-1:].isdigit():
        after += r"(?![.,]\d)"
    return re.compile(before + re.escape(value) + after)


def stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text at word boundaries, whatever its case and white space. An empty value stands nowhere."""
    value = normalise(value)
    return bool(value) and pattern(value).search(normalise(text)) is not None
