"""Read Portuguese: numbers, signs, units, money, dates, times and abbreviations."""

from __future__ import annotations

import re

from edge.text.languages.shared.arithmetic import Fractions
from edge.text.languages.shared.assembly import make_language
from edge.text.languages.shared.calendar_days import Dates, numbered_months
from edge.text.languages.shared.clock import Clock
from edge.text.languages.shared.codes import Codes
from edge.text.languages.shared.enumerations import Ordinals, Romans
from edge.text.languages.shared.shortened import Shortened
from edge.text.languages.sign_names import sign_names
from edge.text.languages.tables import require_table
from edge.text.languages.vocabulary import Vocabulary, listed

TABLE = require_table("pt")
_ORDINALS = listed("primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono")
_TENS = listed(
    """décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo
    nonagésimo"""
)
_CARDINAL_TENS = listed("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")


def ordinal(number: int, feminine: bool = False) -> str:
    """Say a place in an order up to 100: 21 -> vigésimo primeiro."""
    if number == 100:
        said = "centésimo"
    else:
        tens, ones = divmod(number, 10)
        parts = ([_TENS[tens - 1]] if tens else []) + ([_ORDINALS[ones - 1]] if ones else [])
        said = " ".join(parts)
    return re.sub(r"o\b", "a", said) if feminine else said


def _ordinal(number: int, mark: str, lead: str, rest: str) -> str | None:
    if not 0 < number <= 100:
        return None
    return ordinal(number, mark[-1] in "ªa")


_MASCULINE = re.compile(r"(?:quilo|mili|micro)?gramas?$|dias?$")


def _count(number: str, noun: str) -> str:
    first = noun.split()[0].split("-")[0]
    feminine = first.rstrip("s").endswith("a") and not _MASCULINE.match(first)
    if not feminine or not number.isdigit() or len(number) > 2:
        return "um" if number == "1" else number
    value = int(number)
    ones = {1: "uma", 2: "duas"}.get(value % 10)
    if ones is None or 10 < value < 20:
        return number
    return ones if value < 10 else f"{_CARDINAL_TENS[value // 10 - 2]} e {ones}"


def _date(day: int, month: int, year: str, lead: str) -> str:
    said = f"{'primeiro' if day == 1 else day} de {TABLE.months[month - 1]}"
    return f"{said} de {year}" if year else said


def _time(hours: int, minutes: int, seconds: int | None, lead: str) -> str:
    said = f"{_count(str(hours), 'horas')} hora{'s' if hours != 1 else ''}"
    if minutes:
        said += f" e {minutes}"
    if seconds:
        said += f" e {seconds} segundo{'s' if seconds != 1 else ''}"
    return said


_PARTS = {
    3: "terço",
    4: "quarto",
    5: "quinto",
    6: "sexto",
    7: "sétimo",
    8: "oitavo",
    9: "nono",
    10: "décimo",
    100: "centésimo",
}


def _fraction(whole: str, top: int, bottom: int, rest: str) -> str | None:
    if bottom == 2:
        noun = re.match(r"\s?([^\W\d_]+)", rest)
        feminine = noun is not None and noun[1].rstrip("s").endswith("a")
        half = "meia" if feminine else "meio"
        return f"{whole} e {half}" if whole else half
    said = f"{'um' if top == 1 else top} {_PARTS[bottom]}" + ("s" if top > 1 else "")
    return f"{whole} e {said}" if whole else said


_VOCABULARY = Vocabulary(
    "pt",
    TABLE,
    signs=sign_names("pt") | {"²": "ao quadrado", "³": "ao cubo"},
    names=listed("zero um dois três quatro cinco seis sete oito nove"),
    until="a",
    units={
        "mAh": ("miliampères-hora", "miliampère-hora", "miliampères-hora"),
        "Ah": ("ampères-hora", "ampère-hora", "ampères-hora"),
        "MWh": ("megawatts-hora", "megawatt-hora", "megawatts-hora"),
        "GWh": ("gigawatts-hora", "gigawatt-hora", "gigawatts-hora"),
        "Wh": ("watts-hora", "watt-hora", "watts-hora"),
        "dB": ("decibéis", "decibel", "decibéis"),
        "hp": ("cavalos", "cavalo", "cavalos"),
        "kΩ": ("quilo-ohms", "quilo-ohm", "quilo-ohms"),
    },
    symbols={
        "cv": "hp",
        "CV": "hp",
        "hrs": "h",
        "min.": "min",
        "seg": "s",
        "seg.": "s",
        "mn": "",
        "b": "",
        "mb": "",
        "Kms": "km",
    },
    rates={"mês": "por mês", "ano": "por ano", "dia": "por dia", "l": "por litro"},
    currencies={
        "USD": ("dólares", "dólar", "dólares"),
        "BRL": ("reais", "real", "reais"),
        "GBP": ("libras", "libra", "libras"),
        "JPY": ("ienes", "iene", "ienes"),
        "CNY": ("yuans", "yuan", "yuans"),
        "INR": ("rupias", "rupia", "rupias"),
    },
    currency_signs={"euros": "EUR", "euro": "EUR", "reais": "BRL"},
    minor={
        "EUR": ("cêntimos", "cêntimo", "cêntimos"),
        "BRL": ("centavos", "centavo", "centavos"),
        "USD": ("centavos", "centavo", "centavos"),
        "GBP": ("pence", "penny", "pence"),
    },
    amount="{whole} e {minor}",
    scales={
        "mi": ("milhões", "milhão", "milhões"),
        "mi.": ("milhões", "milhão", "milhões"),
        "bi": ("bilhões", "bilhão", "bilhões"),
        "M": ("milhões", "milhão", "milhões"),
        "mil": "mil",
        "milhão": "milhão",
        "milhões": "milhões",
        "milhões de": "milhões",
        "bilhões de": "bilhões",
        "bilhões": "bilhões",
        "mil milhões de": "mil milhões",
    },
    of="{scale} de {currency}",
    ratio="a",
    hashtag="hashtag",
    code_block="um bloco de código",
    over="por",
    count=_count,
)

_SHORTENED = Shortened(
    before_number={
        "pág.": "página",
        "págs.": "páginas",
        "p.": "página",
        "n.º": "número",
        "nº": "número",
        "n°": "número",
        "N.º": "número",
        "núm.": "número",
        "art.": "artigo",
        "arts.": "artigos",
        "cap.": "capítulo",
        "vol.": "volume",
        "fig.": "figura",
        "tel.": "telefone",
        "Tel.": "Telefone",
        "apto.": "apartamento",
        "#": "número",
    },
    before_name={
        "Sr.": "senhor",
        "Sra.": "senhora",
        "Srs.": "senhores",
        "Sr.ª": "senhora",
        "Srta.": "senhorita",
        "Dr.": "doutor",
        "Dra.": "doutora",
        "Prof.": "professor",
        "Profa.": "professora",
        "Prof.ª": "professora",
        "Eng.": "engenheiro",
        "D.": "dom",
        "Sto.": "Santo",
        "Sta.": "Santa",
        "S.": "São",
        "R.": "rua",
        "Av.": "avenida",
        "Pç.": "praça",
        "Gen.": "general",
    },
    after_number={"pess.": "pessoas", "hab.": "habitantes", "un.": "unidades"},
    anywhere={
        "p. ex.": "por exemplo",
        "P. ex.": "Por exemplo",
        "a. C.": "antes de Cristo",
        "a.C.": "antes de Cristo",
        "d. C.": "depois de Cristo",
        "d.C.": "depois de Cristo",
        "etc.": "etcétera",
        "ex.": "exemplo",
        "Ex.": "Exemplo",
        "aprox.": "aproximadamente",
        "máx.": "máximo",
        "mín.": "mínimo",
        "Exmo.": "excelentíssimo",
        "Exma.": "excelentíssima",
        "V. Ex.ª": "vossa excelência",
        "c/": "com",
        "s/": "sem",
        "Ltda.": "limitada",
        "Lda.": "limitada",
        "S.A.": "sociedade anônima",
        "depto.": "departamento",
        "tel.": "telefone",
        "Tel.": "Telefone",
        "cf.": "conforme",
        "obs.": "observação",
        "Obs.": "Observação",
        "av.": "avenida",
        "Cia.": "companhia",
        "vc": "você",
    },
    closing=frozenset(("etc.", "a.C.", "d.C.", "máx.", "mín.")),
    acronym_example=("a CPF", "a C P F"),
    acronyms={"EUA": "E U A", "UE": "U E", "USA": "U S A", "OK": "okay", "ADN": "A D N"},
    read_as_words=frozenset(
        listed(
            """ONU NATO OTAN IVA TAP FIFA UEFA NASA UNESCO PIN SIM RAM ROM PIB INSS SUS SIDA AIDS
            COPOM ENEM VIVO TIM OS AS UM UMA DE DO DA EM NO NA POR COM NÃO SE E É OU QUE SEU SUA"""
        )
    )
    - {"PIB", "INSS"},
    shortest_word=3,
)

LANGUAGE = make_language(
    _VOCABULARY,
    shortened=_SHORTENED,
    dates_as=Dates(
        _date,
        numbered_months(TABLE),
        ("em 1º de out. de 1989", "em primeiro de outubro de 1989"),
        lambda day, date, lead: f"{'primeiro' if day == 1 else day} a {date}",
        day_ending="[°º]?",
        month_link="(?:de )?",
        day_and_month="/",
        date_lead=(
            r"em|dia|no\sdia|até|desde|segunda|terça|quarta|quinta|sexta|sábado|"
            r"domingo|feira,?"
        ),
        day_example=("em 12/03 aqui", "em 12 de março aqui"),
    ),
    clock=Clock(
        _time,
        lambda first, last: f"{first} a {last}",
        marks=("h", "hs", "horas"),
        letter="h",
    ),
    codes_as=Codes(
        phone=(
            r"\(?\d\d\)?[ \u00a0]9?\d{4}[ \u00a0-]\d{4}|[29]\d{2}[ \u00a0]\d{3}[ \u00a0]\d{3}|"
            r"2\d[ \u00a0]\d{3}[ \u00a0]\d\d[ \u00a0]\d\d|9\d{4}-\d{4}"
        ),
        phone_words=r"tel|telefone|fax|celular|telemóvel|ligue|whatsapp",
        phone_example=("+351 21 12", "mais três cinco um, dois um, um dois"),
        local_phone_example=(
            "21 123 45 67",
            "dois um, um dois três, quatro cinco, seis sete",
        ),
        code_words=r"pin|código|senha|palavra-passe",
        code_links="é",
        version_said="versão",
    ),
    fractions_as=Fractions(_fraction, frozenset({2, *_PARTS})),
    ordinals_as=Ordinals(_ordinal, r"\.?[ºª°]", ("a 3ª vez", "a terceira vez")),
    romans_as=Romans(
        r"capítulos?|volume|livro|ato|cena|artigo|título|parte|fase|tipo|classe|tomo",
        ("capítulo IV", "capítulo 4"),
        frozenset(
            listed(
                """João Pedro Afonso Manuel Carlos José Paulo Bento Pio Leão Gregório Luís
                Filipe Henrique Sancho Dinis Fernando Duarte Sebastião Maria Isabel
                Napoleão Frederico Guilherme Jorge Alberto Eduardo Ricardo Nicolau
                Alexandre Miguel Catarina Francisco"""
            )
        ),
        lambda number, name, lead: (
            ordinal(number, name in ("Maria", "Isabel", "Catarina"))
            if number <= 10
            else str(number)
        ),
        ("João Paulo II veio", "João Paulo segundo veio"),
        century=r"(?<!\w)(?i:séculos?)\s(?P<it>(?P<n>ROMAN))(?!\w)",
        say_century=lambda number, lead, rest: ordinal(number) if number <= 10 else str(number),
        century_example=("o século XIX", "o século 19"),
    ),
    ordinal=ordinal,
)
