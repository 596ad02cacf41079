"""Make a language of its words: the shared rules in the order in which they claim."""

from __future__ import annotations

import re
from collections.abc import Callable

from edge.text.claims import Language, Rule
from edge.text.languages.other import GIVEN
from edge.text.languages.shared.addresses import addresses
from edge.text.languages.shared.arithmetic import (
    THOUSANDS,
    Fractions,
    fractions,
    numbers,
    ranges,
    signs,
)
from edge.text.languages.shared.calendar_days import Dates, dates
from edge.text.languages.shared.clock import Clock, times
from edge.text.languages.shared.codes import Codes, codes, zeros
from edge.text.languages.shared.enumerations import Ordinals, Romans, ordinals, romans
from edge.text.languages.shared.quantities import quantities
from edge.text.languages.shared.say_as import forced
from edge.text.languages.shared.shortened import Shortened, abbreviations, acronyms
from edge.text.languages.vocabulary import Vocabulary


def make_language(
    v: Vocabulary,
    *,
    shortened: Shortened,
    dates_as: Dates,
    clock: Clock,
    codes_as: Codes,
    fractions_as: Fractions,
    ordinals_as: Ordinals,
    romans_as: Romans,
    ordinal: Callable[[int], str],
    open_end: re.Pattern[str] | None = None,
    first: tuple[Rule, ...] = (),
    before_ranges: tuple[Rule, ...] = (),
) -> Language:
    """Make a language of its words.

    `first` are rules of the language alone that know better than the shared ones;
    `before_ranges`, those of whole numbers, which come when units and money are claimed.
    `ordinal` says a place in an order by itself.
    """
    rules = (
        GIVEN,
        *first,
        *abbreviations(shortened),
        *addresses(v),
        *dates(v, dates_as),
        THOUSANDS,
        *codes(v, codes_as),
        *times(v, clock),
        *fractions(v, fractions_as),
        *quantities(v),
        *romans(romans_as),
        *ordinals(ordinals_as),
        *before_ranges,
        *ranges(v),
        *numbers(v),
        *zeros(v),
        *acronyms(shortened),
        *signs(v),
    )
    return Language(
        v.language,
        rules,
        forced(v, rules, dates=dates_as, clock=clock, codes=codes_as, ordinal=ordinal),
        abbreviations=shortened.endings,
        code_block=v.code_block,
        open_end=open_end,
    )
