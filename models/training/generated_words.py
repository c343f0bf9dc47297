"""Words for invented worlds: names that nobody has, days and months, and the little grammar that phrases need."""

import random


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


# Names that may not occur: they belong to what the model is measured on, or to the world outside.
FORBIDDEN = frozenset(
    words(
        "larkspur tarnbeck skerrow marlhope fennick oxbarrow wrenfall quillmere alderwick ennis hallam sorrel "
        "canon nikon sony bosch miele volvo toyota honda ford fiat seat dell asus acer nokia siemens garmin tesla "
        "hilton marriott novotel philips braun delonghi makita ryobi stihl corona morgan barclay santander"
    )
)
STARTS = words(
    "Al Bal Bel Bor Bran Bry Cal Cam Car Cas Cor Cri Dal Dar Del Den Dor Dru Dun El Em Er Fal Far Fel Fer Gal Gar Gil Gor Gra Hal Har "
    "Hel Hol Hor Il Is Jar Jor Kal Kas Kel Kir Kor Kra Lam Lan Lar Lem Lin Lor Lum Mal Mar Mel Mer Mon Mor Nal Nar Nel Nor Ol Or Os "
    "Pal Par Pel Pen Por Pra Ral Ran Rel Ros Ru Sal San Sel Ser Sil Sol Sor Sten Sul Tal Tar Tel Ter Tir Tor Tru Ul Ur Val Var Vel Ver "
    "Vin Vol Wal War Wel Wes Wil Wol Yar Yel Zan Zel Zor"
)
MIDDLES = ("", "", *words("a e i o u an en in on ar er or am em al el ol ad ed id is us ev av"))
ENDS = words(
    "bar bec ber bin by cott da dale dan den dor don dra drin fell fen field ford gan gate gen gor ham holm ian ic kan ken kin la lan "
    "len ley lin lo lon low lund ma mar men mere min mo mond mor na nar ne nel ness nia nor o ona or ra rade ran rel ren ric rin ris ro "
    "rock ron sa san sen set son sta stead ta tan ten ter ton tra tri va vale van ven vik vin vor wald way wen wick win wood za zen"
)
SUFFIXES = words(
    "M1 M2 M3 M5 M20 M30 S2 S20 S200 C4 C40 T7 T70 X5 X50 A3 R8 V6 E2 E20 K9 H4 G10 G100 1 2 3 4 5 10 20 50 100 200 300 500"
)
TAILS = ("S", "L", "B", "0", "+", " Plus", " Mini", " Max", " Duo", " Air", "i", "X", " Go", "-2", " II", " Eco", "T")
QUARTERS = ("North", "South", "East", "West", "Upper", "Lower", "Old", "New", "Park", "Bridge", "Harbour", "Hill")
TIERS = words("Basic Plus Silver Gold Start Flex Family Solo Comfort Prime Junior Senior Blue Green")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def invented(rng: random.Random) -> str:
    """A name that is not forbidden."""
    while True:
        name = rng.choice(STARTS) + rng.choice(MIDDLES) + rng.choice(ENDS)
        if 5 <= len(name) <= 10 and name.lower() not in FORBIDDEN:
            return name


def plural(kind: str) -> str:
    """The plural of a kind of entity."""
    if kind.endswith("s"):
        return f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def be(label: str) -> str:
    """The verb that goes with a label: `is` or `are`."""
    head = label.split(" of ")[0]
    return "are" if head.endswith("s") and not head.endswith("ss") else "is"


def upper(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The text with a small letter at its beginning, unless that belongs to an abbreviation or a name."""
    return (
        text
        if (text[:2].isupper() and text[1] != " ") or text[1:2] in "-." or text.startswith(("I ", "I'"))
        else text[:1].lower() + text[1:]
    )
