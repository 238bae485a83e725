"""`look` against calling the same torchvision network eagerly in fp32: one picture and a batch of eight, from uint8 pixels to
the five likeliest classes. Weights are random, the same on both sides; rounds alternate, the best of each counts. Eager is
given the picture as a plain contiguous tensor, and besides in channels_last order, which a user gets who permutes without
copying. Whether fast mode changes the five likeliest is asked of trained weights, on pages that they never saw.

    python benchmarks/look_speed.py [--rounds 9] [--agree 200]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torchvision.models as zoo
from torch import Tensor, nn

from looksay import weights
from looksay.api import load
from looksay.data import source
from looksay.data.inputs import Shown
from looksay.looker import Looker
from looksay.nn.prep import IMAGENET_MEAN, IMAGENET_STD, Prep

PAIRS = {"resnet-18": "resnet18", "resnet-50": "resnet50", "vgg-19": "vgg19", "squeezenet-1.1": "squeezenet1_1"}


def theirs(name: str) -> nn.Module:
    """torchvision's network, its normalisations as if they had seen data."""
    torch.manual_seed(0)
    network = zoo.get_model(PAIRS[name], weights=None).eval()
    noise = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=noise)
            module.running_var.uniform_(0.8, 1.2, generator=noise)
    _settle(network)
    return network


def _settle(network: nn.Module) -> None:
    """Logits of random networks grow with depth; they are brought to the spread of trained ones (about 2)."""
    with torch.inference_mode():
        spread = network(torch.randn(4, 3, 224, 224, generator=torch.Generator().manual_seed(2))).std()
    last = [
        module for module in network.modules() if isinstance(module, (nn.Linear, nn.Conv2d)) and module.weight.shape[0] == 1000
    ][-1]
    last.weight.data.mul_(2 / spread)
    if last.bias is not None:
        last.bias.data.mul_(2 / spread)


def eager(network: nn.Module, pictures: np.ndarray, order: torch.memory_format = torch.contiguous_format) -> Tensor:
    """As a user of torchvision writes it."""
    mean, std = torch.tensor(IMAGENET_MEAN)[:, None, None], torch.tensor(IMAGENET_STD)[:, None, None]
    with torch.inference_mode():
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(memory_format=order).float() / 255
        logits = network((x - mean) / std)
        torch.softmax(logits, 1).topk(5)
        return logits


def ours(looker: Looker, pictures: np.ndarray) -> None:
    batch = looker.batch([Shown("", str(i), picture) for i, picture in enumerate(pictures)])
    looker.answer(batch)


def best(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each, the rounds interleaved so that a noisy moment meets all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            since = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - since)
    return {name: min(found) for name, found in times.items()}


def apart(network: nn.Module, exact: Looker, count: int) -> float:
    """The largest difference of logits in exact mode."""
    rng = np.random.default_rng(0)
    most = 0.0
    for _ in range(count):
        small = rng.integers(0, 256, (1, 14, 14, 3), dtype=np.uint8)
        picture = np.repeat(np.repeat(small, 16, axis=1), 16, axis=2)
        logits = eager(network, picture)
        batch = exact.batch([Shown("", "", picture[0])])
        with torch.inference_mode():
            most = max(most, float((exact.quick(batch).logits - logits).abs().max()))
    return most


def agreement(name: str, pages: int) -> tuple[float, float, float]:
    """Shares of unseen pages on which fast mode changes nothing of: the likeliest class, whether the truth is among the five
    likeliest, and which the five likeliest are."""
    exact, fast = load(name, mode="exact"), load(name, mode="fast")
    book = source.open(f"storybook:pages={pages}", "test")
    first = hit = five = 0
    for start in range(0, pages, 50):
        turn = [Shown("", str(i), book.picture(i)) for i in range(start, min(start + 50, pages))]
        pairs = zip(exact.answer(exact.batch(turn)), fast.answer(fast.batch(turn)), strict=True)
        for index, (a, b) in enumerate(pairs, start):
            truth = book.classes[book.target(index)]
            hit += (truth in a.labels[:5].names) == (truth in b.labels[:5].names)
            first += a.labels[0].name == b.labels[0].name
            five += set(a.labels[:5].names) == set(b.labels[:5].names)
    return first / pages, hit / pages, five / pages


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--agree", type=int, default=1000, help="pages on which the five likeliest are compared")
    options = asked.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; milliseconds a call, and times quicker than eager fp32")
    print(
        f"{'network':16}{'pictures':>9}{'eager':>9}{'(in channels_last)':>20}{'exact':>9}{'':>7}{'fast':>9}{'':>7}"
        f"{'logits apart':>14}"
    )
    rng = np.random.default_rng(0)
    for name in PAIRS:
        network = theirs(name)
        # Pictures of 224 x 224 on both sides, so that no one resizes.
        system = weights.build(name, [str(i) for i in range(1000)], prep=Prep((224, 224), "crop", 224))
        weights.fill(system, network.state_dict(), name)
        info = weights.Info(name, system.classes)
        exact, fast = Looker(system, info, "exact"), Looker(system, info, "fast")
        most = apart(network, exact, 50)
        for count in (1, 8):
            pictures = rng.integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
            calls = {
                "eager": partial(eager, network, pictures),
                "other": partial(eager, network, pictures, torch.channels_last),
                "exact": partial(ours, exact, pictures),
                "fast": partial(ours, fast, pictures),
            }
            times = best(calls, options.rounds)
            plain = times["eager"]
            row = "".join(f"{1000 * times[mode]:9.1f}{plain / times[mode]:6.2f}x" for mode in ("exact", "fast"))
            print(f"{name:16}{count:9}{1000 * plain:9.1f}{1000 * times['other']:20.1f}{row}{most:14.1e}", flush=True)
    print(f"\nfast against exact, shipped weights, {options.agree} pages of the test split: the same class, top-5 hit, five")
    for name in ("resnet-18", "squeezenet-1.1", "vgg-e", "small-m"):
        print(f"{name:16}" + "".join(f"{100 * share:8.1f} %" for share in agreement(name, options.agree)), flush=True)


if __name__ == "__main__":
    main()
