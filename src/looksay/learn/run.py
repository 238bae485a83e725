"""A run folder: what was asked, on which machine, what came of it, and where to go on. Nothing in it is ever half written."""

from __future__ import annotations

import csv
import json
import math
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor
from torch.optim import Optimizer

from looksay.disk import write_atomically
from looksay.errors import BadConfig, BadWeights, DiskTrouble
from looksay.learn.optim import Average
from looksay.nn.system import System
from looksay.records import pack, unpack


@dataclass
class State:
    """Where a run stands. `step` counts from the run's start, `batch` from the epoch's; `sums` are this epoch's losses."""

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float = -math.inf
    worse: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    done: bool = False


class Run:
    """`root` holds config.json, environment.json, metrics.csv, metrics.jsonl, timing.csv, last.ckpt, best.safetensors."""

    def __init__(self, root: Path, *, main: bool = True) -> None:
        self.root, self.main = root, main

    def begin(self, config: Mapping[str, Any], *, resume: bool) -> bool:
        """Opens a folder; says whether there is a checkpoint to go on from. A run with a checkpoint is never overwritten;
        one that was killed before its first begins anew."""
        if self.main:
            for part in self.root.glob(".*.part"):  # of a write that a kill cut short
                part.unlink(missing_ok=True)
        if self.checkpoint.is_file():
            if not resume:
                raise BadConfig(
                    "already holds a run", where=str(self.root), mend="--resume goes on with it, --output begins elsewhere"
                )
            return True
        if self.main:
            self._text("config.json", json.dumps(config, indent=1, ensure_ascii=False))
            self._text("environment.json", json.dumps(environment(), indent=1))
            self._text("metrics.jsonl", "")
            (self.root / "timing.csv").unlink(missing_ok=True)
        return False

    def config(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.root / "config.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadConfig(f"is not the folder of a run: {error}", where=str(self.root)) from None
        return found

    @property
    def checkpoint(self) -> Path:
        return self.root / "last.ckpt"

    def _text(self, name: str, text: str) -> None:
        write_atomically(self.root / name, text.encode())

    def save(self, state: State, model: System[Any], optimizer: Optimizer, average: Average | None) -> None:
        """Everything that the next step depends on. Tensors and JSON, no pickle."""
        tensors: dict[str, Tensor] = {f"model/{name}": value for name, value in model.state_dict().items()}
        tensors |= {f"carried/{name}": value for name, value in model.carried().items()}
        if average:
            tensors |= {f"average/{name}": value for name, value in average.values.items()}
        numbers: dict[str, Any] = {}
        for place, values in optimizer.state_dict()["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer/{place}/{name}"] = value
                elif value is not None:
                    numbers[f"{place}/{name}"] = value
        meta = {"run": json.dumps({"state": pack(state, full=True), "numbers": numbers})}
        whole = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
        write_atomically(self.checkpoint, to_bytes(whole, meta))

    def load(self, model: System[Any], optimizer: Optimizer, average: Average | None) -> State:
        """Puts everything back as it was; the metrics forget what came after."""
        state, tensors, numbers = self.peek()
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "carried": {}, "average": {}, "optimizer": {}}
        for name, value in tensors.items():
            kind, _, rest = name.partition("/")
            groups[kind][rest] = value
        if model.state_dict().keys() != groups["model"].keys():
            raise BadWeights(
                "belongs to another network", where=str(self.checkpoint), mend="go on with the settings of config.json"
            )
        model.load_state_dict(groups["model"])
        model.carry(groups["carried"])
        if average:
            average.load(groups["average"])
        slots: dict[int, dict[str, Any]] = {}
        for name, slot in [*groups["optimizer"].items(), *numbers.items()]:
            place, _, key = name.partition("/")
            slots.setdefault(int(place), {})[key] = slot
        optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
        _lay_alike(optimizer)
        return state

    def peek(self) -> tuple[State, dict[str, Tensor], dict[str, Any]]:
        try:
            with safe_open(self.checkpoint, "pt") as file:
                meta = json.loads(file.metadata()["run"])
                tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            state: State = unpack(State, meta["state"], str(self.checkpoint))
            return state, tensors, meta["numbers"]
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise BadWeights(f"cannot be read: {error}", where=str(self.checkpoint)) from None

    def note(self, row: Mapping[str, Any]) -> None:
        """One line of the record. Times stay out of it: they differ between runs that are otherwise equal."""
        if self.main:
            self._append("metrics.jsonl", json.dumps(row) + "\n")

    def note_time(self, epoch: int, seconds: float, rate: float, waiting: float) -> None:
        if self.main:
            head = "" if (self.root / "timing.csv").exists() else "epoch,seconds,pictures_per_second,share_waiting\n"
            self._append("timing.csv", f"{head}{epoch},{seconds:.2f},{rate:.1f},{waiting:.4f}\n")

    def _append(self, name: str, text: str) -> None:
        try:
            with open(self.root / name, "a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise DiskTrouble(
                f"cannot be written: {error.strerror}", where=str(self.root / name), mend="make room, then --resume"
            ) from None

    def minutes(self) -> float:
        """What the training itself took, all its parts together."""
        path = self.root / "timing.csv"
        lines = path.read_text("utf-8").splitlines()[1:] if path.exists() else []
        return sum(float(line.split(",")[1]) for line in lines) / 60

    def rows(self) -> list[dict[str, Any]]:
        """The record so far; a last line that a kill cut short is left out."""
        found = []
        path = self.root / "metrics.jsonl"
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            try:
                found.append(json.loads(line))
            except ValueError:
                break
        return found

    def forget_after(self, step: int) -> None:
        """What was noted after the checkpoint is about to happen again."""
        kept = [row for row in self.rows() if row["step"] <= step]
        self._text("metrics.jsonl", "".join(json.dumps(row) + "\n" for row in kept))

    def write_table(self) -> None:
        """metrics.csv: one row an epoch."""
        rows = [row for row in self.rows() if "epoch" in row]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
        beside = self.root / ".metrics.csv.part"
        with open(beside, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
        os.replace(beside, self.root / "metrics.csv")


def _lay_alike(optimizer: Optimizer) -> None:
    """Puts what the optimizer remembers into the memory order of its parameter: fused steps walk both as flat memory."""
    for parameter, slots in optimizer.state.items():
        for name, value in slots.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                slots[name] = torch.empty_like(parameter).copy_(value)


def environment() -> dict[str, Any]:
    """What a result may depend on."""
    import torchvision

    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cuda": torch.version.cuda if torch.cuda.is_available() else None,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
    }
