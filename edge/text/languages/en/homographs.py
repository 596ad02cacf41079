"""Choose between two readings of one spelling, by the words beside it.

A word is left to the phonemizer where they do not say enough. Sources of the readings: any English
dictionary; the neighbours are those that the readings are known by ("lead pipe", "to record").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge.text.cutting import LOOK_BACK

_BE = (
    r"(?:am|is|are|was|were|be|been|being|'s|'re|'m|feels?|felt|seems?|seemed|looks?|stays?"
    r"|remains?)"
)
_DETERMINER = (
    r"(?:the|a|an|my|your|his|her|its|our|their|this|that|these|those|some|any|no|each"
    r"|every|another"
    r"|of|in|on|with|for|by|from|about|first|last|new|old|next|other|same|own|world"
    r"|daily|big|whose)"
)
_AUXILIARY = (
    r"(?:to|will|would|can|could|may|might|must|shall|should|do|does|did|don't|doesn't"
    r"|didn't|won't"
    r"|can't|cannot|couldn't|wouldn't|shouldn't|let's|please|'ll|'d|I|you|we|they|who|not|never"
    r"|always|often|also|then|and|help|let)"
)
_HAVE = r"(?:have|has|had|having|'ve|was|were|been|be|being|is|are|got|just|already|never|ever)"


@dataclass(frozen=True)
class _Reading:
    """One reading of a word, and what must stand before or behind it."""

    ipa: str
    before: str = ""
    behind: str = ""

    def fits(self, left: str, right: str) -> bool:
        ahead = not self.before or re.search(rf"(?:{self.before})$", left, re.IGNORECASE)
        return bool(ahead and (not self.behind or re.match(self.behind, right, re.IGNORECASE)))


def _after(words: str) -> str:
    return rf"(?:^|[\s,;(\"“'’]){words}\s(?:\w{{1,12}}ly\s)?"


_NOUN, _VERB = _after(_DETERMINER), _after(_AUXILIARY)
_OBJECT = (
    r"\s(?:the|a|an|it|them|him|her|us|me|my|your|his|our|their|this|that|these|those|all|every)\b"
)
_START = r"(?:^|[.!?:;]\s{1,2}|\n)[\"“]?"


def _stressed(noun: str, verb: str) -> tuple[_Reading, ...]:
    """Make the readings of a pair like a RECord and to reCORD."""
    return (
        _Reading(
            noun,
            before=_after(
                r"(?:the|a|an|my|your|his|her|its|our|their|this|that|no|any|each|every"
                r"|new|of|world|on|for|in)"
            ),
        ),
        _Reading(verb, before=_VERB),
        _Reading(verb, before=_START, behind=_OBJECT),
        _Reading(noun, before=r"(?:^|\s)\w{2,14}(?:ed|al|ic|ive|ous|ful|y|ing)\s"),
        _Reading(verb, behind=_OBJECT),
    )


def _ending(verb: str, other: str) -> tuple[_Reading, ...]:
    """Make the readings of a pair like to SEPArate it and a separate room."""
    return (
        _Reading(
            other,
            before=_after(
                r"(?:the|a|an|my|your|his|her|its|our|their|this|that|no|two|three|into"
                r"|of|very|most|more|so|college|university|recent|rough)"
            ),
        ),
        _Reading(other, before=rf"(?:^|\s|\w){_BE}\s(?:\w{{1,12}}ly\s)?", behind=r"[\s.,;!?]"),
        _Reading(verb, before=_VERB),
        _Reading(verb, before=_START, behind=_OBJECT),
        _Reading(verb, behind=_OBJECT),
    )


_PAST = "ˈɹɛd"
_WORDS: dict[str, tuple[_Reading, ...]] = {
    "read": (
        _Reading(_PAST, before=rf"(?:^|\s|\w){_HAVE}\s(?:not\s|\w{{1,12}}ly\s)?"),
        _Reading(
            "ˈɹiːd",
            before=_after(
                r"(?:to|will|would|can|could|may|might|must|should|do|does|did|don't"
                r"|didn't|doesn't|please|let's|'ll|a|the|good|quick|must|and)"
            ),
        ),
        _Reading(
            _PAST,
            behind=r"[^.!?]{0,60}\b(?:yesterday|last (?:night|week|year|month|summer)|ago|once"
            r"|before bed last)\b",
        ),
        _Reading(
            _PAST,
            before=r"(?:yesterday|last (?:night|week|year|month|summer)|once"
            r"|when)\b[^.!?]{0,40}\s",
        ),
        _Reading(
            _PAST,
            before=r"(?:^|\s)(?:he|she|it|everyone|everybody|somebody|mom|dad|mother|father"
            r"|teacher|judge|sign|note|letter|label|headline|[A-Z][a-z]{2,12})\s",
        ),
    ),
    "lead": (
        _Reading(
            "ˈlɛd",
            behind=r"[\s-](?:pipes?|paints?|poisoning|pencils?|acid|shot|bullets?|weights?"
            r"|crystal|ore|levels?|exposure|content|contamination|solder|batter(?:y"
            r"|ies)|oxide|ions?|mine)\b",
        ),
        _Reading(
            "ˈlɛd",
            before=r"(?:of|contains?|containing|with|and|from|as heavy as|toxic|heavy|pencil"
            r"|molten|in)\s",
            behind=r"\s?(?:[.,;!?)]|and\b|in (?:the )?(?:water|paint|blood|pipes|soil)|$)",
        ),
        _Reading("ˈlɛd", before=r"(?:^|\s)pencil\s"),
        _Reading("ˈliːd"),
    ),
    "live": (
        _Reading(
            "ˈlaɪv",
            behind=r"[\s-](?:music|shows?|concerts?|streams?|streaming|broadcasts?"
            r"|performances?|audience|wires?|tv|television|coverage|events?|albums?"
            r"|chat|feeds?|video|news|updates?|bands?|action|bait|ammunition|ammo"
            r"|ticker|scores?|recordings?|animals?|lobsters?|demo|session|version"
            r"|births?|data|site|blog|support|oak|sports|at (?:\d|noon|midnight|seven"
            r"|eight|nine|ten)|from|on (?:tv|air|stage|bbc|cnn|youtube|twitch))\b",
        ),
        _Reading(
            "ˈlaɪv",
            before=r"(?:^|\s)(?:go|goes|going|went|gone|stream\w{0,3}|broadcast\w{0,3}"
            r"|performed?|performing|recorded|watch\w{0,3}|played|airs?|aired|reporting"
            r"|available|saturday night)\s(?:\w{1,10}\s){0,2}",
        ),
        _Reading(
            "ˈlaɪv",
            before=_after(r"(?:a|an|the|this|is|was|are|were|be)"),
            behind=r"(?!\s(?:in|at|with|near|on|here|there)\b)",
        ),
    ),
    "lives": (
        _Reading(
            "ˈlaɪvz",
            before=_after(
                r"(?:their|our|your|my|his|her|its|the|many|of|nine|two|three|saved?"
                r"|saves|saving|lost|more|all|people's|these|those|human|daily|past"
                r"|save)"
            ),
        ),
    ),
    "wind": (
        _Reading(
            "ˈwaɪnd",
            before=_after(
                r"(?:to|will|would|can|could|must|should|don't|please|let's|roads?"
                r"|rivers?|paths?|and)"
            ),
            behind=r"\s(?:up|down|around|through|its|the|your|it|back|his|her|along|on)\b",
        ),
        _Reading("ˈwaɪnd", before=_START, behind=r"\s(?:up|down|the|your|it)\b"),
        _Reading("ˈwaɪnd", behind=r"\s(?:up the|down the|its way)\b"),
    ),
    "winding": (_Reading("ˈwaɪndɪŋ"),),
    "close": (
        _Reading(
            "ˈkloʊs",
            behind=r"\s(?:to|by|up|call|friends?|enough|range|together|race|game|relationship"
            r"|family|relative|attention|look|second|behind|contact|quarters|ties|eye"
            r"|proximity|shave|encounter|match|finish|knit)\b",
        ),
        _Reading(
            "ˈkloʊs",
            before=_after(
                r"(?:very|so|too|how|really|pretty|quite|that|get|gets|got|getting|come"
                r"|comes|came|stay|stand|stood|sit|is|are|was|were|be|been|not|a|as"
                r"|keep|held|hold|draw|drew|uncomfortably)"
            ),
            behind=r"(?!\s(?:of|the|at (?:\d|five|six|seven|eight|nine|ten|noon|midnight))\b)",
        ),
        _Reading("ˈkloʊz", behind=_OBJECT),
    ),
    "closer": (_Reading("ˈkloʊsɚ"),),
    "closest": (_Reading("ˈkloʊsɪst"),),
    "tear": (
        _Reading(
            "ˈtɪɹ",
            behind=r"[\s-](?:gas|drops?|ducts?|stained|of (?:joy|sadness|happiness)|rolled"
            r"|fell|ran|slid|in (?:his|her|my|their|your|the corner of (?:his|her)) "
            r"eyes?)\b",
        ),
        _Reading(
            "ˈtɪɹ",
            before=r"(?:single|shed a|wiped? (?:away )?(?:a|the|his|her)|not a|cried a"
            r"|crocodile|brought a)\s",
        ),
        _Reading("ˈtɛɹ"),
    ),
    "tears": (
        _Reading(
            "ˈtɛɹz",
            before=_after(r"(?:it|he|she|who|that|which|everything|muscle|ligament)"),
            behind=r"\s(?:up|down|apart|off|out|the|a|it|at|through|into)\b",
        ),
        _Reading("ˈtɪɹz"),
    ),
    "bow": (
        _Reading(
            "ˈboʊ", behind=r"[\s-](?:and arrows?|ties?|tie|string|hunting|saw|legged|window)\b"
        ),
        _Reading(
            "ˈboʊ",
            before=r"(?:violin|cello|tied|tie|ribbon|hair|red|blue|pink|pretty|big|long|cross"
            r"|compound|with (?:a|his|her)|in a|cupid's)\s",
            behind=r"(?!\s(?:to|before|down|of)\b)",
        ),
        _Reading("ˈbaʊ", behind=r"\s(?:down|to|before|out|of the|deeply|low|his head|her head)\b"),
        _Reading(
            "ˈbaʊ",
            before=r"(?:^|\s)(?:took|take|takes|taking|deep|final|ship's|to|and|the)\s(?:a\s)?",
        ),
    ),
    "bass": (
        _Reading(
            "ˈbæs",
            before=r"(?:sea|striped|largemouth|smallmouth|caught (?:a|some|two|three)|grilled"
            r"|fried|black|rock|fresh|freshwater|catch(?:ing)?)\s(?:\w{1,10}\s)?",
        ),
        _Reading(
            "ˈbæs", behind=r"\s(?:fishing|fish|boat|lure|swam|fillets?|in the lake|pro shops?)\b"
        ),
        _Reading("ˈbeɪs"),
    ),
    "wound": (
        _Reading(
            "ˈwaʊnd",
            behind=r"\s(?:up|around|down|its|the (?:clock|watch|rope|string|yarn|bandage)|his "
            r"way|her way|through|tightly)\b",
        ),
        _Reading(
            "ˈwaʊnd",
            before=r"(?:tightly|was|were|had|he|she|they|it|road|river|path|clock)\s",
            behind=r"\s(?:up|around|through|its|the|tight|along)\b",
        ),
        _Reading("ˈwuːnd"),
    ),
    "minute": (
        _Reading(
            "maɪˈnuːt",
            behind=r"\s(?:details?|amounts?|particles?|quantit(?:y|ies)|differences?|traces?"
            r"|fractions?|changes?|cracks?|organisms?|variations?|adjustments?)\b",
        ),
        _Reading(
            "maɪˈnuːt",
            before=r"(?:very|extremely|so|most|are|were|is)\s",
            behind=r"[\s.,;!?](?!later|ago|or|long|hand)",
        ),
    ),
    "content": (
        _Reading(
            "kənˈtɛnt",
            behind=r"\s(?:with|to (?:be|sit|stay|live|wait|let|watch|just|do|have|leave|know))\b",
        ),
        _Reading(
            "kənˈtɛnt",
            before=rf"(?:^|\s|\w){_BE}\s(?:(?:very|quite|perfectly|so|not|fairly|happy and)\s)?",
            behind=r"\s?(?:[.,;!?]|$|here|there|just|and)",
        ),
    ),
    "dove": (
        _Reading(
            "ˈdoʊv",
            behind=r"\s(?:into|in|off|under|for|down|deep|through|headfirst|behind|beneath"
            r"|right)\b",
        ),
        _Reading("ˈdʌv"),
    ),
    "sow": (
        _Reading("ˈsoʊ", before=_VERB),
        _Reading(
            "ˈsoʊ", behind=r"\s(?:the|seeds?|your|wheat|doubt|confusion|discord|division|in)\b"
        ),
        _Reading("ˈsaʊ", before=_after(r"(?:the|a|an|old|fat|mother|big)")),
    ),
    "invalid": (
        _Reading(
            "ˈɪnvəlɪd",
            before=_after(r"(?:an|the|elderly|bedridden|chronic)"),
            behind=r"\s?(?:[.,;!?]|$|who|in\b|for (?:years|life)|and|was|had)",
        ),
        _Reading("ɪnˈvælɪd"),
    ),
    "resume": (
        _Reading(
            "ˈɹɛzəmeɪ",
            before=_after(r"(?:my|your|his|her|their|a|the|our|updated|impressive|of|on)"),
            behind=r"(?!\s(?:the|work|play|talks|normal)\b)",
        ),
        _Reading("ɹɪˈzuːm"),
    ),
    "use": (
        _Reading(
            "ˈjuːs",
            before=_after(
                r"(?:the|of|no|in|its|their|for|any|my|your|his|her|our|this|much|make"
                r"|made|what|good|daily|everyday|drug|land|energy|water|some|a|whose"
                r"|with|from)"
            ),
        ),
        _Reading("ˈjuːs", behind=r"\sof\b", before=r"(?:^|\s)(?!to\b)\w{1,12}\s"),
    ),
    "excuse": (
        _Reading(
            "ɪkˈskjuːs",
            before=_after(
                r"(?:the|an|a|no|any|my|your|his|her|their|good|that|poor|lame|bad|of|as)"
            ),
        ),
    ),
    "house": (
        _Reading(
            "ˈhaʊz",
            before=_after(r"(?:to|will|can|could|would|must|should)"),
            behind=r"\s(?:the|a|them|up|more|over|refugees|students|people|hundreds|thousands"
            r"|many|\d)\b",
        ),
    ),
    "abuse": (
        _Reading("əˈbjuːz", before=_VERB),
        _Reading("əˈbjuːz", behind=_OBJECT),
    ),
    "desert": (
        _Reading(
            "dɪˈzɜːɹt", before=r"(?:^|\s)\w{3,12}s\s", behind=r"\s(?:in|their|his|her|me|him|us)\b"
        ),
        _Reading(
            "dɪˈzɜːɹt",
            before=_after(
                r"(?:to|will|would|not|never|don't|didn't|may|might|could|can|you|they|I)"
            ),
            behind=r"(?!\s(?:was|is|has)\b)",
        ),
        _Reading("ˈdɛzɚt"),
    ),
    "polish": (_Reading("ˈpɑːlɪʃ"),),
    "object": _stressed("ˈɑːbdʒɛkt", "əbˈdʒɛkt"),
    "objects": _stressed("ˈɑːbdʒɛkts", "əbˈdʒɛkts"),
    "present": (
        _Reading(
            "pɹɪˈzɛnt",
            before=_after(
                r"(?:to|will|would|can|could|may|might|must|should|I|we|they|you|please|and|who)"
            ),
            behind=r"\s(?!day|and past)[a-z]",
        ),
    ),
    "project": (
        _Reading(
            "pɹəˈdʒɛkt",
            before=_after(
                r"(?:to|will|would|can|could|may|might|must|should|we|they|I|you"
                r"|analysts|economists|experts|who)"
            ),
        ),
    ),
    "record": _stressed("ˈɹɛkɚd", "ɹɪˈkɔːɹd"),
    "records": _stressed("ˈɹɛkɚdz", "ɹɪˈkɔːɹdz"),
    "refuse": (
        _Reading(
            "ˈɹɛfjuːs",
            before=_after(r"(?:the|of|with|household|and|any|all|city|our|for)"),
            behind=r"(?!\sto\b)",
        ),
        _Reading("ˈɹɛfjuːs", behind=r"\s(?:collection|bins?|dump|disposal|heap)\b"),
        _Reading("ɹɪˈfjuːz"),
    ),
    "produce": (
        _Reading(
            "ˈpɹoʊduːs",
            before=_after(
                r"(?:the|fresh|of|local|organic|our|their|farm|some|any|more|and|buy"
                r"|sell|seasonal|my)"
            ),
            behind=r"(?!\s(?:a|an|the|it|more|less|up|about)\b)",
        ),
    ),
    "conduct": _stressed("ˈkɑːndʌkt", "kənˈdʌkt"),
    "contract": _stressed("ˈkɑːntɹækt", "kənˈtɹækt"),
    "subject": (
        _Reading(
            "səbˈdʒɛkt",
            before=_after(r"(?:to|will|would|not|can|could|may|must|they|we|I)"),
            behind=_OBJECT,
        ),
    ),
    "perfect": (
        _Reading(
            "pɚˈfɛkt",
            before=_after(r"(?:to|will|must|can|could|should|help|they|we|I)"),
            behind=_OBJECT,
        ),
    ),
    "permit": _stressed("ˈpɜːɹmɪt", "pɚˈmɪt"),
    "rebel": _stressed("ˈɹɛbəl", "ɹɪˈbɛl"),
    "insult": _stressed("ˈɪnsʌlt", "ɪnˈsʌlt"),
    "increase": _stressed("ˈɪnkɹiːs", "ɪnˈkɹiːs"),
    "decrease": _stressed("ˈdiːkɹiːs", "dɪˈkɹiːs"),
    "import": _stressed("ˈɪmpɔːɹt", "ɪmˈpɔːɹt"),
    "export": _stressed("ˈɛkspɔːɹt", "ɪkˈspɔːɹt"),
    "convert": _stressed("ˈkɑːnvɜːɹt", "kənˈvɜːɹt"),
    "conflict": _stressed("ˈkɑːnflɪkt", "kənˈflɪkt"),
    "contest": _stressed("ˈkɑːntɛst", "kənˈtɛst"),
    "suspect": _stressed("ˈsʌspɛkt", "səˈspɛkt"),
    "extract": _stressed("ˈɛkstɹækt", "ɪkˈstɹækt"),
    "upset": (
        _Reading("ˈʌpsɛt", before=_after(r"(?:an|the|big|major|biggest|huge|stunning)")),
        _Reading("ʌpˈsɛt"),
    ),
    "address": (
        _Reading("əˈdɹɛs", before=_VERB),
        _Reading("əˈdɹɛs", behind=r"\sthe\b"),
    ),
    "attribute": _stressed("ˈætɹɪbjuːt", "əˈtɹɪbjuːt"),
    "separate": _ending("ˈsɛpəɹeɪt", "ˈsɛpɹət"),
    "estimate": _ending("ˈɛstɪmeɪt", "ˈɛstɪmət"),
    "graduate": _ending("ˈɡɹædʒueɪt", "ˈɡɹædʒuət"),
    "moderate": _ending("ˈmɑːdəɹeɪt", "ˈmɑːdəɹət"),
    "duplicate": _ending("ˈduːplɪkeɪt", "ˈduːplɪkət"),
    "alternate": _ending("ˈɔːltɚneɪt", "ˈɔːltɚnət"),
    "appropriate": _ending("əˈpɹoʊpɹieɪt", "əˈpɹoʊpɹiət"),
    "deliberate": _ending("dɪˈlɪbəɹeɪt", "dɪˈlɪbəɹət"),
    "elaborate": _ending("ɪˈlæbəɹeɪt", "ɪˈlæbəɹət"),
    "advocate": _ending("ˈædvəkeɪt", "ˈædvəkət"),
    "intimate": _ending("ˈɪntɪmeɪt", "ˈɪntɪmət"),
    "delegate": _ending("ˈdɛlɪɡeɪt", "ˈdɛlɪɡət"),
    "associate": _ending("əˈsoʊʃieɪt", "əˈsoʊʃiət"),
    "coordinate": _ending("koʊˈɔːɹdɪneɪt", "koʊˈɔːɹdɪnət"),
}
_CASED = frozenset({"polish"})
"""Words of which only the lower case is meant: Polish is another one."""
_FIND = re.compile(rf"(?<![\w'’-])(?:{'|'.join(_WORDS)})(?![\w'’])", re.IGNORECASE)


def homographs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the places of words with two readings, and the IPA of the one that is meant."""
    for match in _FIND.finditer(text):
        word = match[0].lower()
        if word in _CASED and match[0] != word:
            continue
        left = text[max(0, match.start() - LOOK_BACK) : match.start()]
        right = text[match.end() : match.end() + LOOK_BACK]
        for reading in _WORDS[word]:
            if reading.fits(left, right):
                yield match.start(), match.end(), reading.ipa
                break
