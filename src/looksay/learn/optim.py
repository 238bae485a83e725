"""Optimizers, learning rates and averaged weights, each a plain function of the stage's settings and the step."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from looksay.errors import BadConfig
from looksay.nn.recipe import Stage


def optimizer_of(system: nn.Module, stage: Stage) -> Optimizer:
    """Weight decay is for weights alone: biases and the scales of normalisations have none."""
    frozen = tuple(stage.freeze)
    for name, parameter in system.named_parameters():
        parameter.requires_grad_(not (frozen and name.startswith(frozen)))
    trained = [parameter for parameter in system.parameters() if parameter.requires_grad]
    if not trained:
        raise BadConfig("nothing is left to train", where="freeze", mend=f"{', '.join(stage.freeze)} covers every parameter")
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": stage.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    match stage.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr=stage.lr, momentum=stage.momentum, nesterov=stage.nesterov, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=stage.lr, betas=(stage.momentum, 0.999), fused=True)
        case "adam":
            return torch.optim.Adam(groups, lr=stage.lr, betas=(stage.momentum, 0.999), fused=True)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=stage.lr, momentum=stage.momentum, alpha=0.9, eps=1.0)
        case "adadelta":
            return torch.optim.Adadelta(groups, lr=stage.lr, rho=0.95)


def rate(stage: Stage, step: int, steps: int) -> float:
    """The learning rate at a step of `steps`."""
    warm = round(stage.warmup * steps)
    if step < warm:
        return stage.lr * (step + 1) / warm
    share = (step - warm) / max(steps - warm, 1)
    match stage.schedule:
        case "cosine":
            return stage.lr * (0.5 + 0.5 * math.cos(math.pi * min(share, 1.0)))
        case "linear":
            return stage.lr * max(1 - share, 0.0)
        case "step":
            return float(stage.lr * stage.gamma ** sum(step >= mark * steps for mark in stage.milestones))
        case "constant":
            return stage.lr


class Average:
    """An exponential average of the weights and buffers. Early on it follows quickly: decay is at most (1 + n) / (10 + n)."""

    def __init__(self, system: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in system.state_dict().items()}

    @torch.no_grad()
    def update(self, system: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        now = system.state_dict()
        floating = [name for name, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.values[name] for name in floating], [now[name] for name in floating], 1 - decay)
        for name in now.keys() - set(floating):
            self.values[name].copy_(now[name])

    def load(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self.values.items():
            value.copy_(values[name])
