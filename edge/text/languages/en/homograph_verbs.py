"""List the verbs with two readings, and the neighbours that each is known by."""

from __future__ import annotations

from edge.text.languages.en.neighbours import AFTER_MODAL, BE, HAVE, OBJECT, VERB, Reading, after

_LIVE_THINGS = Reading(
    "ˈlaɪv",
    behind=r"[\s-](?:music|shows?|concerts?|streams?|streaming|broadcasts?|performances?|audience"
    r"|wires?|tv|television|coverage|events?|albums?|chat|feeds?|video|news|updates?|bands?|action"
    r"|bait|ammunition|ammo|ticker|scores?|recordings?|animals?|lobsters?|demo|session|version"
    r"|births?|data|site|blog|support|oak|sports|captions?|captioning|translation|preview|photos?"
    r"|jazz|theater|traffic|location|cattle|in (?:concert|studio|person)"
    r"|at (?:\d|noon|midnight|seven|eight|nine|ten)|from|on (?:tv|air|stage|bbc|cnn|youtube"
    r"|twitch|instagram|monday|tuesday|wednesday|thursday|friday|saturday|sunday))\b",
)

VERB_READINGS: dict[str, tuple[Reading, ...]] = {
    "read": (
        Reading(
            "ˈɹiːd",
            before=r"(?:^|\s)(?:a|an|the|must|good|quick|long|short|great|fun|easy"
            r"|interesting|minute|min|first|proof|worth a|hour)\s",
            behind=r"\s?(?:[.,;!?]|$)",
        ),
        Reading("ˈɹiːd", behind=r"[\s-](?:only|access|permissions?|receipts?|more|on)\b"),
        Reading(
            "ˈɹiːd",
            before=r"\b(?:did|do|does|didn['’]t|don['’]t|doesn['’]t)\s(?:(?:you|he|she"
            r"|it|we|they|I|not|people|ever|even|actually)\s){0,2}",
        ),
        Reading(
            "ˈɹɛd",
            before=rf"(?:^|\s|\w){HAVE}\s(?:(?:not|I|you|he|she|we|they|ever|just|all"
            r"|both|never|already|also|\w{1,12}ly)\s){0,2}",
        ),
        Reading(
            "ˈɹɛd",
            before=r"\b(?:as|what (?:I|you|he|she|we|they)['’]d)\s",
            behind=r"\s?(?:[.,;!?]|$)",
        ),
        Reading("ˈɹɛd", before=r"\b\w{2,12}(?:ed|ook|ot|ame|ent|at)\b[^.!?]{0,30}\sand\s"),
        Reading("ˈɹiːd", before=AFTER_MODAL + r"|\b(?:than|and|or)\s"),
        Reading(
            "ˈɹɛd",
            behind=r"[^.!?]{0,60}\b(?:yesterday|last (?:night|week|year|month|summer"
            r"|time)|ago|once|when (?:I|we|he|she|they) (?:was|were)|as a (?:kid|child)"
            r"|in (?:school|college|19\d\d|20\d\d)|this morning|and (?:\w{2,12}ed|then))\b",
        ),
        Reading(
            "ˈɹɛd",
            before=after(r"(?:I|we|they|you)"),
            behind=r"\s(?:that (?:the|they|we|it|you|s?he)|somewhere|about (?:it|that|this)"
            r" (?:in|on))\b",
        ),
        Reading(
            "ˈɹɛd",
            before=r"(?:yesterday|last (?:night|week|year|month|summer)|once"
            r"|when)\b[^.!?]{0,40}\s",
        ),
        Reading(
            "ˈɹɛd",
            before=r"(?:^|\s)(?:he|she|it|everyone|everybody|somebody|someone|nobody"
            r"|(?-i:(?!Please|Just|Always|Then|Also|Now|First|Next|Never|And|But|So|Or|To|Simply"
            r"|Kindly|Go|People|How|Where|Why|Can|Will)[A-Z][a-z]{2,12})"
            r"|(?:the|a|an|my|your|his|her|our|their|this|that)\s\w{2,14}[^s\W])\s",
            behind=r"(?!\s?-)",
        ),
        Reading("ˈɹiːd"),
    ),
    "live": (
        _LIVE_THINGS,
        Reading("ˈlɪv", before=VERB),
        Reading("ˈlɪv", before=r"(?:^|\s)(?:long|cats|dogs|men|women|parents|children|kids)\s"),
        Reading(
            "ˈlaɪv",
            before=rf"(?:^|\s|\w){BE}\s(?:(?:now|not|finally|already|back|also|all"
            r"|going|officially|it|they|you|we)\s){0,2}",
            behind=r"(?!\s(?:together|alone|under|with)\b)",
        ),
        Reading(
            "ˈlaɪv",
            before=r"(?:^|\s)(?:go|goes|going|went|gone|now|stream\w{0,3}|airs?|aired"
            r"|broadcast\w{0,3}|performed?|performing|recorded|played?|playing|reporting"
            r"|available|saturday night|join\w{0,3} us)\s(?:\w{1,10}\s)?",
        ),
        Reading(
            "ˈlaɪv",
            before=r"\b(?:saw|see|seen|seeing|watch|watched|watching|hear|heard|catch"
            r"|play|played)\s(?:\w{1,12}\s){1,3}",
        ),
        Reading(
            "ˈlaɪv", before=after(r"(?:a|an|the|this|our|first|new|every|more|two|real|near)")
        ),
        Reading("ˈlɪv"),
    ),
    "lives": (
        Reading(
            "ˈlɪvz",
            before=r"(?:^|\s)(?:he|she|it|who|that|which|nobody|everyone|anyone|someone"
            r"|nobody)\s(?:\w{1,12}ly\s|still\s|now\s|also\s)?",
        ),
        Reading(
            "ˈlaɪvz",
            before=after(
                r"(?:their|our|your|my|his|her|its|the|many|of|nine|two|three"
                r"|saved?|saves|saving|lost|more|all|people['’]s|these|those|human|daily|past|save"
                r"|other|new|private|several|take|takes|took|claimed|cost)"
            ),
        ),
        Reading(
            "ˈlɪvz",
            behind=r"\s(?:in|with|on|near|at|here|there|next|alone|across|under|by"
            r"|down|up|above|below|right|just|only|abroad|far|close|for|off|and works)\b",
        ),
        Reading("ˈlaɪvz"),
    ),
    "close": (
        Reading("ˈkloʊz", behind=OBJECT),
        Reading("ˈkloʊz", before=r"\b(?:click|tap|press|select|button to|open and|open or)\s"),
        Reading("ˈkloʊz", before=VERB, behind=r"\s(?:to (?:the public|visitors)|by \d)"),
        Reading(
            "ˈkloʊs",
            behind=r"[\s-](?:to|by|up|ups|call|calls|friends?|enough|range|together"
            r"|race|game|relationship|family|relative|attention|look|second|behind|contact"
            r"|quarters|ties|eye|proximity|shave|encounter|match|finish|knit|election|vote"
            r"|cousins?|inspection|ally|allies|collaboration)\b",
        ),
        Reading(
            "ˈkloʊs",
            before=r"\b(?:keep|keeps|kept|hold|holds|held|pull|pulled|stay|stays"
            r"|stayed|stick|stand|stood|sit|sat|get|gets|got|getting|come|comes|came|draw|drew"
            r"|live|lives|lived|hit|hits)\s(?:(?:me|him|her|it|them|us|very|so|too|pretty|really"
            r"|dangerously|(?:your|my|his|her|our|their)\s\w{2,10})\s){0,2}",
        ),
        Reading(
            "ˈkloʊs",
            before=after(
                r"(?:very|so|too|how|really|pretty|quite|that|not|as|more"
                r"|uncomfortably|this|fairly|extremely)"
            ),
        ),
        Reading("ˈkloʊs", before=rf"(?:^|\s|\w){BE}\s(?:(?:it|we|they|you|not|all|still)\s)?"),
        Reading("ˈkloʊs", before=after(r"(?:a|an)")),
        Reading("ˈkloʊz"),
    ),
    "use": (
        Reading("ˈjuːs", behind=r"\s(?:cases?|of)\b", before=r"(?<!to\s)(?<!will\s)(?<!can\s)"),
        Reading("ˈjuːz", before=VERB),
        Reading(
            "ˈjuːs",
            before=after(
                r"(?:the|of|no|in|its|their|for|any|my|your|his|her|our|this"
                r"|much|make|makes|made|making|what|good|daily|everyday|drug|land|energy|water|some"
                r"|a|whose|with|from|personal|commercial|private|public|fair|first|single|home"
                r"|external|internal|better|into|after|before|during|by|heavy|phone|regular)"
            ),
        ),
        Reading("ˈjuːz"),
    ),
    "uses": (
        Reading(
            "ˈjuːsᵻz",
            before=after(
                r"(?:the|of|no|its|their|any|my|your|his|our|many|several"
                r"|other|some|different|various|common|two|three|new|practical|more)"
            ),
        ),
        Reading("ˈjuːzᵻz"),
    ),
}
