"""PyTorch's pickles of tensors, as training scripts write them, read without running anything that they name.

PyTorch's own restricted unpickler does the work: it knows tensors and plain containers, and refuses every other name.
Training checkpoints keep their settings beside the weights, in containers of well-known libraries. A stand-in takes
the place of each: the library is not imported, nothing of it is called, and what it would have held is dropped.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from .errors import UserError

MOST_TENSORS = 10_000  # a MobileViT has about 400, and a training's state a few times as many
ADVICE = "save model.state_dict() alone, or export safetensors"


class Something:
    """In the place of an object that no weights hang on."""

    def __new__(cls, *arguments: Any) -> Something:
        return object.__new__(cls)

    def __init__(self, *arguments: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


class Mapping:
    """In the place of a kind of dictionary: an OrderedDict, empty until the pickle fills it."""

    def __new__(cls, *arguments: Any) -> Any:
        return OrderedDict()


# What may stand beside weights, by the names that pickles use.
OBJECTS = (
    *(f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple")),
    "argparse.Namespace",
    "types.SimpleNamespace",
    "copyreg._reconstructor",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "typing.Any",
    "uuid.UUID",
    *(
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
    ),
    "numpy.dtype",
    "numpy.ndarray",
    *(f"numpy.{module}.multiarray.{name}" for module in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *(f"omegaconf.base.{name}" for name in ("ContainerMetadata", "Metadata")),
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    *(
        f"omegaconf.nodes.{name}"
        for name in ("AnyNode", "BooleanNode", "BytesNode", "FloatNode", "IntegerNode", "PathNode", "StringNode")
    ),
)
MAPPINGS = (
    "collections.defaultdict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "addict.addict.Dict",
    "easydict.EasyDict",
    "fvcore.common.config.CfgNode",
    "mmengine.config.config.ConfigDict",
    "yacs.config.CfgNode",
)
_STAND_INS: list[Any] = [(Something, name) for name in OBJECTS] + [(Mapping, name) for name in MAPPINGS]


def read_pickle(path: Path) -> Any:
    """What a file of torch.save holds, on the CPU.

    Raises:
        UserError: where it is broken, asks for more memory than it has bytes, or names anything but tensors and the
            containers above.
        OSError: where it cannot be read.
    """
    _check_archive(path)
    try:
        with torch.serialization.safe_globals(_STAND_INS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another protocol of pickles than PyTorch's own
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # pickle.UnpicklingError and, for broken archives, nearly anything
        raise UserError(_in_our_words(path, str(error))) from error
    _check_storages(content, path)
    return content


def check_count(tensors: int, path: Path) -> None:
    """UserError for more tensors than a network and its training have, each of which costs time."""
    if tensors > MOST_TENSORS:
        raise UserError(f"{path} holds {tensors} tensors, more than {MOST_TENSORS}: {ADVICE}")


def _check_archive(path: Path) -> None:
    """UserError for what makes memory of a few bytes: compression, which torch.save has none of, and a bytearray."""
    if b"\nbytearray\n" in path.read_bytes():  # of PyTorch's own list; as long as a number in the file says
        raise UserError(f"{path} holds a bytearray beside its tensors: {ADVICE}")
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):  # PyTorch says what is wrong with it
        return
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):  # TorchScript, which PyTorch refuses
        return
    check_count(len(entries), path)
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise UserError(f"{path} unpacks to more than it holds: {ADVICE}")


def _check_storages(content: Any, path: Path) -> None:
    """UserError where tensors have more memory than the file has bytes, which nothing in it fills."""
    seen: set[int] = set()
    sizes: dict[int, int] = {}
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, torch.Tensor):
            if each.layout == torch.strided and not each.is_meta:
                storage = each.untyped_storage()
                sizes[storage.data_ptr()] = storage.nbytes()
        elif isinstance(each, dict | list | tuple) and id(each) not in seen:
            seen.add(id(each))
            waiting.extend(each.values() if isinstance(each, dict) else each)
    if sum(sizes.values()) > path.stat().st_size:
        raise UserError(f"{path} asks for more memory than it has bytes: {ADVICE}")


def _in_our_words(path: Path, problem: str) -> str:
    """PyTorch's own text goes on over many lines, and advises to load the file unsafely."""
    named = re.search(r"GLOBAL ([\w.]+)", problem)
    if named is not None:
        return f"{path} holds {named[1]} beside its tensors, a Python object, which is not run: {ADVICE}"
    if "TorchScript" in problem:
        return f"{path} is a TorchScript program, not weights: {ADVICE}"
    if "PytorchStreamReader" in problem or not problem:
        return f"{path} is truncated or no weights file: fetch it again"
    return f"{path} is not a file of plain tensors, or a broken one: {ADVICE}"
