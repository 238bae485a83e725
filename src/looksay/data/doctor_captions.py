"""What can be wrong with captions: nothing in them, too much in them, or letters that were read in the wrong encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from looksay.data.dataset import RawCaption
from looksay.data.doctor_findings import Finding
from looksay.scene import Caption

MOST_WORDS, MOST_LETTERS = 100, 1000  # what is longer is no sentence about a picture
LOST = "\ufffd"
# Bytes 0x80 to 0xbf, which follow in UTF-8, as Windows-1252 and Latin-1 show them.
_NEXT = "[\x80-\xbf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)).replace("^", r"\^") + "]"
# UTF-8 that was read as Windows-1252. Letters that are common in it by themselves (Ñ, ä) must come twice.
_WRONG = re.compile(
    f"[\xc2-\xc5]{_NEXT}|\xc6[\x92\u2019]|\xcb[\x86\x9c\u2020\u0153]|\xf0[\x9f\u0178]{_NEXT}{_NEXT}"
    f"|\xe2[\x80\u20ac]{_NEXT}|\xe2[\x82\u201a]\xac|\xe2[\x84\u201e]\xa2"
    f"|(?:[\xd0\xd1]{_NEXT}){{2,}}|(?:[\xe3-\xe9]{_NEXT}{_NEXT}){{2,}}"
)
# Not the blanks that end a line; zero-width and turning characters, but those that join emoji.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff]")


def findings(captions: Sequence[RawCaption]) -> Iterator[Finding]:
    """Of the captions of one picture."""
    seen: dict[str, str] = {}
    for raw in captions:
        if raw.fault:
            yield Finding("bad-caption", raw.where, raw.fault, "write the caption, or take its entry out")
            continue
        text, faults = mended_text(raw.text)
        yield from (Finding(kind, raw.where, what, mend) for kind, what, mend in faults)
        if not has_words(text):
            yield Finding("empty-caption", raw.where, f"the caption has no words: {raw.text!r:.40}", "write it, or take it out")
            continue
        words = len(text.split())
        if words > MOST_WORDS or len(text) > MOST_LETTERS:
            what = f"the caption has {words:,} words, {len(text):,} characters: {text!r:.40} …"
            yield Finding("long-caption", raw.where, what, "is it one sentence?")
        first = seen.setdefault(_folded(text), raw.where)
        if first is not raw.where:
            what = f"the caption {text!r:.60} stands in {first} too"
            yield Finding("duplicate-caption", raw.where, what, "take one of them out")


def is_said(captions: Sequence[RawCaption]) -> bool:
    """Whether a caption is left when they are mended."""
    return any(not raw.fault and has_words(mended_text(raw.text)[0]) for raw in captions)


def has_words(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def mended_text(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The text put right, and (kind of finding, what is wrong, how to mend it) of what was not."""
    faults = []
    right = _reread(text)
    if right != text:
        what = f"the caption {text!r:.60} looks like UTF-8 that was read as Windows-1252"
        faults.append(("mojibake", what, f"write {right!r:.60}"))
    elif LOST in text:
        faults.append(("mojibake", f"the caption {text!r:.60} has lost a letter", "take it again from where it came from"))
    bad = _CONTROL.findall(right)
    if bad:
        named = ", ".join(f"U+{ord(letter):04X}" for letter in dict.fromkeys(bad))
        faults.append(("control-character", f"the caption {right!r:.60} has control characters: {named:.60}", "take them out"))
        right = _CONTROL.sub(lambda found: " " if found[0] in "\u2028\u2029" else "", right)
    return right, faults


def _reread(text: str) -> str:
    """Undoes a reading in the wrong encoding, also one that happened twice."""
    for _ in range(3):
        if text.isascii():
            break
        before, text = text, _WRONG.sub(lambda found: _decoded(found[0]), text)
        if text == before:
            break
    return text


def _decoded(run: str) -> str:
    try:
        return b"".join(letter.encode("latin-1" if ord(letter) < 256 else "cp1252") for letter in run).decode("utf-8")
    except UnicodeError:
        return run


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" .")


def mended(captions: Sequence[RawCaption], known: Sequence[Caption]) -> tuple[tuple[Caption, ...], list[tuple[str, str, str]]]:
    """The captions that are left, put right, and (kind, where, what was done). `known`: what the reader makes of them, if it
    makes something of all."""
    kept: dict[str, Caption] = {}
    done = []
    for at, raw in enumerate(captions):
        text, faults = mended_text(raw.text)
        said = f"the caption {raw.text!r:.60}"
        if raw.fault or not has_words(text):
            done.append(("bad-caption" if raw.fault else "empty-caption", raw.where, f"dropped: {raw.fault or said}"))
            continue
        if text != raw.text:
            done += [(kind, raw.where, f"{said} becomes {text!r:.60}") for kind, _, _ in faults]
        if _folded(text) in kept:
            done.append(("duplicate-caption", raw.where, f"dropped: {said}"))
            continue
        whole = len(known) == len(captions)
        caption = known[at] if whole else Caption(raw.text, id=raw.id, language=raw.language)
        kept[_folded(text)] = caption if text == raw.text else replace(caption, text=text, phrases=())
    return tuple(kept.values()), done
