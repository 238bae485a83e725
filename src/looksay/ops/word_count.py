"""Words of a text of any size as numbers: counted, encoded and joined to phrases, straight from the bytes of the file.

A word is whatever stands between white space (the bytes 9 to 13 and 32); a line feed ends a sentence, too. Words are found
through an open table of slots, as many as a power of two, that hold the number of a word or -1.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.ops.compiled import Int, compiled

Bytes: TypeAlias = npt.NDArray[np.uint8]
END = -1  # of a sentence, among the numbers of words
RARE = -2  # a word that the table does not know, where such words are not left out
_NEWLINE = 10


class Table(NamedTuple):
    """Word i is `letters[starts[i] : starts[i] + lengths[i]]`; `hashes` spare most comparisons."""

    letters: Bytes
    slots: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def table_of(words: list[bytes]) -> Table:
    """The table of given words, which all differ."""
    lengths = np.array([len(word) for word in words], np.int64)
    starts = np.cumsum(lengths) - lengths
    letters = np.frombuffer(b"".join(words), np.uint8)
    made = Table(letters, empty_slots(len(words)), np.zeros(len(words), np.uint64), starts, lengths)
    _hash_all(made)
    place(made, len(words))
    return made


def empty_slots(words: int) -> npt.NDArray[np.int32]:
    """At least two slots for each word."""
    return np.full(1 << max(4, (2 * words - 1).bit_length()), -1, np.int32)


@compiled
def _step(hash_: np.uint64, letter: np.uint8) -> np.uint64:
    """FNV-1a."""
    return np.uint64((hash_ ^ np.uint64(letter)) * np.uint64(0x100000001B3))


@compiled
def _slot(hash_: np.uint64, slots: int) -> Int:
    return np.int64((hash_ ^ (hash_ >> np.uint64(32))) & np.uint64(slots - 1))


@compiled
def _hash_all(table: Table) -> None:
    for word in range(len(table.starts)):
        value = np.uint64(0xCBF29CE484222325)
        for at in range(table.starts[word], table.starts[word] + table.lengths[word]):
            value = _step(value, table.letters[at])
        table.hashes[word] = value


@compiled
def place(table: Table, words: int) -> None:
    """Fills the empty slots with the first so many words."""
    for word in range(words):
        slot = _slot(table.hashes[word], len(table.slots))
        while table.slots[slot] >= 0:
            slot = (slot + 1) & (len(table.slots) - 1)
        table.slots[slot] = word


@compiled
def _find(text: Bytes, at: int, length: int, value: np.uint64, table: Table) -> Int:
    """The slot that holds the word text[at : at + length], or the free one where it belongs."""
    slot = _slot(value, len(table.slots))
    while True:
        word = table.slots[slot]
        if word < 0:
            return slot
        if table.hashes[word] == value and table.lengths[word] == length:
            start, same = table.starts[word], True
            for letter in range(length):
                if text[at + letter] != table.letters[start + letter]:
                    same = False
                    break
            if same:
                return slot
        slot = (slot + 1) & (len(table.slots) - 1)


@compiled
def _next(text: Bytes, at: int, stop: int) -> tuple[int, int, np.uint64, bool]:
    """(start, end, hash, whether a line ended before it) of the first word from `at` on; start == stop where there is none."""
    newline = False
    while at < stop and (text[at] == 32 or 9 <= text[at] <= 13):
        newline = newline or text[at] == _NEWLINE
        at += 1
    start, value = at, np.uint64(0xCBF29CE484222325)
    while at < stop and not (text[at] == 32 or 9 <= text[at] <= 13):
        value = _step(value, text[at])
        at += 1
    return start, at, value, newline


@compiled
def count(text: Bytes, span: tuple[int, int], table: Table, counts: npt.NDArray[np.int64], words: int) -> tuple[int, int, int]:
    """Counts the words of text[span], new ones getting the next numbers; the table's letters are the text. Stops early when the
    table is half full. Gives (where it stopped, words in the table, words read)."""
    at, stop = span
    read = 0
    while at < stop:
        if 2 * words >= len(table.slots):
            break
        start, at, value, _ = _next(text, at, stop)
        if start == stop:
            break
        read += 1
        slot = _find(text, start, at - start, value, table)
        word = table.slots[slot]
        if word < 0:
            word = words
            table.slots[slot] = word
            table.hashes[word], table.starts[word], table.lengths[word] = value, start, at - start
            words += 1
        counts[word] += 1
    return at, words, read


@compiled
def encode(text: Bytes, span: tuple[int, int], table: Table, rare: bool, out: npt.NDArray[np.int32]) -> int:
    """Writes the numbers of the words of text[span], END between lines, and gives how many were written: at most one a byte.
    Words that the table lacks are left out, or with `rare` written as RARE."""
    at, stop = span
    used = 0
    while True:
        start, at, value, newline = _next(text, at, stop)
        if newline and (used == 0 or out[used - 1] != END):
            out[used] = END
            used += 1
        if start == stop:
            return used
        word = table.slots[_find(text, start, at - start, value, table)]
        if word >= 0 or rare:
            out[used] = word if word >= 0 else RARE
            used += 1


@compiled
def tally(ids: npt.NDArray[np.int32]) -> int:
    """How many are words."""
    found = 0
    for word in ids:
        found += word >= 0
    return found


@compiled
def _pair_slot(key: Int, keys: npt.NDArray[np.int64]) -> Int:
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(32)) & (len(keys) - 1)
    while keys[slot] != -1 and keys[slot] != key:
        slot = (slot + 1) & (len(keys) - 1)
    return slot


@compiled
def count_pairs(
    ids: npt.NDArray[np.int32], start: int, before: Int, keys: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], used: int
) -> tuple[int, int, int]:
    """Counts neighbours within sentences from ids[start] on; `before` is the number that came last. A pair of a and b has the key
    a << 32 | b. Stops early when the slots are half full. Gives (where it stopped, what came last, slots in use)."""
    for at in range(start, len(ids)):
        if 2 * used >= len(keys):
            return at, int(before), used
        word = ids[at]
        if word >= 0 and before >= 0:
            slot = _pair_slot((np.int64(before) << 32) | word, keys)
            used += int(keys[slot] == -1)
            keys[slot] = (np.int64(before) << 32) | word
            counts[slot] += 1
        before = word
    return len(ids), int(before), used


@compiled
def place_pairs(
    keys: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], into: npt.NDArray[np.int64], sums: npt.NDArray[np.int64]
) -> None:
    """The same counts in other slots."""
    for at in range(len(keys)):
        if keys[at] != -1:
            slot = _pair_slot(keys[at], into)
            into[slot], sums[slot] = keys[at], counts[at]


@compiled
def join(
    text: Bytes, span: tuple[int, int], table: Table, phrases: npt.NDArray[np.int64], before: Int, out: Bytes
) -> tuple[int, Int]:
    """Writes the words of text[span] with '_' between the two of a phrase, else a space, and a line feed where lines end. A word
    that has been joined to the one before it is not joined to the next. `phrases` are slots of keys as count_pairs has them.
    `before` is what stands at the end of what was written last: a number, RARE, or END at the start of a line. Gives (bytes
    written, what stands at the end now)."""
    at, stop = span
    used = 0
    while True:
        start, at, value, newline = _next(text, at, stop)
        if newline and before != END:
            out[used] = _NEWLINE
            used += 1
            before = END
        if start == stop:
            return used, before
        word = np.int64(table.slots[_find(text, start, at - start, value, table)])
        word = word if word >= 0 else np.int64(RARE)
        joined = False
        if word >= 0 and before >= 0:
            key = (np.int64(before) << 32) | word
            joined = phrases[_pair_slot(key, phrases)] == key
        if before != END:
            out[used] = 95 if joined else 32
            used += 1
        for letter in range(start, at):
            out[used] = text[letter]
            used += 1
        before = np.int64(RARE) if joined else word
