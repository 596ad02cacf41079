"""List other words with two readings, and the neighbours that each is known by."""

from __future__ import annotations

from edge.text.languages.en.neighbours import AFTER_MODAL, BE, PLURAL, START, VERB, Reading, after

READINGS: dict[str, tuple[Reading, ...]] = {
    "learned": (
        Reading(
            "ˈlɜːɹnᵻd",
            before=after(r"(?:a|the|my|most|very|his|her)"),
            behind=r"\s(?:man|men|woman|scholars?|professor|judge|friend|colleague|society"
            r"|journal|people)\b",
        ),
    ),
    "aged": (
        Reading(
            "ˈeɪdʒᵻd",
            before=r"(?:^|\s)(?:the|his|her|their|my|an)\s",
            behind=r"\s?(?:[.,;!?]|$|and\b|parents?|mother|father|aunt|uncle|man|woman)",
        ),
    ),
    "moped": (
        Reading(
            "ˈmoʊpt",
            behind=r"\s(?:around|about|all|for|and|in)\b",
            before=r"(?:^|\s)(?!a\s|the\s|my\s)\w{1,12}\s",
        ),
        Reading("ˈmoʊpɛd"),
    ),
    "putting": (Reading("ˈpʌtɪŋ", behind=r"\s(?:green|greens|stroke|practice|surface)\b"),),
    "sake": (
        Reading(
            "ˈsɑːki",
            before=r"\b(?:cups?|glass(?:es)?|bottles?|warm|hot|cold|some|drink"
            r"|drinking|drank|sushi and|beer and)\s(?:of\s)?(?:warm\s|hot\s|cold\s)?",
        ),
    ),
    "primer": (
        Reading(
            "ˈpɹɪmɚ",
            before=r"(?:^|\s)(?:a|this|short|quick|brief|good|the)\s",
            behind=r"\s(?:on|about|to|in)\b",
        ),
    ),
    "buffet": (Reading("bəˈfeɪ"),),
    "bowed": (
        Reading("ˈbaʊd", behind=r"\s(?:to|down|out|before|his|her|their|low|deeply|and|in)\b"),
    ),
    "row": (
        Reading(
            "ˈɹaʊ",
            before=r"\b(?:terrible|furious|huge|blazing|public|bitter|political"
            r"|diplomatic|heated|almighty|had a|having a)\s",
        ),
        Reading("ˈɹaʊ", behind=r"\s(?:over|erupted|broke out|between)\b"),
        Reading("ˈɹoʊ"),
    ),
    "does": (
        Reading(
            "ˈdoʊz",
            before=r"(?:^|\s)(?:two|three|four|five|several|many|pregnant|wild|bucks"
            r" and|stags and)\s",
        ),
    ),
    "nice": (Reading("ˈniːs", before=r"(?:^|\s)(?:in|to|from|near|of|for|visit|via)\s"),),
    "reading": (Reading("ˈɹɛdɪŋ", before=r"[a-z,]\s(?:in|to|from|near|at|via)\s"),),
    "number": (Reading("ˈnʌmɚ", before=r"\b(?:getting|got|felt|feels?|grew|becoming)\s"),),
    "lead": (
        Reading(
            "ˈlɛd",
            behind=r"\sin (?:the |your |our |its )?(?:water|paint|soil|pipes|blood|gas"
            r"|gasoline|petrol|toys|drinking)\b",
        ),
        Reading(
            "ˈlɛd",
            behind=r"[\s-](?:pipes?|paints?|poisoning|pencils?|acid|shot|bullets?|weights?"
            r"|crystal|ore|levels?|exposure|content|contamination|solder|free|lined|batter(?:y"
            r"|ies)|oxide|ions?|mine)\b",
        ),
        Reading(
            "ˈlɛd",
            before=r"(?:of|for|contains?|containing|with|and|from|as heavy as|toxic|heavy|pencil"
            r"|molten|in)\s",
            behind=r"\s?(?:[.,;!?)]|and\b|in (?:the )?(?:water|paint|blood|pipes|soil)|$)",
        ),
        Reading("ˈlɛd", before=r"(?:^|\s)pencil\s"),
        Reading("ˈliːd"),
    ),
    "wind": (
        Reading(
            "ˈwaɪnd",
            before=after(
                r"(?:to|will|would|can|could|must|should|don't|please|let's|roads?"
                r"|rivers?|paths?|and)"
            ),
            behind=r"\s(?:up|down|around|through|its|the|your|it|back|his|her|along|on)\b",
        ),
        Reading("ˈwaɪnd", before=START, behind=r"\s(?:up|down|the|your|it)\b"),
        Reading("ˈwaɪnd", behind=r"\s(?:up the|down the|its way)\b"),
    ),
    "winding": (Reading("ˈwaɪndɪŋ"),),
    "closer": (Reading("ˈkloʊsɚ"),),
    "closest": (Reading("ˈkloʊsɪst"),),
    "tear": (
        Reading(
            "ˈtɪɹ",
            behind=r"[\s-](?:gas|drops?|ducts?|stained|of (?:joy|sadness|happiness)|rolled"
            r"|fell|ran|slid|in (?:his|her|my|their|your|the corner of (?:his|her)) "
            r"eyes?)\b",
        ),
        Reading(
            "ˈtɪɹ",
            before=r"(?:single|shed(?:ding)? a|wiped? (?:away )?(?:a|the|his|her)|not a|cried a"
            r"|crocodile|brought a)\s",
        ),
        Reading("ˈtɛɹ"),
    ),
    "tears": (
        Reading(
            "ˈtɛɹz",
            before=after(r"(?:it|he|she|who|that|which|everything|muscle|ligament)"),
            behind=r"\s(?:up|down|apart|off|out|the|a|it|at|through|into)\b",
        ),
        Reading("ˈtɪɹz"),
    ),
    "bow": (
        Reading(
            "ˈboʊ", behind=r"[\s-](?:and arrows?|ties?|tie|string|hunting|saw|legged|window)\b"
        ),
        Reading(
            "ˈboʊ",
            before=r"(?:violin|cello|tied|tie|ribbon|hair|red|blue|pink|pretty|big|long|cross"
            r"|compound|with (?:a|his|her)|in a|cupid's)\s",
            behind=r"(?!\s(?:to|before|down|of)\b)",
        ),
        Reading("ˈbaʊ", behind=r"\s(?:down|to|before|out|of the|deeply|low|his head|her head)\b"),
        Reading(
            "ˈbaʊ",
            before=r"(?:^|\s)(?:took|take|takes|taking|deep|final|ship's|to|and|the)\s(?:a\s)?",
        ),
        Reading("ˈbaʊ", before=rf"{VERB}|{PLURAL}"),
        Reading("ˈboʊ"),
    ),
    "bass": (
        Reading(
            "ˈbæs",
            before=r"(?:sea|striped|largemouth|smallmouth|caught (?:a|some|two|three)|grilled"
            r"|fried|black|rock|fresh|freshwater|catch(?:ing)?)\s(?:\w{1,10}\s)?",
        ),
        Reading(
            "ˈbæs", behind=r"\s(?:fishing|fish|boat|lure|swam|fillets?|in the lake|pro shops?)\b"
        ),
        Reading("ˈbeɪs"),
    ),
    "wound": (
        Reading("ˈwuːnd", before=rf"{AFTER_MODAL}"),
        Reading(
            "ˈwaʊnd",
            before=r"[a-z]\s",
            behind=r"\s(?:a|an|the|his|her|it|them|some)\s(?:\w{1,12}\s){0,3}(?:around|up|round"
            r"|tightly|into)\b",
        ),
        Reading(
            "ˈwaʊnd",
            behind=r"\s(?:up|around|down|its|the (?:clock|watch|rope|string|yarn|bandage)|his "
            r"way|her way|through|tightly)\b",
        ),
        Reading(
            "ˈwaʊnd",
            before=r"(?:tightly|was|were|had|he|she|they|it|road|river|path|clock)\s",
            behind=r"\s(?:up|around|through|its|the|tight|along)\b",
        ),
        Reading("ˈwuːnd"),
    ),
    "minute": (
        Reading(
            "maɪˈnuːt",
            behind=r"\s(?:details?|amounts?|particles?|quantit(?:y|ies)|differences?|traces?"
            r"|fractions?|changes?|cracks?|organisms?|variations?|adjustments?)\b",
        ),
        Reading(
            "maɪˈnuːt",
            before=r"(?:^|\s)(?:very|extremely|so|most|are|were|is)\s",
            behind=r"[\s.,;!?](?!later|ago|or|long|hand)",
        ),
    ),
    "content": (
        Reading(
            "kənˈtɛnt",
            behind=r"\s(?:with|to (?:be|sit|stay|live|wait|let|watch|just|do|have|leave|know))\b",
        ),
        Reading(
            "kənˈtɛnt",
            before=rf"(?:^|\s|\w){BE}\s(?:(?:very|quite|perfectly|so|not|fairly|happy and)\s)?",
            behind=r"\s?(?:[.,;!?]|$|here|there|just|and)",
        ),
    ),
    "dove": (
        Reading(
            "ˈdoʊv",
            behind=r"\s(?:into|in|off|under|for|down|deep|through|headfirst|behind|beneath"
            r"|right)\b",
        ),
        Reading("ˈdoʊv", before=r"(?:^|\s)(?:he|she|they|we|I|it|who|and|dove|then|hawk|whale)\s"),
        Reading("ˈdʌv"),
    ),
    "sow": (
        Reading("ˈsoʊ", before=VERB),
        Reading(
            "ˈsoʊ", behind=r"\s(?:the|seeds?|your|wheat|doubt|confusion|discord|division|in)\b"
        ),
        Reading("ˈsaʊ", before=after(r"(?:the|a|an|old|fat|mother|big)")),
    ),
    "invalid": (
        Reading(
            "ˈɪnvəlɪd",
            before=after(r"(?:an|the|elderly|bedridden|chronic)"),
            behind=r"\s?(?:[.,;!?]|$|who|in\b|for (?:years|life)|and|was|had)",
        ),
        Reading("ˈɪnvəlɪd", behind=r"\s(?:mother|father|wife|husband|son|brother|sister|aunt)\b"),
        Reading("ɪnˈvælɪd"),
    ),
    "resume": (
        Reading(
            "ˈɹɛzəmeɪ",
            before=after(r"(?:my|your|his|her|their|a|the|our|updated|impressive|of|on)"),
            behind=r"(?!\s(?:the|work|play|talks|normal)\b)",
        ),
        Reading("ɹɪˈzuːm"),
    ),
    "desert": (
        Reading(
            "dɪˈzɜːɹt", before=r"(?:^|\s)\w{3,12}s\s", behind=r"\s(?:in|their|his|her|me|him|us)\b"
        ),
        Reading(
            "dɪˈzɜːɹt",
            before=after(
                r"(?:to|will|would|not|never|don't|didn't|may|might|could|can|you|they|I|who|we)"
            ),
            behind=r"(?!\s(?:was|is|has)\b)",
        ),
        Reading("ˈdɛzɚt"),
    ),
    "polish": (Reading("ˈpɑːlɪʃ"),),
    "refuse": (
        Reading(
            "ˈɹɛfjuːs",
            before=after(r"(?:the|of|with|household|and|any|all|city|our|for)"),
            behind=r"(?!\sto\b)",
        ),
        Reading("ˈɹɛfjuːs", behind=r"\s(?:collection|bins?|dump|disposal|heap)\b"),
        Reading("ɹɪˈfjuːz"),
    ),
    "upset": (
        Reading("ˈʌpsɛt", before=after(r"(?:an|the|big|major|biggest|huge|stunning)")),
        Reading("ʌpˈsɛt"),
    ),
    "address": (
        Reading("əˈdɹɛs", before=VERB),
        Reading("əˈdɹɛs", behind=r"\sthe\b"),
    ),
}
