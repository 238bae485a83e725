"""What systems share that look at a picture place by place with a house backbone, which may be frozen: then what it sees in a
picture is remembered on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.backbone import Backbone, BackboneSize, Merge
from looksay.nn.blocks import initialise, scaled
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, Prep, fit
from looksay.nn.system import Batch, Keep, System, normalise

CELL = 8  # pixels of the network's picture along a place
DEPTH = 128
MERGED = 64
COLOURS = 3
O = TypeVar("O")  # noqa: E741 - the type of what a system puts out


class Eyes(Protocol):
    """What its config must say."""

    @property
    def size(self) -> BackboneSize: ...
    @property
    def width(self) -> float: ...
    @property
    def frozen(self) -> bool: ...


class Seen(NamedTuple):
    """`regions` (N, L, D) row by row, `whole` (N, D) their mean, `grid` their rows and columns."""

    regions: Tensor
    whole: Tensor
    grid: tuple[int, int]


class Sight(nn.Module):
    """What is known of each place, DEPTH numbers, a place being a cell of CELL pixels: from what a detector's map says of its
    four quarters, and from their mean colours."""

    def __init__(self, size: BackboneSize, width: float) -> None:
        super().__init__()
        self.body = Backbone(size, width)
        self.merge = Merge(self.body.channels, scaled(MERGED, width))
        self.depth = scaled(DEPTH, width)
        self.fine = nn.Conv2d(4 * (scaled(MERGED, width) + COLOURS), self.depth, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(self.depth)
        self.relu = nn.ReLU()
        initialise(self.merge)
        initialise(self.fine)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, D, H/8, W/8)"""
        return self.places(self.merge(self.body(x))[0], x)

    def places(self, near: Tensor, x: Tensor) -> Tensor:
        """Of a picture, and the map of stride 4 that was made of it."""
        high, wide = (-(-side // CELL) for side in x.shape[-2:])
        colours = F.avg_pool2d(F.pad(x, (0, CELL * wide - x.shape[3], 0, CELL * high - x.shape[2])), CELL // 2)
        near = F.pad(near, (0, 2 * wide - near.shape[3], 0, 2 * high - near.shape[2]))
        quarters = F.pixel_unshuffle(torch.cat([near, colours.to(near.dtype)], dim=1), 2)
        seen: Tensor = self.relu(self.norm(self.fine(quarters)))
        return seen


def sighted(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of a system with a backbone of its own, as eyes can begin with them."""
    return {f"eyes.{name}" if name.startswith(("body.", "merge.")) else name: tensor for name, tensor in tensors.items()}


@contextmanager
def halves(kind: str) -> Iterator[None]:
    """bfloat16 in this thread alone. The end of torch.autocast forgets the weights that any thread has cast: that which learns
    would cast them again midway, and round its gradients differently each time."""
    before = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
    torch.set_autocast_enabled(kind, True)
    torch.set_autocast_dtype(kind, torch.bfloat16)
    try:
        yield
    finally:
        torch.set_autocast_enabled(kind, before[0])
        torch.set_autocast_dtype(kind, before[1])


class Seeing(System[O]):
    """`eyes` see; `depth` numbers a place."""

    shortcut = True

    def __init__(self, classes: Sequence[str], config: Eyes, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        self.eyes = Sight(config.size, config.width)
        self.depth = self.eyes.depth
        if config.frozen:
            self.eyes.requires_grad_(False).eval()
        self._digest = ""

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self.config.frozen:
            self.eyes.eval()
        return self

    @classmethod
    def size_for(cls, config: Any) -> int:
        return 128

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return sighted(tensors)

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """'regions': (D, rows, columns) float16, where the body never learns; from disk where it saw these pixels before. What is
        seen of a mirrored picture is seen anew."""
        if not self.config.frozen:
            return {}
        how = f"regions-{self.digest()}-{'x'.join(map(str, self.prep.size))}-{int(place.flip)}"
        high, wide = (-(-side // CELL) for side in self.prep.size[::-1])
        found = keep(how, lambda: self._regions(picture, flip=place.flip))
        return {"regions": torch.from_numpy(found.view(np.float16).reshape(self.depth, high, wide))}

    @torch.inference_mode()
    def _regions(self, picture: Picture, *, flip: bool) -> Any:
        seen = fit(picture, self.prep)
        device = next(self.eyes.parameters()).device
        x = normalise(torch.from_numpy(np.array(seen[:, ::-1] if flip else seen))[None].to(device), self.prep)
        with halves(device.type):
            found = self.eyes(x.to(memory_format=torch.channels_last))
        return found[0].half().contiguous().cpu().numpy().reshape(-1).view(np.float32)

    def digest(self) -> str:
        """Of the eyes, which never change."""
        if not self._digest:
            found = hashlib.blake2b(digest_size=8)
            for tensor in self.eyes.state_dict().values():
                found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
            self._digest = found.hexdigest()
        return self._digest

    def see(self, batch: Batch) -> Seen:
        known = batch.beside.get("regions")
        dtype = next(self.parameters()).dtype
        maps = torch.stack([each.to(dtype) for each in known]) if known else self.eyes(batch.pictures)
        places = maps.flatten(2).transpose(1, 2)
        return Seen(places, places.mean(dim=1), (maps.shape[2], maps.shape[3]))
