"""Layers that call oneDNN themselves, as a system that only looks can have them.

torch leaves some convolutions of one thread, and all fully connected layers in float32, to a library that takes about twice as
long on some processors; it puts weights in order anew at every call, and a ReLU is a walk through memory of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AFTER = {nn.ReLU: "relu", nn.Hardswish: "hardswish"}  # what oneDNN does on the way


class Packed(nn.Module):
    """A convolution or fully connected layer, and `after` it 'relu', 'hardswish' or 'none'. `size` is its usual input's."""

    def __init__(self, layer: nn.Conv2d | nn.Linear, after: str, size: tuple[int, ...]) -> None:
        super().__init__()
        self.weight: Any = layer.weight
        self.bias, self.after, self.size = layer.bias, after, size
        self.how: tuple[Any, ...] = ()
        if isinstance(layer, nn.Conv2d):
            self.how = (layer.padding, layer.stride, layer.dilation, layer.groups)
        self.shape = tuple(layer.weight.shape)
        self.ready: Any = None

    def settle(self) -> None:
        """Puts weights in order. A convolution's order suits one size of input and may be very slow at others, so that it keeps
        its weights as they were, too."""
        if self.how:
            self.ready = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *self.how, self.size)
            return
        weight = self.weight.detach()
        del self.weight
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight, self.size[0])

    def forward(self, x: Tensor) -> Tensor:
        if not x.numel():  # no region, no computation
            none = x.new_zeros(self.shape)
            return F.conv2d(x, none, None, self.how[1], *self.how[:1], *self.how[2:]) if self.how else F.linear(x, none)
        found: Tensor
        if self.how:
            weight = self.weight if self.ready is None or tuple(x.shape) != self.size else self.ready
            found = torch.ops.mkldnn._convolution_pointwise(x, weight, self.bias, *self.how, self.after, [], "")
        else:
            found = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, self.after, [], "")
        return found


def packable(system: nn.Module, dtype: torch.dtype) -> bool:
    """Whether oneDNN is there, and computes with such numbers itself."""
    onednn: Any = torch.backends.mkldnn
    if not onednn.is_available() or any(each.device.type != "cpu" for each in system.parameters()):
        return False
    return dtype == torch.float32 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def pack(system: nn.Module, run: Callable[[], Any]) -> list[Packed]:
    """Replaces the layers that `run` calls, and takes in activations that are called for one layer alone and at each of its
    calls. What follows what is seen by watching; that a layer's output goes nowhere else is for the caller to check."""
    sizes: dict[nn.Module, tuple[int, ...]] = {}
    calls: Counter[nn.Module] = Counter()
    pairs: Counter[tuple[nn.Module, nn.Module]] = Counter()
    made: dict[int, nn.Module] = {}  # id of a tensor → the layer that it came from
    kept: list[Tensor] = []  # so that an id is not given twice

    def watch(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        calls[module] += 1
        if type(module) in AFTER:
            if id(inputs[0]) in made:
                pairs[made.pop(id(inputs[0])), module] += 1
            return
        rows = (inputs[0].numel() // inputs[0].shape[-1],) if isinstance(module, nn.Linear) else tuple(inputs[0].shape)
        sizes[module] = max(sizes.get(module, rows), rows)
        made[id(output)] = module
        kept.append(output)

    hooks = [each.register_forward_hook(watch) for each in system.modules() if _simple(each) or type(each) in AFTER]
    try:
        with torch.inference_mode():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    names = {module: name for name, module in system.named_modules()}
    after: dict[nn.Module, str] = {}
    for layer in sizes:
        mine = [(active, count) for (first, active), count in pairs.items() if first is layer]
        kinds = {AFTER[type(active)] for active, _ in mine}
        alone = all(count == calls[active] for active, count in mine)
        if len(kinds) == 1 and alone and sum(count for _, count in mine) == calls[layer]:
            after[layer] = kinds.pop()
            for active, _ in mine:
                replace(system, names[active], nn.Identity())
    packed = []
    for layer, size in sizes.items():
        assert isinstance(layer, (nn.Conv2d, nn.Linear))
        packed.append(Packed(layer, after.get(layer, "none"), size))
        replace(system, names[layer], packed[-1])
    return packed


def _simple(module: nn.Module) -> bool:
    if type(module) is nn.Conv2d:
        return module.padding_mode == "zeros" and not isinstance(module.padding, str)
    return type(module) is nn.Linear


def replace(system: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(system.get_submodule(parent), last, module)
