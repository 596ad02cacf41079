"""Say acronyms that a phonemizer would read as words, and words that stand in capitals."""

from __future__ import annotations

import re

from edge.text.claims import CAPITALS, How, Rule, before
from edge.text.languages.en.numbers import letters

_AS_WORDS = frozenset(
    """NASA NATO UNESCO UNICEF OPEC NAFTA FIFA UEFA SCUBA LASER RADAR AIDS COVID SARS RAM ROM PIN
    SIM GIF JPEG MPEG ZIP LSAT GUI SAP BIOS ISIS AWOL HVAC OLED NASDAQ ADA EULA IKEA LEGO
    SWAT FEMA OSHA POTUS SCOTUS MERS ERA WAR ACE GAN BERT LAN WAN VLAN CAD CAM DOS TED MOMA HIPAA
    COBRA NAS CAPTCHA YOLO JSON YAML REST CRUD NOAA SONAR OPS""".split()  # noqa: SIM905
)
_SPELLED = frozenset(
    "ETA FOMC ACLU AARP USPS ASMR AKA EUR OB CLI IMO BTW TBD VIP IST FAQ ETD OTC OOO EOD".split()  # noqa: SIM905
)
_KNOWN = frozenset(
    """USA UK EU UN FBI CIA NSA IRS FDA CDC EPA NBA NFL MLB NHL CEO CFO CTO TV PC USB GPS ATM DVD
    CD     AI ML API URL PDF HTML CSS HTTP VPN SMS DIY FAQ FYI RSVP BBC CNN IBM AMD CPU GPU
    SSD DNA HIV MRI     UFO SUV NYC LA DC PIN PM AM ID OK QR AC EV HR PR QA UI UX LLC MBA NDA
    LED LCD NASA NATO COVID     ASAP ETA RAM SQL JSON VIP PS SOS TNT XL XXL LLM GPT RTX""".split()  # noqa: SIM905
)


def _several(match: re.Match[str], how: How) -> str | None:
    """Say CEOs: espeak would leave the s out, also of what it reads as a word."""
    name = match[1]
    if name in _AS_WORDS:
        return f"{name.lower()}s"
    return f"{letters(name[:-1])} {letters(name[-1])}'s"


_LOWERED = tuple(
    """PIN SIM RAM ROM ZIP LAN CAD CAM WET HOT DRY OFF YES NOT NEW OUT ALL ANY BIG BUY DAY DID END
    FUN GET GOT HAS HER HIM HIS HOW ITS LET NOW OLD ONE OUR OWN PAY PUT RED RUN SAD SAY SEE SHE TEN
    THE TOO TOP TRY TWO USE VERY WAS WHY WIN YOU YET BAD BED BOX BUT CUT EAT EGG FAR FEW FIX FOR
    HIT JOB KEY LOW MAD MAN MEN MOM RAW SIT SKY TEA WAY CAN CAT DOG AND ARE""".split()  # noqa: SIM905
)
"""Words that espeak spells in a sentence, and nobody else does."""


def _spell(match: re.Match[str], how: How) -> str:
    return letters(match["it"])


_WORD = r"[A-Z][A-Z'’]{0,19}"


def _loud(match: re.Match[str], how: How) -> str | None:
    """Read words that are written in capitals for loudness as words: "IT" is then no acronym."""
    words = re.findall(r"[A-Z'’]{1,20}", match[0])
    plain = [word for word in words if word not in _KNOWN and len(word) > 1]
    if len(plain) < 2 or not any(re.search("[AEIOUY]", word) for word in plain):
        return None
    if any(not re.search("[AEIOUY]", word) for word in plain):
        return None

    def lowered(word: re.Match[str]) -> str:
        it = word[0]
        return it if it in _KNOWN or it in ("I", "I'M", "I’M") else it.lower()

    said = re.sub(r"[A-Z'’]{1,20}", lowered, match[0])
    at_start = re.search(r"(?:^|[.!?]\s|\n)$", before(match)) is not None
    return said[0].upper() + said[1:] if at_start else said


ACRONYMS: tuple[Rule, ...] = (
    Rule(
        "acronym",
        re.compile(r"(?<![\w.-])([A-Z]{2,5})['’]?s(?![\w-])"),
        _several,
        ("two CEOs", "two C E O's"),
        frozenset(CAPITALS),
    ),
    Rule(
        "acronym",
        re.compile(rf"(?<![\w-])(?P<it>{'|'.join(sorted(_SPELLED))})(?![\w-])"),
        _spell,
        ("the ETA is", "the E T eh is"),
        frozenset(CAPITALS),
    ),
    Rule(
        "capitals",
        re.compile(rf"(?<![\w'’-]){_WORD}(?:[ -]{_WORD}){{2,24}}(?![\w'’])"),
        _loud,
        ("I NEED IT NOW", "I need it now"),
    ),
    Rule(
        "acronym",
        re.compile(rf"(?<![\w-])(?:{'|'.join(_LOWERED)})(?![\w-])"),
        lambda match, how: match[0].lower(),
        ("the PIN is", "the pin is"),
        frozenset("IAOEUY"),
    ),
    Rule(
        "acronym",
        re.compile(
            r"(?:(?<=\ban )|(?<=\bby )|(?<=\bvia )|(?<=\bthe )|(?<=\bstart )|(?<=\bthrough ))IV\b"
            r"(?!\s(?:century|Corps))"
            r"|(?<!\w)IV(?=\s(?:drip|fluids?|line|pole|antibiotics|bag|catheter|access|push))"
        ),
        lambda match, how: "I V",
        ("an IV", "an I V"),
        frozenset("V"),
    ),
    Rule(
        "acronym",
        re.compile(r"\b[Tt]he\s(?P<it>WHO)\b"),
        _spell,
        ("the WHO", "the W H O"),
        frozenset("W"),
    ),
)
