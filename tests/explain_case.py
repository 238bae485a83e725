"""A network of a second's training, and pictures of which it is known what decides; for the tests of explanations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.system import Batch, normalise
from looksay.registry import Card
from looksay.scene import Heat

SIDE, SPOT = 32, 8
PREP = Prep((SIDE, SIDE), "stretch", SIDE, 3, (0.5, 0.4, 0.3), (0.2, 0.25, 0.5))
COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


class Tiny(Classifier):
    """Three colours; one convolution unfolds, one halves, the answer is averaged over all places."""

    card = Card(name="tiny", task="classify", title="Tiny", paper="none", year=2026)

    def __init__(self, width: int = 8, prep: Prep = PREP) -> None:
        super().__init__(tuple(COLOURS), None, prep)
        self.conv1, self.bn1, self.relu1 = nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        self.conv2, self.relu2 = nn.Conv2d(width, width, 4, stride=2, padding=1), nn.ReLU()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(width, len(COLOURS))
        self.unused = nn.Conv2d(3, 1, 1)
        self.most = 0

    def logits(self, x: Tensor) -> Logits:
        self.most = max(self.most, len(x))
        self.unused(x)
        x = self.relu1(self.bn1(self.conv1(x)))
        return Logits(self.fc(self.pool(self.relu2(self.conv2(x))).flatten(1)))

    def taps(self) -> dict[str, nn.Module]:
        names = ("unused", "conv1", "relu1", "conv2", "relu2", "pool", "fc")
        return {name: getattr(self, name) for name in names}


def pages(count: int, seed: int, decoy: bool) -> tuple[npt.NDArray[np.uint8], Tensor, list[tuple[int, int, int, int]]]:
    """Noise with a bright square whose colour is the class, at random places; a decoy is another one, as bright, that is grey
    and means nothing. Also where the deciding square is."""
    rng = np.random.default_rng(seed)
    found, labels, boxes = rng.uniform(0.1, 0.4, (count, SIDE, SIDE, 3)), [], []
    for picture in found:
        (x, y), (u, v) = rng.integers(0, SIDE - SPOT, (2, 2))
        while abs(x - u) < SPOT and abs(y - v) < SPOT:
            u, v = rng.integers(0, SIDE - SPOT, 2)
        label = int(rng.integers(3))
        if decoy:
            picture[v : v + SPOT, u : u + SPOT] = 0.9
        picture[y : y + SPOT, x : x + SPOT] = 0.15 + 0.75 * np.array(list(COLOURS.values())[label])
        labels.append(label)
        boxes.append((int(x), int(y), int(x) + SPOT, int(y) + SPOT))
    return (found * 255).astype(np.uint8), torch.tensor(labels), boxes


def prepared(count: int, seed: int, decoy: bool = False) -> tuple[Batch, list[tuple[int, int, int, int]]]:
    pictures, labels, boxes = pages(count, seed, decoy)
    x = normalise(torch.from_numpy(pictures), PREP)
    return Batch(x, {"label": labels}, ((SIDE, SIDE),) * count, tuple(map(str, range(count)))), boxes


def train() -> Tiny:
    """A network that knows the colours, in a second."""
    torch.manual_seed(0)
    system = Tiny().train()
    (plain, _), (decoys, _) = prepared(128, 1), prepared(128, 2, decoy=True)
    pictures = torch.cat((plain.pictures, decoys.pictures))
    labels = torch.cat((plain.targets["label"], decoys.targets["label"]))
    tune = torch.optim.Adam(system.parameters(), 2e-2)
    for step in range(60):
        some = torch.arange(step * 64, step * 64 + 64) * 5 % 256
        out = system.logits(pictures[some])
        tune.zero_grad(set_to_none=True)
        F.cross_entropy(out.logits, labels[some]).backward()
        tune.step()
    tune.zero_grad(set_to_none=True)
    test, _ = prepared(100, 3, decoy=True)
    system.eval()
    with torch.no_grad():
        assert (system(test).logits.argmax(1) == test.targets["label"]).float().mean() > 0.97
    return system


def values(heats: list[Heat]) -> npt.NDArray[np.float32]:
    return np.stack([heat.values for heat in heats])


def close(found: Any, wanted: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * float(np.abs(np.asarray(wanted)).max()))
