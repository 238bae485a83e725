"""A system as an ONNX file: pictures in, plain tensors out, checked against PyTorch by another runtime before it is written.

The file holds what is needed to use it without this package: names of classes, and how a picture becomes the network's input.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from looksay.disk import write_atomically
from looksay.errors import BadConfig, LooksayError, NotInstalled
from looksay.nn.classifier import Classifier
from looksay.nn.segmenter import Segmenter
from looksay.nn.system import Batch, System
from looksay.records import pack

Array: TypeAlias = npt.NDArray[Any]
Run: TypeAlias = Callable[[Array], Sequence[Array]]
INPUT = "pictures"
OPSETS = range(13, 21)
CLOSE = 1e-3  # of the largest value of an output, by which another runtime may differ


@dataclass(frozen=True)
class Exported:
    """`inputs` and `outputs` have their shapes, with a name for a side that is free. `runtime` ran the file on the same pictures
    as PyTorch, and differed by at most `worst` in shares of an output's largest value (or of 1, where that is less)."""

    path: Path
    inputs: Mapping[str, tuple[int | str, ...]]
    outputs: Mapping[str, tuple[int | str, ...]]
    runtime: str
    worst: float


def to_onnx(system: System[Any], path: str | os.PathLike[str], *, batch: int | None = None, opset: int = 17) -> Exported:
    """Writes `system` for any number of pictures at a time, or for `batch` of them.

    'pictures' is float32 (N, channels, height, width) of the prep's size, normalised. A classifier puts out 'logits', a segmenter
    those of every pixel; other systems the tensors of their output by the names of its fields ('logits', 'offsets'; 'boxes_0'
    where a field is a list).
    Raises LooksayError where the file would not say the same as PyTorch; nothing is written then.
    """
    if opset not in OPSETS:
        raise BadConfig(f"opset {opset} cannot be written", mend=f"{OPSETS[0]} to {OPSETS[-1]}")
    if batch is not None and batch < 1:
        raise BadConfig(f"{batch} pictures at a time", mend="give 1 or more, or leave it out for any number")
    if type(system).beside is not System.beside:
        what = "wants more than the picture's pixels, which an ONNX file cannot make"
        raise LooksayError(what, where=system.card.name, mend="export a system that finds its own regions")
    try:
        import_module("onnx")
    except ImportError:
        raise NotInstalled("ONNX files need the package onnx", mend="pip install onnx onnxruntime") from None
    with _looking(system):
        plain = _Plain(system)
        shapes = _shapes(plain, (2, 3) if batch is None else (batch, batch))
        plain.names = tuple(shapes)
        content = _exported(plain, shapes, batch or 2, opset) + _metadata(_facts(system))
        runtime, worst = _checked(content, plain, (1, 3) if batch is None else (batch,))
    write_atomically(Path(path), content)
    high, wide = system.prep.size[::-1]
    inputs: dict[str, tuple[int | str, ...]] = {INPUT: (batch or "batch", system.prep.channels, high, wide)}
    return Exported(Path(path), inputs, shapes, runtime, worst)


class _Plain(nn.Module):
    """Tensors in, tensors out."""

    def __init__(self, system: System[Any]) -> None:
        super().__init__()
        self.system = system
        self.names: tuple[str, ...] = ()
        self.eval()

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        found = self.named(pictures)
        return tuple(found[name] for name in self.names)  # while a graph is drawn, sizes are tensors too

    def named(self, pictures: Tensor) -> dict[str, Tensor]:
        out = self.system(Batch(pictures))
        if isinstance(self.system, (Classifier, Segmenter)):
            return {"logits": out.logits}
        return dict(_tensors(out, ""))

    def example(self, count: int, seed: int = 0) -> Tensor:
        prep = self.system.prep
        chance = torch.Generator().manual_seed(seed)
        device = next(self.system.parameters()).device
        return torch.randn(count, prep.channels, *prep.size[::-1], generator=chance).to(device)


def _tensors(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _tensors(getattr(value, field.name), f"{name}_{field.name}" if name else field.name)
    elif isinstance(value, (list, tuple, dict)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _tensors(each, f"{name}_{key}")


@contextmanager
def _looking(system: System[Any]) -> Iterator[None]:
    """Without gradients; afterwards each of its modules is as it was.

    Averaging over windows that reach over the border says here that what lies outside does not count. It never does where there
    is no padding, but of the same pooling without the word runtimes think differently.
    """
    was = {module: module.training for module in system.modules()}
    pools = [each for each in was if isinstance(each, nn.AvgPool2d) and each.count_include_pad and each.padding in (0, (0, 0))]
    try:
        for pool in pools:
            pool.count_include_pad = False
        with torch.no_grad():
            yield
    finally:
        for pool in pools:
            pool.count_include_pad = True
        for module, training in was.items():
            module.training = training


def _shapes(plain: _Plain, counts: tuple[int, int]) -> dict[str, tuple[int | str, ...]]:
    """Of each output. A side that is another for another number of pictures gets a name: 'batch' where it is that number."""
    one, other = ({name: tuple(each.shape) for name, each in plain.named(plain.example(n, n)).items()} for n in counts)
    if one.keys() != other.keys() or any(len(one[name]) != len(other[name]) for name in one):
        what = "puts out other tensors for another number of pictures"
        raise LooksayError(what, where=plain.system.card.name, mend="export it for one picture at a time: batch=1")
    found: dict[str, tuple[int | str, ...]] = {}
    for name, sides in one.items():
        pairs = enumerate(zip(sides, other[name], strict=True))
        found[name] = tuple(a if a == b else "batch" if (a, b) == counts else f"{name}_{axis}" for axis, (a, b) in pairs)
    return found


def _exported(plain: _Plain, shapes: Mapping[str, tuple[int | str, ...]], count: int, opset: int) -> bytes:
    """By way of TorchScript: it needs no package but onnx. That it follows one example only is what the check is for."""
    free = {name: {axis: side for axis, side in enumerate(sides) if isinstance(side, str)} for name, sides in shapes.items()}
    if any("batch" in sides for sides in shapes.values()):
        free[INPUT] = {0: "batch"}
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                plain,
                (plain.example(count),),
                file,  # type: ignore[arg-type] # this way of exporting takes files, too
                input_names=[INPUT],
                output_names=list(shapes),
                dynamic_axes={name: sides for name, sides in free.items() if sides},
                opset_version=opset,
                dynamo=False,
            )
        except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
            first = str(error).strip().partition("\n")[0]
            raise LooksayError(f"cannot be exported: {first}", where=plain.system.card.name) from None
    return file.getvalue()


def _facts(system: System[Any]) -> dict[str, str]:
    return {
        "system": system.card.name,
        "task": system.card.task,
        "classes": json.dumps(system.classes, ensure_ascii=False),
        "prep": json.dumps(pack(system.prep, full=True)),
    }


def _metadata(facts: Mapping[str, str]) -> bytes:
    """As the field metadata_props, number 14 of ONNX's model: what is appended to a message is merged into it."""
    return b"".join(_field(14, _field(1, key.encode()) + _field(2, value.encode())) for key, value in facts.items())


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in the encoding of protocol buffers: number and kind, length in sevens of bits, content."""
    length, size = bytearray(), len(content)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content


def _checked(content: bytes, plain: _Plain, counts: Sequence[int]) -> tuple[str, float]:
    """The first runtime that says the same as PyTorch, and by how much it differs. Raises LooksayError where none does."""
    examples = [plain.example(count, 10 + count) for count in counts]
    wanted = [[each.cpu().numpy() for each in plain(example)] for example in examples]
    told = []
    for runtime, start in (("onnxruntime", _onnxruntime), ("OpenCV", _opencv), ("onnx's own evaluator", _reference)):
        try:
            run = start(content, plain.names)
            found = [run(example.cpu().numpy()) for example in examples]
        except ImportError:
            continue
        except Exception as error:  # whatever a runtime says of what it cannot read, the next is asked
            told.append(f"{runtime}: {str(error).strip().partition(chr(10))[0]:.160}")
            continue
        worst = max(
            _distance(a, b) for some, others in zip(found, wanted, strict=True) for a, b in zip(some, others, strict=True)
        )
        if worst <= CLOSE:
            return runtime, worst
        told.append(f"{runtime} differs from PyTorch by {worst:.2g}")
    where = plain.system.card.name
    raise LooksayError(
        f"the exported file cannot be trusted: {'; '.join(told)}", where=where, mend="try batch=1, or another opset"
    )


def _onnxruntime(content: bytes, names: Sequence[str]) -> Run:
    session = import_module("onnxruntime").InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda pictures: session.run(list(names), {INPUT: pictures})


def _opencv(content: bytes, names: Sequence[str]) -> Run:
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what it cannot read it tells in an exception, too
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    finally:
        cv2.utils.logging.setLogLevel(level)

    def run(pictures: Array) -> Sequence[Array]:
        net.setInput(pictures, INPUT)
        found: Sequence[Array] = net.forward(list(names))
        return found

    return run


def _reference(content: bytes, names: Sequence[str]) -> Run:
    model = import_module("onnx").load_model_from_string(content)
    evaluator = import_module("onnx.reference").ReferenceEvaluator(model)
    return lambda pictures: evaluator.run(list(names), {INPUT: pictures})


def _distance(found: Array, wanted: Array) -> float:
    """In shares of the largest wanted value, or of 1 where that is less; infinite where shapes or what is not finite differ."""
    if found.shape != wanted.shape:
        return float("inf")
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return float("inf")
    return float(np.abs(a - b)[finite].max(initial=0.0) / max(1.0, np.abs(b[finite]).max(initial=0.0)))
