"""Say titles and other abbreviations in English."""

from __future__ import annotations

import re

from edge.text.claims import INNER_DOT, How, Rule, after, before
from edge.text.languages.en.numbers import (
    DIGITS,
    letters,
    stop,
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


_NOT_ALONE = frozenset({"Sr", "Br", "St", "Ste", "Mt", "Ft"})
"""Titles that are other abbreviations, too, or names of places."""
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
    "mtg.": "meeting",
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


def _always(match: re.Match[str], how: How) -> str:
    text = match[0]
    end = stop(match)
    if (
        text in ("Jr.", "Sr.", "Inc.", "Co.", "Corp.", "Ltd.", "Bros.", "Ph.D.", "M.D.", "Esq.")
        and after(match).strip()
    ):
        end = (
            end
            if re.match(
                r"\s[A-Z][a-z]{1,20}\s[a-z]|\s(?:The|It|He|She|They|We|In|A|But|And)\b",
                after(match),
            )
            else ""
        )
    return _ALWAYS[text] + end


def _title(match: re.Match[str], how: How) -> str:
    return _TITLES[match["t"]]


def _counted(match: re.Match[str], how: How) -> str:
    return _COUNTED[match["it"].rstrip(". ")] + " "


def _after_number(match: re.Match[str], how: How) -> str:
    one = re.search(r"(?<![\d.])1\s?$", before(match)) is not None
    return _AFTER_NUMBER[match["it"]][0 if one else 1] + stop(match)


_NUMBERED = re.compile(
    r"\b(?:order|part|serial|phone|account|model|item|case|invoice|ticket|reference|card|room|flight"
    r"|policy|id)\s$",
    re.IGNORECASE,
)
_OF_NUMBERS = re.compile(r"\sof\b|\s[A-Z]{1,4}-?\d")


def _initials(match: re.Match[str], how: How) -> str:
    """Spell U.S.A. and the like."""
    return letters(match[0]) + stop(match)


ABBREVIATIONS: tuple[Rule, ...] = (
    Rule(
        "abbreviation",
        re.compile(
            rf"(?<!\w)(?P<t>{'|'.join(sorted(_TITLES.keys() - _NOT_ALONE))})\.?"
            r"(?=\s(?:(?:and|or|&)\s)?[A-Z])"
        ),
        _title,
        ("Dr. Smith", "Doctor Smith"),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<!\w)(?P<t>St|Ste|Mt|Ft)\.?(?=[\s-][A-Z])"),
        _title,
        ("St. John", "Saint John"),
        frozenset("SMF"),
    ),
    Rule(
        "abbreviation",
        re.compile(
            rf"(?<![\w.])(?:{_any(k for k in _ALWAYS if k not in ('PO', 'w/'))})(?!\w)(?!"
            rf"(?<=Mon\.)\s[A-Z](?!a))"
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
        re.compile(rf"(?<![\w.])(?P<it>(?:{_any(_COUNTED)})\.\s?)(?=\d|[IVX]{{2,6}}\b)"),
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
        re.compile(r"[Nn]o\.(?<![\w.]no\.)(?<![\w.]No\.)(?=\s)"),
        lambda match, how: (
            "number"
            if _NUMBERED.search(before(match)) or _OF_NUMBERS.match(after(match))
            else None
        ),
        ("the no. of items", "the number of items"),
        frozenset("."),
    ),
    Rule(
        "abbreviation",
        re.compile(r"(?<![\w.])(?:[A-Z]\.){2,6}(?!\w)"),
        _initials,
        ("the U.S.A. now", "the U S eh now"),
        frozenset(INNER_DOT),
    ),
)
