"""Words and their numbers, and how a text becomes words and is put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from looksay.errors import BadValue

START, STOP, UNKNOWN = SPECIALS = ("<start>", "<stop>", "<unknown>")
GAP = "�"  # what is shown where a word or character was unknown


@dataclass(frozen=True)
class Vocabulary:
    """`classes` are all words in the order of their numbers, START, STOP and UNKNOWN first."""

    classes: tuple[str, ...] = SPECIALS
    _numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    start, stop, unknown = 0, 1, 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "_numbers", {word: number for number, word in enumerate(self.classes)})
        if self.classes[:3] != SPECIALS:
            raise BadValue(f"the vocabulary begins with {self.classes[:3]}", mend=f"its first words must be {SPECIALS}")
        if len(self._numbers) < len(self.classes):
            twice = next(word for number, word in enumerate(self.classes) if self._numbers[word] != number)
            raise BadValue(f"the vocabulary has {twice!r} twice", mend="each word once")

    @classmethod
    def of(cls, counts: Mapping[str, int], *, least: int = 1, most: int | None = None) -> Vocabulary:
        """The words that were counted at least `least` times, the `most` frequent of them, frequent ones first; equals by the
        alphabet. `most` does not count the three specials. Raises BadValue when no word is left."""
        kept = sorted((word for word in counts if counts[word] >= least and word not in SPECIALS), key=lambda w: (-counts[w], w))
        kept = kept[:most]
        if not kept:
            often = max(counts.values(), default=0)
            why = f"the most frequent word comes {often} times, {least} are asked for" if counts else "there are no words"
            raise BadValue(f"the vocabulary would be empty: {why}", mend="give more text, or ask for less")
        return cls((*SPECIALS, *kept))

    @classmethod
    def from_classes(cls, classes: Iterable[str]) -> Vocabulary:
        """As stored with weights."""
        return cls(tuple(classes))

    def __len__(self) -> int:
        return len(self.classes)

    def __contains__(self, word: object) -> bool:
        return word in self._numbers

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The number of each word; of one that it does not have, `unknown`."""
        numbers, unknown = self._numbers, self.unknown
        return [numbers.get(token, unknown) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The inverse of `encode` on words that it has."""
        count, found = len(self.classes), list(map(int, numbers))
        for number in found:
            if not 0 <= number < count:
                raise BadValue(f"no word has the number {number}", mend=f"they go from 0 to {count - 1}")
        return [self.classes[number] for number in found]


# -- any text, exactly -----------------------------------------------------------------------------------------------------------

# A word takes the blank before it along, so that blanks cost no tokens of their own; line breaks and further blanks are tokens.
# Whatever is neither is a token by itself, so nothing is ever lost.
_WORDS = re.compile(r" ?[^\W_]+(?:['’\-][^\W_]+)*| ?[^\w\s]|[^\S\n]+(?=\S)|\s|_|.", re.DOTALL)


def chars(text: str) -> list[str]:
    """The characters. ``join(chars(text)) == text``."""
    return list(text)


def words(text: str) -> list[str]:
    """Words, each with the blank before it if there is one, signs, and white space, with case as it stands.
    ``join(words(text)) == text`` for every text."""
    return _WORDS.findall(text)


def join(tokens: Iterable[str]) -> str:
    """The text of characters or words. START and STOP are not shown; what was unknown when it was encoded is shown as GAP."""
    shown = {START: "", STOP: "", UNKNOWN: GAP}
    return "".join(shown.get(token, token) for token in tokens)


# -- captions --------------------------------------------------------------------------------------------------------------------

_CLITIC = r"['](?:s|m|d|re|ve|ll)(?!\w)"
_CAPTION = re.compile(
    rf"{_CLITIC}"  # dog|'s
    r"|(?:[^\W\d_]\.){2,}"  # p.m.
    r"|\d+(?:[.,:/]\d+)+"  # 3.50, 10:30, 1/2
    rf"|\w+(?:['\-]\w+)*?(?={_CLITIC})|\w+(?:['\-]\w+)*"  # isn't, t-shirt
    r"|[^\w\s]"
)
_NO_BLANK_BEFORE = frozenset(".,;:!?%)]}»”’…") | {"'s", "'m", "'d", "'re", "'ve", "'ll"}
_NO_BLANK_AFTER = frozenset("([{«“¿¡$€£#")
_SENTENCE_ENDS = frozenset(".!?…")


def caption_words(text: str) -> list[str]:
    """Lower-case words with the signs split off, and of English words the 's, 'm, 'd, 're, 've, 'll: what a captioner or a
    translator learns to say. White space and case are not kept; `readable` guesses them."""
    return _CAPTION.findall(normalize("NFC", text).lower().replace("’", "'"))


def readable(tokens: Sequence[str]) -> str:
    """A sentence: capitals where sentences begin, blanks where they belong. START and STOP are not shown, what is unknown is
    GAP. ``caption_words(readable(caption_words(text))) == caption_words(text)`` where nothing is unknown."""
    text, glued, opened, fresh = "", True, False, True
    for token in tokens:
        if token in (START, STOP):
            continue
        shown = GAP if token == UNKNOWN else token
        closing = token == '"' and opened
        apart = not (glued or closing or token in _NO_BLANK_BEFORE)
        if fresh and shown[:1].isalpha():
            shown, fresh = shown[:1].upper() + shown[1:], False
        text += " " * apart + shown
        if token == '"':
            opened = not opened
        glued = token in _NO_BLANK_AFTER or (token == '"' and opened)
        fresh = (fresh and not shown[:1].isalnum()) or token in _SENTENCE_ENDS
    return text
