"""CIDEr-D of captions: looksay and, where it is installed, pycocoevalcap (the extra `bench`), one after the other in one run, of
the same tokens. Captions are made here: words as frequent as in a language, references that share words with one another.
Time is that of scoring, from token text to scores, without imports; the best of the tries counts.

    python benchmarks/cider_speed.py [--pictures 5000 --references 5 --words 8000 --tries 3]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np

Captions = tuple[list[str], list[list[str]]]


def make(pictures: int, references: int, words: int) -> Captions:
    """Hypotheses and references, 6 to 16 words each; a picture's captions draw half of their words from a few of its own."""
    rng = np.random.default_rng(0)
    names = np.array([f"word{number}" for number in range(words)])
    often = 1 / (np.arange(words) + 3)
    often /= often.sum()
    captions = []
    for _ in range(pictures):
        own, some = rng.choice(words, 10, p=often), []
        for _ in range(references + 1):
            length = rng.integers(6, 17)
            drawn = np.where(rng.random(length) < 0.5, rng.choice(own, length), rng.choice(words, length, p=often))
            some.append(" ".join(names[drawn]))
        captions.append(some)
    return [some[0] for some in captions], [some[1:] for some in captions]


def ours(said: Sequence[str], known: Sequence[Sequence[str]]) -> np.ndarray:
    from looksay.measure.caption_scores import cider_d
    from looksay.measure.ngrams import Sentences

    texts = Sentences.of([each.split() for each in said], [[each.split() for each in some] for some in known])
    return cider_d(texts)


def theirs(said: Sequence[str], known: Sequence[Sequence[str]]) -> np.ndarray:
    from pycocoevalcap.cider.cider import Cider

    return Cider().compute_score(dict(enumerate(map(list, known))), {row: [each] for row, each in enumerate(said)})[1]


def timed(scorer: Callable[..., np.ndarray], captions: Captions, tries: int) -> tuple[float, np.ndarray]:
    scorer(captions[0][:2], captions[1][:2])  # imports
    spent = []
    for _ in range(tries):
        since = time.perf_counter()
        found = scorer(*captions)
        spent.append(time.perf_counter() - since)
    return min(spent), found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pictures", 5000), ("references", 5), ("words", 8000), ("tries", 3)):
        asked.add_argument(f"--{name}", type=int, default=default)
    options = asked.parse_args()
    captions = make(options.pictures, options.references, options.words)
    print(f"{options.pictures} captions, {options.references} references each")
    seconds, mine = timed(ours, captions, options.tries)
    print(f"{'looksay':16}{seconds:8.3f} s   {mine.mean():.12f}")
    if find_spec("pycocoevalcap") is None:
        print(f"{'pycocoevalcap':16}is not installed: pip install 'looksay[bench]'")
        return
    slow, other = timed(theirs, captions, options.tries)
    apart = np.abs(mine - other).max()
    print(
        f"{'pycocoevalcap':16}{slow:8.3f} s   {other.mean():.12f}   {slow / seconds:.1f} times as long; apart {apart:.1g} at most"
    )


if __name__ == "__main__":
    main()
