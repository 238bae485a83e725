"""Captions as the COCO evaluation splits them: the Penn Treebank's tokens, as the Stanford tokenizer makes them when it is told
to write lower-case letters, without those that the evaluation leaves out.

At each place the longest token counts, so the rules below are asked all together. Two facts surprise: brackets stay, as -lrb- and
-rrb- (they are looked for in capitals, and there are none any more), and so do runs such as '!!'.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

DROPPED = frozenset(("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"))

_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f])"
_SIGN = r"(?:[^\W_]|[\u0300-\u036f])"  # of which words are made
_NUMBER = r"(?:[-+]?(?:\d*(?:[.,:]\d+)+|\d+))"
_PART = rf"(?:[dlo]')?(?:[-+]?\d+(?:[.,:]\d+)*(?!{_SIGN})|{_SIGN}+(?:_{_SIGN}+)*)"
# Words that keep their full stop; then those that do so only in capitals, and those that do so before a number.
_SHORT = """
adj adm adv al ala alex apr ariz assn assoc asst atty aug ave bancorp bhd bldg blvd brig bros calif capt cf cie cmdr co
col colo comdr conn corp cos cpl ct dak dec dept det dr drs elec esq est etc ext feb fla fri ft ga gen gov govs hon inc
ind insp intl invt jan jos jr jul jun kan kans ky lieut lt ltd maj mar md messrs mfg mich minn mlle mme mo mon mont mr
mrs ms mt natl neb nev nov oct okla penn pfc ph plc pres prof profs pte pty pvt rd rep reps rev rt sen sens sep sept seq
sgt sq sr st ste supt sys tel tenn thu thurs treas tue tues univ va vs vt wed wis wisc wm wyo
"""
_SHORT_IN_CAPITALS = "Ark Del Ill La Mass Miss Ore Pa Tex Wash"
_SHORT_BEFORE_NUMBERS = "art ca fig figs no nos op pp"
_WHOLE = """'n 'em 'til 'till 'cause ol' c'mon cap'n ma'am s'mores somethin' dunkin' n't 'd 'll 'm 're 's 've"""
_TWO = {
    "cannot": "can not", "gonna": "gon na", "gotta": "got ta", "lemme": "lem me", "gimme": "gim me", "wanna": "wan na",
    "'tis": "'t is", "'twas": "'t was", "more'n": "more 'n",
}  # fmt: skip


def _any(words: str) -> str:
    return "|".join(map(re.escape, sorted(words.split(), key=len, reverse=True)))


_END = r"(?![^\W_])"  # no letter and no digit follows
_RULES = [
    rf"(?P<two>{_any(' '.join(_TWO))}){_END}",
    rf"(?:{_any(_WHOLE)}){_END}",
    r"'n'|[dlj]'|y'(?=[^\W\d_])",
    rf"(?P<denied>{_LETTER}+?)n['`]t{_END}",  # is|n't
    r"[a-z]*(?:e'er|[ae]'en)\b",  # ta'en
    r"'[2-9]0s|'\d\d(?!\S)",  # the '90s
    _NUMBER,
    rf"{_PART}(?:-{_PART})*(?<!')",  # t-shirt, o'clock, 3-year-old
    rf"{_LETTER}{_SIGN}*(?:[.!?]{_LETTER}{_SIGN}*)+",  # end.Then: two sentences without a blank are one word
    r"[a-z](?:\.[a-z])*\.(?:-(?:(?:[a-z]\.)+|[^\W_]+))?|ph\.d\b\.?",  # p.m.
    rf"(?:{_any(_SHORT)})\.(?!{_SIGN})|(?-i:{_any(_SHORT_IN_CAPITALS)})\.(?!{_SIGN})",
    rf"(?P<numbered>(?:{_any(_SHORT_BEFORE_NUMBERS)})\.)",
    r"(?=\d*[a-z])[a-z\d]+(?:-[a-z]+){0,2}(?:\\?/[a-z\d]+(?:-[a-z]+){0,2}){1,2}",  # his/her
    r"\d{1,2}([-/])\d{1,2}\1\d{1,4}|\d{1,4}\\?/\d{1,4}",  # 12/25/2014, 1/2
    r"(?-i:[A-Z]+(?:[+&][A-Z]+)+)|(?-i:[A-Z]{1,2}\$)|c\+\+|[cf]#",  # AT&T, US$
    r"https?://[^\s\"<>|.]+(?:\.[^\s\"<>|.]+)+|[\w.+-]+@[\w-]+(?:\.[\w-]+)*|@[a-z_]\w*|#[a-z]\w*",
    r"<[!/?]?[a-z][^<>]*>",
    r"[:;=]-?(?:[()dp|\\](?![^\W_])|3(?![^\W_]))|\^_\^|-_-",
    r"''|``|\.{3,5}|[?!]{2,}|-{5,}|-{2,4}|\*+|_+|@+|\#+",
]
_PATTERNS = [re.compile(rule, re.IGNORECASE) for rule in _RULES]
_PLAIN = re.compile(r"[a-z]+|\d+")
# Signs that are written as others: before tokens are looked for, and as tokens.
_BEFORE = str.maketrans(
    {"’": "'", "‘": "'", "‹": "'", "›": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "–": "--", "—": "--", "―": "--",
     "½": " 1/2 ", "¼": " 1/4 ", "¾": " 3/4 "}
)  # fmt: skip
_ENTITIES = {"&amp;": "&", "&lt;": " < ", "&gt;": " > ", "&quot;": '"', "&apos;": "'", "&nbsp;": " "}
_ENTITY = re.compile("|".join(_ENTITIES))
_AS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-",
       '"': "''", "£": "#", "€": "$", "¢": "cents"}  # fmt: skip
_BRACKETS = re.compile(r"[()]")


def tokens(text: str) -> list[str]:
    """Lower-case tokens of one caption, as the COCO evaluation counts them. A token with a blank in it, as 3 1/2 is for the
    Stanford tokenizer, is two here, as it is for the scores."""
    if "&" in text:
        text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    pieces = text.translate(_BEFORE).split()
    found: list[str] = []
    for piece, after in pairwise((*pieces, "")):
        if _PLAIN.fullmatch(piece) and piece not in _TWO:
            found.append(piece)
        else:
            found += _split(piece, after[:1].isdigit())
    return found


@lru_cache(maxsize=65536)
def _split(piece: str, number_follows: bool) -> tuple[str, ...]:
    """The tokens of a piece without blanks."""
    found, at = list[str](), 0
    while at < len(piece):
        best: re.Match[str] | None = None
        for pattern in _PATTERNS:
            here = pattern.match(piece, at)
            if here and here.end() > at and (best is None or here.end() > best.end()) and _fits(here, number_follows):
                best = here
        if best is None:
            found += [_AS.get(piece[at], piece[at])] * (piece[at] <= "\uffff")  # pictographs are left out
            at += 1
            continue
        found += _written(best)
        at = best.end()
    return tuple(word for word in found if word not in DROPPED)


def _fits(found: re.Match[str], number_follows: bool) -> bool:
    """'no.' is a short word before a number only, next to it or after a blank."""
    if "numbered" not in found.re.groupindex:
        return True
    rest = found.string[found.end() :]
    return rest[:1].isdigit() if rest else number_follows


def _written(found: re.Match[str]) -> list[str]:
    word = found[0].lower()
    if "two" in found.re.groupindex:
        return _TWO[word].split()
    if "denied" in found.re.groupindex:
        return [word[:-3], word[-3:]]
    if word[0] == "-" and len(word) < 5 and not word.strip("-"):
        return ["--" if len(word) > 1 else "-"]
    if not word.strip("."):
        return ["..."]
    return _BRACKETS.sub(lambda sign: _AS[sign[0]], word).split()
