"""Read Spanish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edge.text.claims import How, Language, Rule, before
from edge.text.languages.es.grammar import (
    KINGS,
    PARTS,
    QUEENS,
    TABLE,
    cardinal,
    count,
    ordinal,
    say_century,
    say_date,
    say_date_range,
    say_fraction,
    say_half,
    say_ordinal,
    say_ruler,
    say_time,
    say_time_range,
)
from edge.text.languages.es.words import SHORTENED, VOCABULARY
from edge.text.languages.roman import ROMAN, from_roman
from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import make_language
from edge.text.languages.shared.calendar_days import Dates, numbered_months
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import Codes
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.vocabulary import DIGITS, listed

_NO_NOUNS = frozenset(
    listed(
        "del los las que para por con sin una uno hasta desde entre sobre está son fue era más "
        "mil menos entonces aquí allí hubo han cada como pero cuando porque hay ayer hoy"
    )
)


_NUMBERED = re.compile(
    r"(?:n\.?[ºo°]|núms?\.?|números?|pág(?:ina|\.)|vuelo|tren|sala|puerta|habitación|línea|calle|código"
    r"|pedido|bus|autobús|plaza|andén|vía|artículo|capítulo)\s$",
    re.IGNORECASE,
)
"""Before a number that counts nothing."""


def _before_noun(match: re.Match[str], how: How) -> str | None:
    if _NUMBERED.search(before(match)):
        return None
    said = count(match["it"], match["noun"])
    return None if said == match["it"] else said


_DAYS = dict(zip("LMXJVSD", TABLE.weekdays, strict=True))
_OWN = (
    Rule(
        "unit",
        re.compile(r"(?<=\w)\s?/\s?(?=(?:día|mes|año|semana|hora|persona|noche)\b)"),
        lambda match, how: " por ",
        ("3 vasos de agua/día", "3 vasos de agua por día"),
        frozenset("/"),
    ),
    Rule(
        "range",
        re.compile(r"(?<![\w-])(?P<a>[LMXJVSD])-(?P<b>[JVSD])(?=,?\s(?:de\s|:\s)?\d)"),
        lambda match, how: f"{_DAYS[match['a']]} a {_DAYS[match['b']]}",
        ("L-V de 9 a 18", "lunes a viernes de 9 a 18"),
        frozenset("-"),
    ),
    Rule(
        "unit",
        re.compile(r"(?<![\w.,])(?P<m>[1-9])m(?P<cm>\d\d)(?!\w)"),
        lambda match, how: (
            f"{count(match['m'], 'metro')} metro{'s' * (match['m'] != '1')} {match['cm']}"
        ),
        ("1m85", "un metro 85"),
        frozenset("m"),
    ),
    Rule(
        "roman",
        re.compile(
            rf"(?<!\w)(?P<it>(?=[IVX]{{1,4}}\s){ROMAN})(?=\s(?P<noun>Reich|Guerra|República|Edición|Congreso"
            r"|Cumbre|Milenio|Premio|Festival|Feria|Semana|Concilio|Dinastía|Región|Legión|Internacional))"
        ),
        lambda match, how: ordinal(
            from_roman(match["it"]), match["noun"][-1] in "an" and match["noun"] != "Reich", True
        ),
        ("la II Guerra Mundial", "la segunda Guerra Mundial"),
        frozenset("IVX"),
    ),
    Rule(
        "duration",
        re.compile(r"(?<![\d.,:])(?P<n>[1-9]\d{0,2})\s?[x×](?=\s[^\W\d_]{2})"),
        lambda match, how: f"{match['n']} {'vez' if match['n'] == '1' else 'veces'}",
        ("2x al día", "2 veces al día"),
        frozenset("x×"),
    ),
    Rule(
        "ordinal",
        re.compile(r"(?<=\d)(?:\.º|\.ª|º|ª)\s?(?P<it>izq\.|izda\.|dcha\.)"),
        lambda match, how: "izquierda" if match["it"][0] == "i" else "derecha",
        ("3.º izq. x", "tercero izquierda x"),
        DIGITS,
    ),
    Rule(
        "number",
        re.compile(r"(?<![\w.,])(?P<it>[ºª]\s?C)\b"),
        lambda match, how: "grados Celsius",
        ("º C", "grados Celsius"),
        frozenset("ºª"),
    ),
)


def language(country: Mapping[str, Any] | None = None) -> Language:
    """Make Spanish, with the numbers and the money of a country."""
    return make_language(
        VOCABULARY if country is None else VOCABULARY.of_country(country),
        shortened=SHORTENED,
        dates_as=Dates(
            say_date,
            numbered_months(TABLE, {"setiembre": 9, "set.": 9, "sep.": 9, "sep": 9}),
            ("el 7 oct. 1989", "el 7 de octubre de 1989"),
            say_date_range,
            month_link="(?:de(?:l)? )?",
            day_and_month="/",
            date_lead=(
                r"el|al|del|día|hasta|desde|antes\sdel?|lunes|martes|miércoles|jueves|"
                r"viernes|sábado|domingo"
            ),
            day_example=("el 12/03 aquí", "el 12 de marzo aquí"),
        ),
        clock=Clock(
            say_time,
            say_time_range,
            marks=("h", "hs", "hrs", "horas", "h.", "hs.", "hrs."),
            half_days=r"[aApP]\.?\s?[mM](?:\.|\b)",
            say_half=say_half,
        ),
        codes_as=Codes(
            phone=(
                r"[6789]\d{2}[ \u00a0.-]\d{3}[ \u00a0.-]\d{3}|[6789]\d{2}(?:[ \u00a0.-]\d\d){3}|"
                r"9\d[ \u00a0.-]\d{3}[ \u00a0.-]\d\d[ \u00a0.-]\d\d|[67]\d{8}|"
                r"900[ .-]\d{3}[ .-]\d{3}"
            ),
            phone_words=r"tel|teléfono|tfno|tlf|fax|móvil|llame\sal|llama\sal|whatsapp",
            phone_example=(
                "+34 612 34",
                "más tres cuatro, seis uno dos, tres cuatro",
            ),
            local_phone_example=(
                "91 123 45 67",
                "nueve uno, uno dos tres, cuatro cinco, seis siete",
            ),
            code_words=r"pin|código|clave|contraseña",
            code_links="es|postal",
            version_said="versión",
        ),
        fractions_as=Fractions(say_fraction, frozenset({2, *PARTS})),
        ordinals_as=Ordinals(
            say_ordinal,
            r"\.?[ºª°]s?|\.(?:er|os|as)\b|er\b|ros?\b|ra\b|do\b|da\b|to\b|ta\b",
            ("la 3.ª vez", "la tercera vez"),
        ),
        romans_as=Romans(
            r"capítulos?|tomos?|libros?|volúmen(?:es)?|volumen|actos?|escenas?|artículos?|títulos?|"
            r"partes?|fases?|tipos?|clases?|niveles?|nivel|grupos?|anexos?|fase|zona|guerra",
            ("capítulo IV", "capítulo 4"),
            KINGS | QUEENS,
            say_ruler,
            ("Alfonso XIII vino", "Alfonso 13 vino"),
            century=r"(?<!\w)(?i:siglos?|s\.)\s(?P<it>(?P<n>ROMAN))(?!\w)",
            say_century=say_century,
            century_example=("el siglo XIX", "el siglo 19"),
        ),
        first=_OWN,
        before_ranges=(
            Rule(
                "number",
                re.compile(
                    r"(?<![\w.,/:-])(?P<it>\d{0,3}1|[2-9]\d\d)(?=\s(?P<noun>[a-záéíóúñ]{3,20}s?)\b)"
                ),
                lambda match, how: (
                    _before_noun(match, how) if match["noun"] not in _NO_NOUNS else None
                ),
                ("21 libros", cardinal(21)[:-3] + "ún libros"),
                DIGITS,
            ),
        ),
        ordinal=ordinal,
    )


LANGUAGE = language()
