"""PyTorch's pickles of tensors, as training scripts write them, read without running anything that they name.

PyTorch's own restricted unpickler does the work: it knows tensors and plain containers, and refuses every other name.
Training checkpoints keep their settings beside the weights, in containers of well-known libraries. A stand-in takes
the place of each: the library is not imported, nothing of it is called, and what it would have held is dropped.
"""

from __future__ import annotations

import re
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from .errors import UserError

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
        UserError: where it is broken, or names anything but tensors and the containers above.
        OSError: where it cannot be read.
    """
    try:
        with torch.serialization.safe_globals(_STAND_INS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another protocol of pickles than PyTorch's own
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # pickle.UnpicklingError and, for broken archives, nearly anything
        raise UserError(_in_our_words(path, str(error))) from error


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
