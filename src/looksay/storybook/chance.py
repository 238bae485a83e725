"""Chance that depends on names, never on history: the same words give the same numbers on every machine and in every version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


def mix(*words: int | str) -> int:
    """64 well-mixed bits of the given words (SplitMix64 over them; text goes in by FNV-1a)."""
    state = 0x9E3779B97F4A7C15
    for word in words:
        state = _step(state ^ (_folded(word) if isinstance(word, str) else word & _MASK))
    return state


@lru_cache(maxsize=4096)
def _folded(word: str) -> int:
    number = 0xCBF29CE484222325
    for byte in word.encode():
        number = ((number ^ byte) * 0x100000001B3) & _MASK
    return number


def _step(state: int) -> int:
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


class Chance:
    """A stream of numbers for (seed, page index, purpose). Cheap to make, cheap to draw from."""

    __slots__ = ("_state",)

    def __init__(self, *words: int | str) -> None:
        self._state = mix(*words)

    def bits(self) -> int:
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def real(self, low: float = 0.0, high: float = 1.0) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * ((self.bits() >> 11) * 2.0**-53)

    def below(self, count: int) -> int:
        """Uniform in 0 … count - 1."""
        return (self.bits() * count) >> 64

    def coin(self, share: float = 0.5) -> bool:
        return (self.bits() >> 11) * 2.0**-53 < share

    def pick(self, items: Sequence[T]) -> T:
        return items[(self.bits() * len(items)) >> 64]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        left = (self.bits() >> 11) * 2.0**-53 * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones in random order."""
        pool, bits = list(items), self.bits
        whole = len(pool)
        for place in range(min(count, whole)):
            other = place + ((bits() * (whole - place)) >> 64)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]
