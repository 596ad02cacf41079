"""List words with two readings, and the neighbours that each is known by."""

from __future__ import annotations

from edge.text.languages.en.neighbours import BE, HAVE, OBJECT, START, VERB, Reading, after

READINGS: dict[str, tuple[Reading, ...]] = {
    "read": (
        Reading("ˈɹɛd", before=rf"(?:^|\s|\w){HAVE}\s(?:not\s|\w{{1,12}}ly\s)?"),
        Reading(
            "ˈɹiːd",
            before=after(
                r"(?:to|will|would|can|could|may|might|must|should|do|does|did|don't"
                r"|didn't|doesn't|please|let's|'ll|a|the|good|quick|must|and)"
            ),
        ),
        Reading(
            "ˈɹɛd",
            behind=r"[^.!?]{0,60}\b(?:yesterday|last (?:night|week|year|month|summer)|ago|once"
            r"|before bed last)\b",
        ),
        Reading(
            "ˈɹɛd",
            before=after(r"(?:I|we|they|you)"),
            behind=r"\s(?:that (?:the|they|we|it|you|s?he)|somewhere)\b",
        ),
        Reading(
            "ˈɹɛd",
            before=r"(?:yesterday|last (?:night|week|year|month|summer)|once"
            r"|when)\b[^.!?]{0,40}\s",
        ),
        Reading(
            "ˈɹɛd",
            before=r"(?:^|\s)(?:he|she|it|everyone|everybody|somebody|mom|dad|mother|father"
            r"|teacher|judge|sign|note|letter|label|headline|[A-Z][a-z]{2,12})\s",
        ),
    ),
    "lead": (
        Reading(
            "ˈlɛd",
            behind=r"[\s-](?:pipes?|paints?|poisoning|pencils?|acid|shot|bullets?|weights?"
            r"|crystal|ore|levels?|exposure|content|contamination|solder|batter(?:y"
            r"|ies)|oxide|ions?|mine)\b",
        ),
        Reading(
            "ˈlɛd",
            before=r"(?:of|contains?|containing|with|and|from|as heavy as|toxic|heavy|pencil"
            r"|molten|in)\s",
            behind=r"\s?(?:[.,;!?)]|and\b|in (?:the )?(?:water|paint|blood|pipes|soil)|$)",
        ),
        Reading("ˈlɛd", before=r"(?:^|\s)pencil\s"),
        Reading("ˈliːd"),
    ),
    "live": (
        Reading(
            "ˈlaɪv",
            behind=r"[\s-](?:music|shows?|concerts?|streams?|streaming|broadcasts?"
            r"|performances?|audience|wires?|tv|television|coverage|events?|albums?"
            r"|chat|feeds?|video|news|updates?|bands?|action|bait|ammunition|ammo"
            r"|ticker|scores?|recordings?|animals?|lobsters?|demo|session|version"
            r"|births?|data|site|blog|support|oak|sports|in (?:concert|studio|person)"
            r"|at (?:\d|noon|midnight|seven"
            r"|eight|nine|ten)|from|on (?:tv|air|stage|bbc|cnn|youtube|twitch))\b",
        ),
        Reading(
            "ˈlaɪv",
            before=r"(?:^|\s)(?:go|goes|going|went|gone|stream\w{0,3}|broadcast\w{0,3}"
            r"|performed?|performing|recorded|watch\w{0,3}|played|airs?|aired|reporting"
            r"|available|saturday night)\s(?:\w{1,10}\s){0,2}",
        ),
        Reading(
            "ˈlaɪv",
            before=after(r"(?:a|an|the|this|is|was|are|were|be)"),
            behind=r"(?!\s(?:in|at|with|near|on|here|there)\b)",
        ),
        Reading(
            "ˈlɪv",
            before=r"\w\s",
            behind=r"\s(?:in|on|near|with|here|there|together|alone|under|next|across|by|abroad)\b",
        ),
    ),
    "lives": (
        Reading(
            "ˈlaɪvz",
            before=after(
                r"(?:their|our|your|my|his|her|its|the|many|of|nine|two|three|saved?"
                r"|saves|saving|lost|more|all|people's|these|those|human|daily|past"
                r"|save)"
            ),
        ),
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
    "close": (
        Reading(
            "ˈkloʊs",
            behind=r"\s(?:to|by|up|call|friends?|enough|range|together|race|game|relationship"
            r"|family|relative|attention|look|second|behind|contact|quarters|ties|eye"
            r"|proximity|shave|encounter|match|finish|knit)\b",
        ),
        Reading(
            "ˈkloʊs",
            before=after(
                r"(?:very|so|too|how|really|pretty|quite|that|get|gets|got|getting|come"
                r"|comes|came|stay|stand|stood|sit|is|are|was|were|be|been|not|a|as"
                r"|keep|held|hold|draw|drew|uncomfortably)"
            ),
            behind=r"(?!\s(?:of|the|at (?:\d|five|six|seven|eight|nine|ten|noon|midnight))\b)",
        ),
        Reading("ˈkloʊz", behind=OBJECT),
    ),
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
            before=r"(?:single|shed a|wiped? (?:away )?(?:a|the|his|her)|not a|cried a"
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
            before=r"(?:very|extremely|so|most|are|were|is)\s",
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
    "use": (
        Reading(
            "ˈjuːs",
            before=after(
                r"(?:the|of|no|in|its|their|for|any|my|your|his|her|our|this|much|make"
                r"|made|what|good|daily|everyday|drug|land|energy|water|some|a|whose"
                r"|with|from)"
            ),
        ),
        Reading("ˈjuːs", behind=r"\sof\b", before=r"(?:^|\s)(?!to\b)\w{1,12}\s"),
    ),
    "excuse": (
        Reading(
            "ɪkˈskjuːs",
            before=after(
                r"(?:the|an|a|no|any|my|your|his|her|their|good|that|poor|lame|bad|of|as)"
            ),
        ),
    ),
    "house": (
        Reading(
            "ˈhaʊz",
            before=after(r"(?:to|will|can|could|would|must|should)"),
            behind=r"\s(?:the|a|them|up|more|over|refugees|students|people|hundreds|thousands"
            r"|many|\d)\b",
        ),
    ),
    "abuse": (
        Reading("əˈbjuːz", before=VERB),
        Reading("əˈbjuːz", behind=OBJECT),
    ),
    "desert": (
        Reading(
            "dɪˈzɜːɹt", before=r"(?:^|\s)\w{3,12}s\s", behind=r"\s(?:in|their|his|her|me|him|us)\b"
        ),
        Reading(
            "dɪˈzɜːɹt",
            before=after(
                r"(?:to|will|would|not|never|don't|didn't|may|might|could|can|you|they|I)"
            ),
            behind=r"(?!\s(?:was|is|has)\b)",
        ),
        Reading("ˈdɛzɚt"),
    ),
    "polish": (Reading("ˈpɑːlɪʃ"),),
    "present": (
        Reading(
            "pɹɪˈzɛnt",
            before=after(
                r"(?:to|will|would|can|could|may|might|must|should|I|we|they|you|please|and|who)"
            ),
            behind=r"\s(?!day|and past)[a-z]",
        ),
    ),
    "project": (
        Reading(
            "pɹəˈdʒɛkt",
            before=after(
                r"(?:to|will|would|can|could|may|might|must|should|we|they|I|you"
                r"|analysts|economists|experts|who)"
            ),
        ),
    ),
    "refuse": (
        Reading(
            "ˈɹɛfjuːs",
            before=after(r"(?:the|of|with|household|and|any|all|city|our|for)"),
            behind=r"(?!\sto\b)",
        ),
        Reading("ˈɹɛfjuːs", behind=r"\s(?:collection|bins?|dump|disposal|heap)\b"),
        Reading("ɹɪˈfjuːz"),
    ),
    "produce": (
        Reading(
            "ˈpɹoʊduːs",
            before=after(
                r"(?:the|fresh|of|local|organic|our|their|farm|some|any|more|and|buy"
                r"|sell|seasonal|my)"
            ),
            behind=r"(?!\s(?:a|an|the|it|more|less|up|about)\b)",
        ),
    ),
    "subject": (
        Reading(
            "səbˈdʒɛkt",
            before=after(r"(?:to|will|would|not|can|could|may|must|they|we|I)"),
            behind=OBJECT,
        ),
    ),
    "perfect": (
        Reading(
            "pɚˈfɛkt",
            before=after(r"(?:to|will|must|can|could|should|help|they|we|I)"),
            behind=OBJECT,
        ),
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
