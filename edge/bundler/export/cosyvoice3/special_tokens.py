"""List the tokens that the released code adds to the vocabulary, in the order of their ids.

No file of a checkpoint lists them: ids follow the vocabulary's last, so a token that is left out
moves all behind it. Source: CosyVoice3Tokenizer of the released code (commit ace7c47).
"""

from __future__ import annotations

SOUNDS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|endofprompt|>", "[breath]", "<strong>"),
    *("</strong>", "[noise]", "[laughter]", "[cough]", "[clucking]", "[accent]"),
    *("[quick_breath]", "<laughter>", "</laughter>", "[hissing]", "[sigh]", "[vocalized-noise]"),
    *("[lipsmack]", "[mn]", "<|endofsystem|>"),
)
"""Controls, and sounds that are no words."""
_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW"
_PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)
ENGLISH = tuple(
    f"[{phone}{stress}]"
    for phone in _PHONES.split()
    for stress in (("", "0", "1", "2") if phone in _VOWELS.split() else ("",))
)
"""The 39 phones of CMU's dictionary (ARPABET); a vowel with its stress, and without."""
_PIECES = (
    "a ai an ang ao b c ch d e ei en eng f g h i ian in ing iu ià iàn iàng iào iá ián "
    "iáng iáo iè ié iòng ióng iù iú iā iān iāng iāo iē iě iōng iū iǎ iǎn iǎng iǎo iǒng "
    "iǔ j k l m n o ong ou p q r s sh t u uang ue un uo uà uài uàn uàng uá uái uán uáng "
    "uè ué uì uí uò uó uā uāi uān uāng uē uě uī uō uǎ uǎi uǎn uǎng uǐ uǒ vè w x y z zh à "
    "ài àn àng ào á ái án áng áo è èi èn èng èr é éi én éng ér ì ìn ìng í ín íng ò òng "
    "òu ó óng óu ù ùn ú ún ā āi ān āng āo ē ēi ēn ēng ě ěi ěn ěng ěr ī īn īng ō ōng ōu ū "
    "ūn ǎ ǎi ǎn ǎng ǎo ǐ ǐn ǐng ǒ ǒng ǒu ǔ ǔn ǘ ǚ ǜ"
)
PINYIN = tuple(f"[{piece}]" for piece in _PIECES.split())
"""Initials and finals of pinyin, the tone above its vowel: hǎo is [h][ǎo]."""
SPECIAL = (*SOUNDS, *ENGLISH, *PINYIN)
