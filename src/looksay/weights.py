"""Weights on disk: safetensors with everything that is needed to use them, and never a pickle of unknown origin.

A file carries the system's name, its settings, classes, preprocessing and scores as metadata, and a sha256 over its tensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from looksay import config as settings_of
from looksay import registry
from looksay.disk import write_atomically
from looksay.errors import BadValue, BadWeights, NoNetwork, UnknownName
from looksay.nn.classifier import Classifier
from looksay.nn.prep import Prep
from looksay.nn.system import System
from looksay.records import pack, unpack

VERSION = "1"
Bits = Literal[8, 16, 32]
FACTOR = "//factor"  # after the name of a tensor of eight bits: what its numbers are multiplied by
LARGE = 1024  # numbers of a tensor that is worth a factor


@dataclass(frozen=True)
class Info:
    """What a weights file says of itself. `world` is what its pictures were: 'storybook', 'imagenet', 'coco', or the user's
    data."""

    system: str
    classes: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    prep: Prep = field(default_factory=Prep)
    synsets: tuple[str, ...] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    world: str = ""


def build(name: str, classes: Sequence[str], settings: Mapping[str, Any] | None = None, prep: Prep | None = None) -> System[Any]:
    """A fresh system with random weights, by any of its names."""
    entry = registry.find(name)
    kind = entry.build()
    config = settings_of.change(kind.Config(), {**entry.settings, **(settings or {})}, where=entry.name)
    make: Any = kind  # subclasses take no prep, too, and then choose their paper's
    system: System[Any] = make(classes, config, prep)
    return system


def digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names, types, shapes and bytes."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return found.hexdigest()


def save(path: Path, system: System[Any], info: Info, *, bits: Bits = 32) -> None:
    """`bits` of each floating number: 32 as they are; 16 as float16; 8 as whole numbers times one factor for each output channel
    where a tensor is large, else as float16."""
    tensors = {}
    for name, tensor in system.state_dict().items():
        kept = tensor.detach().cpu().contiguous()
        if not kept.is_floating_point() or bits == 32:
            tensors[name] = kept.clone()
        elif bits == 16 or kept.ndim < 2 or kept.numel() < LARGE:
            tensors[name] = kept.half()
        else:
            factor = kept.abs().amax(dim=tuple(range(1, kept.ndim)), keepdim=True).clamp_min(1e-12) / 127
            tensors[name] = (kept / factor).round().to(torch.int8)
            tensors[name + FACTOR] = factor
    said = {"version": VERSION, "info": pack(info), "sha256": digest(tensors)}
    # One entry: safetensors writes several in no fixed order, and equal weights shall be equal files.
    write_atomically(path, to_bytes(tensors, {"looksay": json.dumps(said, ensure_ascii=False)}))


def read(path: Path) -> tuple[Info, dict[str, Tensor]]:
    """The tensors in float32 (integers as they are), checked against their hash."""
    where = str(path)
    try:
        with open(path, "rb") as file:
            start = file.read(2)
        if start in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
            raise BadWeights(
                "is a pickle, which can run code when it is opened", where=where, mend="looksay reads .safetensors files only"
            )
        with safe_open(path, "pt") as file:
            meta = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise BadWeights("there is no such file", where=where) from None
    except OSError as error:
        raise BadWeights(f"cannot be read: {error.strerror or error}", where=where) from None
    except SafetensorError as error:
        raise BadWeights(f"is damaged or not a safetensors file: {error}", where=where) from None
    if "looksay" not in meta:
        raise BadWeights("says nothing of its system and classes", where=where, mend="use a file that looksay has written")
    try:
        said = json.loads(meta["looksay"])
        info: Info = unpack(Info, said["info"], where)
        sound = said["sha256"] == digest(tensors)
    except (ValueError, KeyError, TypeError, BadValue) as error:
        raise BadWeights(f"its description cannot be read: {error}", where=where) from None
    if not sound:
        raise BadWeights("is damaged: its sha256 differs", where=where, mend="fetch or train it again")
    return info, _unpacked(tensors)


def _unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {}
    for name, tensor in tensors.items():
        if name + FACTOR in tensors:
            found[name] = tensor.float() * tensors[name + FACTOR]
        elif not name.endswith(FACTOR):
            found[name] = tensor.float() if tensor.is_floating_point() else tensor
    return found


def fill(system: System[Any], tensors: Mapping[str, Tensor], where: str) -> None:
    """Loads strictly; the first misfit is named."""
    own = system.state_dict()
    missing, extra = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has {extra[0]!r}, which the system has not"
        raise BadWeights(f"{what} ({len(missing)} missing, {len(extra)} too many)", where=where)
    for name, tensor in tensors.items():
        if tensor.shape != own[name].shape:
            raise BadWeights(f"{name!r} has the shape {tuple(tensor.shape)}, not {tuple(own[name].shape)}", where=where)
    system.load_state_dict(dict(tensors))


def load(path: Path) -> tuple[System[Any], Info]:
    """A system ready to look, from a file that looksay has written."""
    info, tensors = read(path)
    try:
        system = build(info.system, info.classes, info.config, info.prep)
    except UnknownName as error:
        raise BadWeights(f"is for a system that this looksay does not have: {error.what}", where=str(path)) from None
    fill(system, tensors, str(path))
    if isinstance(system, Classifier):
        system.synsets = info.synsets
    return system.eval(), info


def shipped(name: str) -> Path | None:
    """The weights that travel in the package for this name, or None."""
    path = Path(str(files("looksay").joinpath("shipped", f"{registry.find(name).name}.safetensors")))
    return path if path.is_file() else None


def shipped_names() -> tuple[str, ...]:
    return tuple(name for name in registry.names() if shipped(name) is not None)


def published(name: str, *, offline: bool = False) -> tuple[System[Any], Info]:
    """torchvision's published weights for this name, of ImageNet or COCO: downloaded once (TORCH_HOME is honoured), checked by
    their hash."""
    entry = registry.find(name)
    builder = entry.card.published.get(entry.name)
    if builder is None:
        having = [variant for card in registry.cards() for variant in card.published]
        raise UnknownName.of("published weights", name, having)
    from torchvision.models import get_model_weights

    choices = get_model_weights(builder).__members__
    choice = choices.get("IMAGENET1K_V1") or choices.get("COCO_V1") or choices["COCO_WITH_VOC_LABELS_V1"]
    target = Path(torch.hub.get_dir()) / "checkpoints" / choice.url.rsplit("/", 1)[-1]
    if offline and not target.exists():
        raise NoNetwork(
            f"the published weights of {entry.name} are not here", where=str(target), mend="run once without --offline"
        )
    try:
        tensors = choice.get_state_dict(progress=False, check_hash=True, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError) as error:
        raise NoNetwork(
            f"the published weights of {entry.name} cannot be fetched: {error}",
            where=choice.url,
            mend=f"put the file at {target}",
        ) from None
    made: dict[str, Any] = {
        key: True for key in ("transform_input", "frozen") if key in settings_of.to_dict(entry.build().Config())
    }
    if choice.name == "COCO_V1":  # its first name is the background's, which is no class; pictures are the system's own affair
        categories, rule = unique(choice.meta["categories"][1:]), None
    elif choice.name.startswith("COCO"):  # of pixels, where the background is one; pictures of any shape, by their short side
        categories, side = unique(name.strip("_") for name in choice.meta["categories"]), choice.transforms().resize_size[0]
        rule = Prep((4 * side, 4 * side), "inside", side, size_step=1)
    else:
        prep, categories = choice.transforms(), unique(choice.meta["categories"])
        rule = Prep((prep.crop_size[0],) * 2, "crop", prep.resize_size[0], 3, tuple(prep.mean), tuple(prep.std), "bilinear")
    system = build(entry.name, categories, made, rule)
    fill(system, system.rename(tensors), choice.url)
    settings, recipe = settings_of.to_dict(system.config), f"torchvision {choice.name}"
    if choice.name.startswith("COCO"):
        return system.eval(), Info(entry.name, categories, settings, system.prep, world="coco", recipe=recipe)
    synsets = tuple(files("looksay.systems").joinpath("imagenet_synsets.txt").read_text("ascii").split())
    if isinstance(system, Classifier):
        system.synsets = synsets
    info = Info(entry.name, categories, settings, system.prep, synsets, world="imagenet", recipe=recipe)
    return system.eval(), info


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """ImageNet has two cranes and two maillots, COCO ten numbers of no class; the second of a name gets a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)
