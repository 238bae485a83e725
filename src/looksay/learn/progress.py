"""How a training goes, on the terminal: a bar where there is one, a line an epoch where the output goes to a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from looksay.learn.run import State
from looksay.nn.recipe import Stage


class Bar:
    """Loss, items of a batch (pictures, streams of a text …) a second and the time left."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[state]}"), console=self.console, transient=True)
        self._task: TaskID | None = None
        self._since = time.monotonic()
        self._steps = 0

    def stage(self, stage: Stage, steps: int, done: int) -> None:
        self.close()
        self._steps = steps
        self._bar.start()
        self._task = self._bar.add_task(stage.name, total=steps, completed=done, state="")

    def step(self, state: State, loss: float, pictures_per_second: float) -> None:
        if self._task is not None:
            self._bar.update(self._task, advance=1, state=f"loss {loss:.3f}, {pictures_per_second:.0f}/s")

    def epoch(self, state: State, row: Mapping[str, Any]) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in row.items() if isinstance(value, float) and name != "lr")
        spent = time.monotonic() - self._since
        self.console.print(f"epoch {row['epoch']:>3}  {scores}  [dim]{spent:.0f} s[/dim]", highlight=False)

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)

    def close(self) -> None:
        if self._task is not None:
            self._bar.stop()
            self._bar.remove_task(self._task)
            self._task = None


class Silent:
    """Says nothing."""

    def stage(self, stage: Stage, steps: int, done: int) -> None: ...

    def step(self, state: State, loss: float, pictures_per_second: float) -> None: ...

    def epoch(self, state: State, row: Mapping[str, Any]) -> None: ...

    def say(self, line: str) -> None: ...

    def close(self) -> None: ...
