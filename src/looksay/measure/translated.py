"""The verdict on a translator: BLEU of what it says by itself, and its looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from looksay.measure.bleu import SIGNATURE, translations
from looksay.measure.bootstrap import Paired
from looksay.measure.judging import Judging
from looksay.measure.tallied import Tallied, intervals, paired
from looksay.measure.verdict import Verdict
from looksay.nn.system import Batch, System
from looksay.show.alignment import alignment
from looksay.show.report import Report
from looksay.systems.write.translate import Translator

SHOWN = 20  # translations in the report
EXAMPLES = {"en": ("I love coffee", "My cat is the best"), "es": ("Me gusta el café", "Mi gato es el mejor")}
DRAWN = 3  # sentences of the test whose alignment is drawn beside the examples that it has the words for


@dataclass(frozen=True)
class Said(Verdict):
    """Each source sentence once, with all its translations; in lower case, as capitals are guessed."""

    metric = "bleu"
    title = "BLEU"
    noun = "sentences"
    sources: tuple[str, ...]
    said: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.said)

    @property
    def tallied(self) -> Tallied:
        lower = [[each.lower() for each in some] for some in self.references]
        return translations([each.lower() for each in self.said], lower)

    @property
    def signature(self) -> str:
        fewest, most = min(map(len, self.references)), max(map(len, self.references))
        refs = str(most) if fewest == most else f"{fewest} to {most}"
        return SIGNATURE.format(refs=refs).replace("case:mixed", "case:lc")

    def numbers(self) -> dict[str, float]:
        found = self.tallied
        low, high = intervals({"bleu": found})["bleu"]
        right = [one.lower() in {each.lower() for each in some} for one, some in zip(self.said, self.references, strict=True)]
        return {"bleu": found.score, "exact": sum(right) / len(right), "low": low, "high": high}

    def told(self, value: float) -> str:
        return f"{value:.2f}"

    def row(self) -> list[tuple[str, str]]:
        found = self.numbers()
        return [
            ("BLEU", f"{found['bleu']:.2f} ({found['low']:.2f} to {found['high']:.2f})"),
            ("as a reference has it", f"{100 * found['exact']:.1f} %"),
        ]

    def lines(self) -> list[str]:
        return [*(f"{name:22} {value}" for name, value in self.row()), f"{'signature':22} {self.signature}"]

    def shown(self) -> dict[str, Any]:
        found = self.numbers()
        return {"BLEU": round(found["bleu"], 2), "as a reference has it": f"{100 * found['exact']:.1f} %"}

    def behind(self, best: Verdict) -> Paired | None:
        if not isinstance(best, Said) or best.sources != self.sources:
            return None
        return paired(best.tallied, self.tallied)

    def fill(self, report: Report, title: str) -> None:
        report.heading(title).facts({**dict(self.row()), "sentences": f"{len(self):,}", "signature": self.signature})
        report.text("It says every word by itself; no word of a reference is shown to it.")

    def mistakes(self, report: Report, dataset: Any, system: System[Any]) -> None:
        assert isinstance(system, Translator)
        step = max(len(self) // SHOWN, 1)
        rows = [(self.sources[i], self.said[i], self.references[i][0]) for i in range(0, len(self), step)][:SHOWN]
        report.heading("What it said").table(("read", "said", "a translation"), rows)
        reads = system.config.languages[1 if system.config.turned else 0]
        known = [text for text in EXAMPLES.get(reads, ()) if all(word in system.known for word in text.lower().split())]
        drawn = [*known, *self.sources[:: max(len(self) // DRAWN, 1)][:DRAWN]]
        report.heading("Where it looked")
        for (best, *_), text in zip(system.translate(drawn), drawn, strict=True):
            if best.looks is None or not best.words:
                report.text(f"{text} → {best.text}")
            else:
                report.figure(alignment(best.source, best.words, best.looks), f"{text} → {best.text}")


class OfTranslations(Judging):
    def __init__(self, system: System[Any], dataset: Any) -> None:
        super().__init__(system, dataset)
        self.all = dataset.references()
        self.found: dict[int, str] = {}

    def ask(self, system: System[Any], batch: Batch) -> Any:
        assert isinstance(system, Translator)
        return [some[0].text for some in system.translations(system(batch), batch)]

    def hear(self, said: Any, batch: Batch, keep: Sequence[int]) -> None:
        places = batch.targets["index"].tolist()
        self.found.update({places[row]: said[row] for row in keep})

    def verdict(self) -> Verdict:
        order = sorted(self.found)
        sources = tuple(self.dataset.pairs[place].source for place in order)
        return Said(sources, tuple(self.found[place] for place in order), tuple(tuple(self.all[text]) for text in sources))
