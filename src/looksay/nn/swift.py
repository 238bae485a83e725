"""A system made quick for looking: the same answers with less work.

'exact' folds batch normalisation into the convolutions before it, keeps tensors in channels_last order, lets ReLUs overwrite
their input or joins them with the layer before, and has oneDNN compute with weights that are in its order: the same numbers to
about 1e-5. 'fast' keeps its weights in bfloat16 besides: three digits, at two to four times the speed on processors that have it.
Both work on a copy; explanations and training use the system itself.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from looksay.errors import LooksayError
from looksay.nn.classifier import Classifier
from looksay.nn.detector import Detector
from looksay.nn.packed import Packed, pack, packable, replace
from looksay.nn.system import Batch, System

Mode = Literal["exact", "fast"]
DTYPES: dict[Mode, torch.dtype] = {"exact": torch.float32, "fast": torch.bfloat16}
S = TypeVar("S", bound=nn.Module)
SAMPLE = 320  # pixels: where a system sees whole pictures of any size, so large a one shows how its layers follow


def channels_last(system: S) -> S:
    """Convolutions keep their weights in the order that they are quickest in."""
    for module in system.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return system


def quicken(system: System[Any], mode: Mode = "exact") -> System[Any]:
    """A copy for looking only."""
    quick = deepcopy(system).eval().requires_grad_(False)
    example, before = _said(quick)
    fold(quick, example)
    for module in quick.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    channels_last(quick)
    packed = pack(quick, lambda: quick(example)) if packable(quick, DTYPES[mode]) else []
    with torch.inference_mode():
        _same(before, quick(example), type(system).__name__)
    if mode == "fast":
        last = _last(quick, example)
        quick.to(torch.bfloat16)
        if last is not None:  # eight bits are too few for the answer itself: near ties would change places
            last.float().register_forward_pre_hook(lambda module, inputs: tuple(each.float() for each in inputs))
    for layer in packed:
        if not (layer.how and quick.prep.mode == "inside"):  # convolutions there have no usual size
            layer.settle()
    return quick


def _last(system: System[Any], example: Batch) -> nn.Module | None:
    """The layer that the answer comes from, where there is one answer: the last with weights."""
    if not isinstance(system, Classifier):
        return None
    called: list[nn.Module] = []
    layers = [module for module in system.modules() if isinstance(module, (nn.Conv2d, nn.Linear, Packed))]
    hooks = [module.register_forward_hook(lambda module, inputs, output: called.append(module)) for module in layers]
    try:
        with torch.inference_mode():
            system(example)
    finally:
        for hook in hooks:
            hook.remove()
    return called[-1] if called else None


def _said(system: System[Any]) -> tuple[Batch, Any]:
    """An example, and what the system says of it. Regions that it proposed stand beside: of two that are all but as likely it may
    propose the other when it is quick, and what it says of the same ones is to be compared."""
    example = _example(system)
    with torch.inference_mode():
        said = system(example)
        regions = system.proposals(said, example) if isinstance(system, Detector) else None
        if regions is None:
            return example, said
        example.beside["proposals"] = regions
        return example, system(example)


def _example(system: System[Any]) -> Batch:
    wide, high = system.prep.size
    if system.prep.mode == "inside":
        wide, high = min(wide, SAMPLE), min(high, SAMPLE)
    noise = torch.randn(1, system.prep.channels, high, wide, generator=torch.Generator().manual_seed(0))
    return Batch(noise.contiguous(memory_format=torch.channels_last), {}, ((wide, high),), ("",))


def fold(system: System[Any], example: Batch) -> int:
    """Merges each batch normalisation into the convolution that feeds it, and it alone; returns how many. Which feeds which is
    seen by watching one forward pass."""
    made: dict[int, nn.Module] = {}  # id of a tensor → the convolution that it came from
    kept: list[Tensor] = []  # so that an id is not given twice
    pairs: list[tuple[nn.Module, nn.Module]] = []

    def watch(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(module, nn.Conv2d):
            made[id(output)] = module
            kept.append(output)
        elif isinstance(module, nn.BatchNorm2d) and id(inputs[0]) in made:
            pairs.append((made.pop(id(inputs[0])), module))

    hooks = [
        module.register_forward_hook(watch) for module in system.modules() if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    try:
        with torch.inference_mode():
            system(example)
    finally:
        for hook in hooks:
            hook.remove()
    names = {module: name for name, module in system.named_modules()}
    for conv, norm in pairs:
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        replace(system, names[conv], fuse_conv_bn_eval(conv, norm))
        replace(system, names[norm], nn.Identity())
    return len(pairs)


def _same(before: Any, after: Any, who: str) -> None:
    """A convolution whose output goes elsewhere too must not be merged; it would show here. Values are compared in order of
    size: of two that are all but as large, either may come first."""
    for name, value in vars(before).items():
        other = getattr(after, name)
        if isinstance(value, Tensor) and value.is_floating_point() and value.shape == other.shape:
            scale = value.abs().max().clamp_min(1)
            ours, theirs = (each.flatten().sort().values / scale for each in (value, other))
            if not torch.allclose(ours, theirs, atol=1e-3):
                raise LooksayError(f"{who} answers differently when its normalisations are folded", mend="look with mode='plain'")
