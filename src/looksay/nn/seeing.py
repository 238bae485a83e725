"""What systems share that look at a picture place by place with a house backbone, which may be frozen: then what it sees in a
picture is remembered on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from looksay.nn.backbone import Backbone, BackboneSize
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, Prep, fit
from looksay.nn.system import Batch, Keep, System, normalise

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


def regions(body: Backbone, x: Tensor) -> Tensor:
    """(N, D, H/16, W/16): what the backbone's two last maps know of each place."""
    maps = body(x)
    return torch.cat([maps["c4"], F.interpolate(maps["c5"], maps["c4"].shape[-2:])], dim=1)


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
    """`body` sees; `depth` numbers a place."""

    shortcut = True

    def __init__(self, classes: Sequence[str], config: Eyes, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        self.body = Backbone(config.size, config.width)
        self.depth = self.body.channels["c4"] + self.body.channels["c5"]
        if config.frozen:
            self.body.requires_grad_(False).eval()
        self._digest = ""

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self.config.frozen:
            self.body.eval()
        return self

    @classmethod
    def size_for(cls, config: Any) -> int:
        return 128

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """'regions': (D, rows, columns) float16, where the body never learns; from disk where it saw these pixels before. What is
        seen of a mirrored picture is seen anew."""
        if not self.config.frozen:
            return {}
        how = f"regions-{self.digest()}-{'x'.join(map(str, self.prep.size))}-{int(place.flip)}"
        high, wide = (-(-side // 16) for side in self.prep.size[::-1])
        found = keep(how, lambda: self._regions(picture, flip=place.flip))
        return {"regions": torch.from_numpy(found.view(np.float16).reshape(self.depth, high, wide))}

    @torch.inference_mode()
    def _regions(self, picture: Picture, *, flip: bool) -> Any:
        seen = fit(picture, self.prep)
        device = next(self.body.parameters()).device
        x = normalise(torch.from_numpy(np.array(seen[:, ::-1] if flip else seen))[None].to(device), self.prep)
        with halves(device.type):
            found = regions(self.body, x.to(memory_format=torch.channels_last))
        return found[0].half().contiguous().cpu().numpy().reshape(-1).view(np.float32)

    def digest(self) -> str:
        """Of the body, which never changes."""
        if not self._digest:
            found = hashlib.blake2b(digest_size=8)
            for tensor in self.body.state_dict().values():
                found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
            self._digest = found.hexdigest()
        return self._digest

    def see(self, batch: Batch) -> Seen:
        known = batch.beside.get("regions")
        dtype = next(self.parameters()).dtype
        maps = torch.stack([each.to(dtype) for each in known]) if known else regions(self.body, batch.pictures)
        places = maps.flatten(2).transpose(1, 2)
        return Seen(places, places.mean(dim=1), (maps.shape[2], maps.shape[3]))
