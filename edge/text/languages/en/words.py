"""Say abbreviations, addresses, titles, Roman numerals and acronyms in English."""

from __future__ import annotations

import re

from edge.text.claims import How, Rule, after, before
from edge.text.languages.en.numbers import (
    DIGITS,
    ROMAN,
    by_digit,
    cardinal,
    ends_sentence,
    letters,
    ordinal,
    pairs,
    roman,
    year,
)

_TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Mx": "Mix",
    "Dr": "Doctor",
    "Prof": "Professor",
    "St": "Saint",
    "Ste": "Sainte",
    "Mt": "Mount",
    "Ft": "Fort",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "Gen": "General",
    "Col": "Colonel",
    "Maj": "Major",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Cmdr": "Commander",
    "Adm": "Admiral",
    "Pvt": "Private",
    "Fr": "Father",
    "Sr": "Sister",
    "Br": "Brother",
    "Supt": "Superintendent",
    "Insp": "Inspector",
    "Det": "Detective",
    "Amb": "Ambassador",
}
_STREETS = {
    "St": "Street",
    "Ave": "Avenue",
    "Av": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Sq": "Square",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Ter": "Terrace",
    "Cir": "Circle",
    "Trl": "Trail",
    "Expy": "Expressway",
    "Fwy": "Freeway",
    "Tpke": "Turnpike",
    "Aly": "Alley",
    "Cres": "Crescent",
}
_SIDES = {
    "N": "North",
    "S": "South",
    "E": "East",
    "W": "West",
    "NE": "Northeast",
    "NW": "Northwest",
    "SE": "Southeast",
    "SW": "Southwest",
    "NNE": "north-northeast",
    "ENE": "east-northeast",
    "ESE": "east-southeast",
    "SSE": "south-southeast",
    "SSW": "south-southwest",
    "WSW": "west-southwest",
    "WNW": "west-northwest",
    "NNW": "north-northwest",
}
_STATES = dict(
    row.split("=")
    for row in (
        "AL=Alabama AK=Alaska AZ=Arizona AR=Arkansas CA=California CO=Colorado CT=Connecticut "
        "DE=Delaware FL=Florida GA=Georgia HI=Hawaii ID=Idaho IL=Illinois IN=Indiana IA=Iowa "
        "KS=Kansas KY=Kentucky LA=Louisiana ME=Maine MD=Maryland MA=Massachusetts MI=Michigan "
        "MN=Minnesota MS=Mississippi MO=Missouri MT=Montana NE=Nebraska NV=Nevada "
        "NH=New_Hampshire NJ=New_Jersey NM=New_Mexico NY=New_York NC=North_Carolina "
        "ND=North_Dakota OH=Ohio OK=Oklahoma OR=Oregon PA=Pennsylvania RI=Rhode_Island "
        "SC=South_Carolina SD=South_Dakota TN=Tennessee TX=Texas UT=Utah VT=Vermont VA=Virginia "
        "WA=Washington WV=West_Virginia WI=Wisconsin WY=Wyoming DC=D_C"
    ).split()
)
_ALWAYS = {
    "e.g.": "for example",
    "eg.": "for example",
    "i.e.": "that is",
    "ie.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "vs": "versus",
    "approx.": "approximately",
    "approx": "approximately",
    "a.k.a.": "also known as",
    "aka": "also known as",
    "et al.": "et al",
    "cf.": "compare",
    "viz.": "namely",
    "misc.": "miscellaneous",
    "incl.": "including",
    "excl.": "excluding",
    "dept.": "department",
    "Dept.": "Department",
    "govt.": "government",
    "Govt.": "Government",
    "Assn.": "Association",
    "Assoc.": "Associate",
    "Univ.": "University",
    "Inst.": "Institute",
    "Inc.": "Incorporated",
    "Inc": "Incorporated",
    "Ltd.": "Limited",
    "Ltd": "Limited",
    "Corp.": "Corporation",
    "Bros.": "Brothers",
    "Co.": "Company",
    "Jr.": "Junior",
    "Jr": "Junior",
    "Sr.": "Senior",
    "Esq.": "Esquire",
    "Ph.D.": "P H D",
    "PhD": "P H D",
    "M.D.": "M D",
    "B.A.": "B eh",
    "M.A.": "M eh",
    "B.Sc.": "B S C",
    "M.Sc.": "M S C",
    "D.D.S.": "D D S",
    "P.S.": "P S",
    "R.S.V.P.": "R S V P",
    "c/o": "care of",
    "w/o": "without",
    "w/": "with ",
    "b/c": "because",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "Q&A": "Q and eh",
    "R&D": "R and D",
    "R&B": "R and B",
    "B&B": "B and B",
    "AT&T": "eh T and T",
    "P&L": "P and L",
    "M&A": "M and eh",
    "S&P": "S and P",
    "H&M": "H and M",
    "A&E": "eh and E",
    "avg.": "average",
    "max.": "maximum",
    "temp.": "temperature",
    "est.": "established",
    "Est.": "Established",
    "C#": "C sharp",
    "F#": "F sharp",
    "C++": "C plus plus",
    ".NET": "dot net",
    "attn.": "attention",
    "Attn.": "Attention",
    "Attn:": "Attention:",
    "tel.": "telephone",
    "Tel.": "Telephone",
    "mfg.": "manufacturing",
    "mgmt.": "management",
    "mgr.": "manager",
    "Mgr.": "Manager",
    "asst.": "assistant",
    "Asst.": "Assistant",
    "appt.": "appointment",
    "info.": "information",
    "intl.": "international",
    "Intl.": "International",
    "natl.": "national",
    "orig.": "original",
    "pkg.": "package",
    "qty.": "quantity",
    "Qty.": "Quantity",
    "qty": "quantity",
    "recd.": "received",
    "ref.": "reference",
    "tbsp.": "tablespoon",
    "tsp.": "teaspoon",
    "hrs.": "hours",
    "mins.": "minutes",
    "secs.": "seconds",
    "yrs.": "years",
    "lbs.": "pounds",
    "P.O.": "P O",
    "PO": "P O",
    "a.s.a.p.": "eh S eh P",
    "Wi-Fi": "why fie",
    "WiFi": "why fie",
    "wifi": "why fie",
    "wi-fi": "why fie",
    "Mon.": "Monday",
    "WWII": "World War Two",
    "WWI": "World War One",
    "WW2": "World War Two",
    "WW1": "World War One",
    "vol.": "volume",
    "Vol.": "Volume",
    "ed.": "edition",
    "Ed.": "Edition",
    "Blvd.": "Boulevard",
    "Ave.": "Avenue",
    "Pkwy": "Parkway",
    "Hwy": "Highway",
    "Hwy.": "Highway",
    "Apt.": "Apartment",
    "apt.": "apartment",
    "Ste.": "Suite",
    "Bldg.": "Building",
    "bldg.": "building",
}
_COUNTED = {
    "no": "number",
    "No": "number",
    "Nos": "numbers",
    "nos": "numbers",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "ch": "chapter",
    "Ch": "Chapter",
    "chap": "chapter",
    "Chap": "Chapter",
    "fig": "figure",
    "Fig": "Figure",
    "figs": "figures",
    "Figs": "Figures",
    "eq": "equation",
    "Eq": "Equation",
    "sec": "section",
    "Sec": "Section",
    "art": "article",
    "Art": "Article",
    "vol": "volume",
    "Vol": "Volume",
    "ver": "version",
    "Ver": "Version",
    "ep": "episode",
    "Ep": "Episode",
    "pt": "part",
    "Pt": "Part",
    "ca": "circa",
    "c": "circa",
    "apt": "apartment",
    "Apt": "Apartment",
    "Ste": "Suite",
    "Rm": "Room",
    "rm": "room",
    "Fl": "Floor",
    "Bldg": "Building",
    "Tbl": "Table",
    "Ln": "Line",
    "ln": "line",
    "App": "Appendix",
    "Ex": "Exercise",
    "Sect": "Section",
}
_AFTER_NUMBER = {
    "min.": ("minute", "minutes"),
    "mins.": ("minute", "minutes"),
    "hr.": ("hour", "hours"),
    "hrs.": ("hour", "hours"),
    "sec.": ("second", "seconds"),
    "secs.": ("second", "seconds"),
    "oz.": ("ounce", "ounces"),
    "lb.": ("pound", "pounds"),
    "lbs.": ("pound", "pounds"),
    "ft.": ("foot", "feet"),
    "in.": ("inch", "inches"),
    "yd.": ("yard", "yards"),
    "yr.": ("year", "years"),
    "yrs.": ("year", "years"),
    "mi.": ("mile", "miles"),
    "gal.": ("gallon", "gallons"),
    "qt.": ("quart", "quarts"),
    "pt.": ("pint", "pints"),
    "tbsp.": ("tablespoon", "tablespoons"),
    "tsp.": ("teaspoon", "teaspoons"),
    "mo.": ("month", "months"),
    "mos.": ("month", "months"),
    "wk.": ("week", "weeks"),
    "wks.": ("week", "weeks"),
    "sq.": ("square", "square"),
    "pkg.": ("package", "packages"),
    "pcs.": ("piece", "pieces"),
}


def _any(words: object) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


def _stop(match: re.Match[str]) -> str:
    return "." if ends_sentence(match) else ""


def _always(match: re.Match[str], how: How) -> str:
    text = match[0]
    stop = _stop(match)
    if (
        text in ("Jr.", "Sr.", "Inc.", "Co.", "Corp.", "Ltd.", "Bros.", "Ph.D.", "M.D.", "Esq.")
        and after(match).strip()
    ):
        stop = (
            stop
            if re.match(
                r"\s[A-Z][a-z]{1,20}\s[a-z]|\s(?:The|It|He|She|They|We|In|A|But|And)\b",
                after(match),
            )
            else ""
        )
    return _ALWAYS[text] + stop


def _title(match: re.Match[str], how: How) -> str:
    return _TITLES[match["t"]]


def _street(match: re.Match[str], how: How) -> str:
    return _STREETS[match["it"].rstrip(".")] + (
        "." if match["it"].endswith(".") and not after(match).strip(" \"”')") else ""
    )


def _house(match: re.Match[str], how: How) -> str:
    digits = match["it"]
    return (
        pairs(digits)
        if len(digits) in (3, 4)
        else cardinal(digits)
        if len(digits) < 3
        else by_digit(digits)
    )


def _zip(match: re.Match[str], how: How) -> str:
    state = _STATES[match["s"]].replace("_", " ")
    zip_code = by_digit(match["z"]) if match["z"] else ""
    more = f" dash {by_digit(match['z4'])}" if match["z4"] else ""
    return f"{state} {zip_code}{more}".strip()


def _side(match: re.Match[str], how: How) -> str:
    return _SIDES[match["it"].rstrip(".")]


def _wind(match: re.Match[str], how: How) -> str:
    return _SIDES[match["it"]].lower()


def _counted(match: re.Match[str], how: How) -> str:
    return _COUNTED[match["it"].rstrip(". ")] + " "


def _after_number(match: re.Match[str], how: How) -> str:
    one = re.search(r"(?<![\d.])1\s?$", before(match)) is not None
    return _AFTER_NUMBER[match["it"]][0 if one else 1] + _stop(match)


_CARDINAL_BEFORE = (
    "Chapter|Part|Act|Scene|Volume|Vol\\.|Book|Section|Article|Title|Appendix|War|Phase|Type|Stage|Grade"
    "|Level|Class|Figure|Fig\\.|Table|Bowl|Rocky|Fantasy|Episode|Season|Round|Mark|Mk|Apollo|Gemini|Unit"
    "|Category|Tier|Group|Schedule|Roman|Corps|Division|Step|Lesson|Module|Canto|Sonata|Symphony|Quartet|Concerto"
    "|Opus|Psalm|Verse|Exhibit|Annex|Factor|Theft Auto|Godfather|Saturn|Titan|Amendment|Age of Empires|Civilization"
    "|Kings|Samuel|Corinthians|Playstation|iPhone|iPad|Windows|Study|Trial|Plan|Vatican|Quarter|Iron Man|Shrek|Toy Story|Rambo"
    "|chapter|part|act|scene|volume|book|section|article|appendix|phase|type|stage|grade|level|class|figure|table|step|episode|round"
)
_KINGS = (
    "Henry|Louis|George|Elizabeth|Edward|Richard|James|William|Charles|John|Paul|Pius|Benedict|Napoleon"
    "|Wilhelm|Frederick|Friedrich|Nicholas|Catherine|Philip|Philippe|Felipe|Leo|Gregory|Alexander|Ivan|Peter|Innocent|Urban|Clement"
    "|Francis|Ferdinand|Carl|Karl|Gustav|Gustaf|Christian|Haakon|Harald|Olav|Margrethe|Mary|Anne|Ramesses|Rameses|Thutmose|Mehmed"
    "|Murad|Selim|Suleiman|Ptolemy|Darius|Xerxes|Artaxerxes|Otto|Rudolf|Rudolph|Leopold|Albert|Alfonso|Pedro|Sixtus|Boniface|Julius"
    "|Constantine|Justinian|Theodosius|Stephen|Robert|David|Malcolm|Baldwin|Joseph|Maximilian|Victoria|Isabella|Juan Carlos|Umberto|Humbert"
    "|Victor Emmanuel|Franz Joseph|Cleopatra|Amenhotep|Abdullah|Hassan|Mohammed|Muhammad|Naruhito|Rama|Bonaparte|Paul|Sultan|Antiochus|Seleucus"
)
_NUMERAL = rf"(?P<it>{ROMAN})(?<=[IVXLCDM])"


_WORDS_OF_NUMERALS = (
    "XL XXL XXXL MD CD DC MC CC DI MI CV DVI MM CM LCD ID IV CI DL ML LL LI CDI MIX DIM VC CL LC DX "
    "MV LV CIVIL MILD VIVID LIVID CIVIC DILL MILL"
)


def _roman_cardinal(match: re.Match[str], how: How) -> str:
    return cardinal(roman(match["it"]))


def _roman_ordinal(match: re.Match[str], how: How) -> str:
    return f"the {ordinal(roman(match['it']))}"


_NO_NUMERALS = frozenset(_WORDS_OF_NUMERALS.split())


def _roman_alone(match: re.Match[str], how: How) -> str | None:
    text = match["it"]
    if text in _NO_NUMERALS:
        return None
    value = roman(text)
    if re.match(r"\s(?:century|centuries|c\.|dynasty)", after(match)):
        return ordinal(value)
    if value > 1000:
        return year(str(value)) if 1100 <= value <= 2099 else cardinal(value)
    if (
        re.search(r"[A-Z][a-z]{2,20}\s$", before(match))
        and value <= 4
        and re.search(r"[A-Z][a-z]{1,20}\s[A-Z][a-z]{1,20}\s$", before(match))
    ):
        return f"the {ordinal(value)}"
    return cardinal(value)


def _initials(match: re.Match[str], how: How) -> str:
    """Spell U.S.A. and the like."""
    return letters(match[0]) + _stop(match)


WORDS: tuple[Rule, ...] = (
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?P<s>{'|'.join(_STATES)})(?:,?\s(?P<z>\d{{5}})(?:-(?P<z4>\d{{4}}))?)(?![\w-])"
        ),
        _zip,
        ("CA 90210", "California nine zero two one zero"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?:\b(?:{'|'.join(name.replace('_', ' ') for name in _STATES.values())})|D\.C\.),?\s(?P<it>\d{{5}})(?![\w,.-]\d|\w)"
        ),
        lambda match, how: by_digit(match["it"]),
        ("Missouri 63101", "Missouri six three one zero one"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(r"(?<!\w)(?P<it>Apt|Ste|Rm|Bldg|Fl)(?=\s[A-Z]?\d)"),
        lambda match, how: _COUNTED[match["it"]],
        ("Apt 3", "Apartment three"),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(rf"(?<=[a-z],\s)(?P<s>{'|'.join(_STATES)})(?P<z>)(?P<z4>)(?=[\s.,;:!?)]|$)"),
        _zip,
        ("Springfield, IL", "Springfield, Illinois"),
    ),
    Rule(
        "address",
        re.compile(
            r"(?<![\w.,$-])(?P<it>\d{1,5})(?=[A-Z]?\s(?:[NSEW]{1,2}\.?\s|North\s|South\s|East\s|West\s)?"
            r"(?:\d{1,3}(?:st|nd|rd|th)|[A-Z][\w'’.-]{1,20}(?:\s[A-Z][\w'’-]{1,20}){0,2})"
            rf"\s(?:{'|'.join(_STREETS)}|{'|'.join(_STREETS.values())}|Way)\b)"
        ),
        _house,
        ("1234 Elm St.", "twelve thirty-four Elm Street."),
        DIGITS,
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<=[\w.])\s(?P<it>(?:{'|'.join(_STREETS)})\b\.?)(?=[\s,;:!?)]|$)(?!\s[A-Z][a-z]{{2,20}}(?:,|\sis\b|\swas\b|\ssays\b|\ssaid\b))"
        ),
        lambda match, how: _street(match, how) if _is_street(match) else None,
        ("Elm Ave., 5th St.", "Elm Avenue, fifth Street."),
    ),
    Rule(
        "address",
        re.compile(
            rf"(?<!\w)(?P<it>(?:NE|NW|SE|SW|[NSEW]\.?))(?=\s(?:\d{{1,3}}(?:st|nd|rd|th)|[A-Z][a-z]{{2,20}}(?:\s[A-Z][a-z]{{1,20}})?\s(?:{'|'.join(_STREETS)}|{'|'.join(_STREETS.values())})\b))"
        ),
        _side,
        ("12 N. 5th St", "twelve North fifth Street"),
    ),
    Rule(
        "address",
        re.compile(
            r"(?:\b(?:[Ww]inds?|[Bb]reeze|[Gg]usts?|heading|from(?: the)?|[Ss]torm)\s|(?<=[,;]\s))(?P<it>NNE|ENE|ESE|SSE|SSW|WSW|WNW|NNW|NE|NW|SE|SW|[NSEW])(?=\s(?:at\s|winds?|\d)|[.,;]|$)"
        ),
        _wind,
        ("wind NW 15 km/h", "wind northwest fifteen kilometers per hour"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<!\w)(?:{_CARDINAL_BEFORE})\s{_NUMERAL}(?![\w'’-]|\.\w)"),
        _roman_cardinal,
        ("Chapter IV", "Chapter four"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "roman",
        re.compile(
            r"\b(?:[Ss]cene|[Aa]ct|[Pp]age|[Pp]p?\.|[Cc]hapter|[Pp]art|[Ll]ine|[Ss]ection)\s(?P<it>(?=[ivxl])(?:x{0,3})(?:ix|iv|v?i{0,3}))(?<=[ivx])(?!\w)"
        ),
        _roman_cardinal,
        ("Act II, Scene iv", "Act two, Scene four"),
        frozenset("ivxl"),
    ),
    Rule(
        "roman",
        re.compile(
            rf"\b(?:(?:{_KINGS})|(?:King|Queen|Pope|Emperor|Tsar|Prince|Sultan|Kaiser)\s[A-Z][a-z]{{1,20}})\s{_NUMERAL}(?![\w-]|\.\w)"
        ),
        _roman_ordinal,
        ("Henry VIII", "Henry the eighth"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "roman",
        re.compile(rf"(?<![\w.'’&/-])(?P<it>(?=[IVXLCDM]{{2,15}}\b){ROMAN})(?![\w'’&/-]|\.\w)"),
        _roman_alone,
        ("the XIX century", "the nineteenth century"),
        frozenset("IVXLCDM"),
    ),
    Rule(
        "abbreviation",
        re.compile(
            rf"(?<!\w)(?P<t>{'|'.join(t for t in _TITLES if t not in ('Sr', 'Br', 'St', 'Ste', 'Mt', 'Ft'))})\.?(?=\s[A-Z])"
        ),
        _title,
        ("Dr. Smith", "Doctor Smith"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)(?P<t>St|Ste|Mt|Ft)\.?(?=[\s-][A-Z])"),
        _title,
        ("St. John", "Saint John"),
    ),
    Rule(
        "abbreviation",
        re.compile(
            rf"(?<![\w.])(?:{_any(k for k in _ALWAYS if k not in ('PO', 'w/'))})(?!\w)(?!(?<=Mon\.)\s[A-Z](?!a))"
        ),
        _always,
        ("apples, e.g. Cox", "apples, for example Cox"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<![\w/])w/(?=\s?[a-zA-Z\d$€£])"),
        lambda match, how: "with" if after(match, 1) == " " else "with ",
        ("tea w/ milk", "tea with milk"),
        frozenset("/"),
    ),
    Rule(
        "abbreviation",
        re.compile(rf"(?<![\w.])(?P<it>(?:{_any(_COUNTED)})\.\s?)(?=\d)"),
        _counted,
        ("No. 5", "number five"),
        DIGITS,
    ),
    Rule(
        "abbreviation",
        re.compile(rf"(?<=[\d½¼¾])\s?(?P<it>{_any(_AFTER_NUMBER)})(?!\w)"),
        _after_number,
        ("12 pcs. left", "twelve pieces left"),
        DIGITS,
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)[Nn]o\.(?=\sof\b)"),
        lambda match, how: "number",
        ("the no. of items", "the number of items"),
        frozenset("."),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<![\w.])(?:[A-Z]\.){2,6}(?!\w)"),
        _initials,
        ("the U.S.A. now", "the U S eh now"),
        frozenset("."),
    ),
)


_NOT_STREETS = re.compile(r"\b(?:the|a|by|with|and|or|of|for|to|see|saw|ask|call|from)\s$", re.I)


def _is_street(match: re.Match[str]) -> bool:
    text = match.string[max(0, match.start("it") - 64) : match.start("it")]
    if re.search(r"(?:\b[A-Z][\w'’]{1,20}|\d(?:st|nd|rd|th)|\b[A-Z])\s$", text) is None:
        return False
    name = match["it"].rstrip(".")
    if name in ("Dr", "St", "Ct", "Pl", "Sq", "Av", "Ter", "Cir"):
        behind = match.string[match.end("it") : match.end("it") + 64]
        if re.match(r"\s[A-Z]", behind) and match["it"].endswith("."):
            # "Main St. The ..." ends a sentence; "Rev. Dr. King" does not.
            return (
                re.search(r"\b\d{1,5}[A-Z]?\s(?:[NSEW]\.?\s)?(?:[\w'’]{1,20}\s){1,3}$", text)
                is not None
                or re.search(r"\b(?:on|at|near|and|off|of)\s(?:[A-Z][\w'’]{1,20}\s){1,2}$", text)
                is not None
            )
        return re.search(r"(?:Mr|Mrs|Ms|Rev|Prof)\.?\s$", text) is None
    return True
