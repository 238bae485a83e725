"""Darknet-19 (Redmon and Farhadi 2017): 19 convolutions that squeeze and widen in turn, the body of YOLOv2."""

from __future__ import annotations

from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled

SLOPE = 0.1
STAGES: tuple[tuple[tuple[int, int], ...], ...] = (  # (channels, side) of the convolutions before each pooling
    ((32, 3),),
    ((64, 3),),
    ((128, 3), (64, 1), (128, 3)),
    ((256, 3), (128, 1), (256, 3)),
    ((512, 3), (256, 1), (512, 3), (256, 1), (512, 3)),
    ((1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)),
)


class Conv(nn.Module):
    """A convolution that keeps its map's size, batch norm if it is wanted, and a leaky rectifier."""

    def __init__(self, into: int, out: int, side: int = 3, *, norm: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, side, padding=side // 2, bias=not norm)
        self.norm: nn.Module = nn.BatchNorm2d(out) if norm else nn.Identity()
        self.relu = nn.LeakyReLU(SLOPE)
        initialise(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.relu(self.norm(self.conv(x)))
        return found


class Darknet19(nn.Module):
    """The 18 convolutions before the classifying one: {'c4': stride 16, 'c5': stride 32}, sides rounded up."""

    def __init__(self, width: float = 1.0, *, norm: bool = True) -> None:
        super().__init__()
        stages, into = [], 3
        for number, layers in enumerate(STAGES):
            parts: list[nn.Module] = [nn.MaxPool2d(2, ceil_mode=True)] if number else []
            for channels, side in layers:
                out = scaled(channels, width)
                parts.append(Conv(into, out, side, norm=norm))
                into = out
            stages.append(nn.Sequential(*parts))
        self.stages = nn.ModuleList(stages)
        self.channels = {"c4": scaled(512, width), "c5": into}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number == len(self.stages) - 2:
                fine = x
        return {"c4": fine, "c5": x}

    def taps(self) -> dict[str, nn.Module]:
        return {f"stage{number}": stage for number, stage in enumerate(self.stages, 1)}
