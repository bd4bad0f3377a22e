"""The .mlpackage on disk: Manifest.json, the model's protobuf, and where its weight files lie."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from google.protobuf.message import DecodeError

from reference.errors import UserError
from reference.plain_files import read_bytes

from .admission import admit
from .blobs import BlobFile
from .protos import Model_pb2
from .registry import OPSETS

_MODEL_PATH = "@model_path/"  # how a program names the folder of its own model file


class Package:
    """An ML Program as saved.

    spec: the Model message.

    Raises:
        UserError: when there is no package, its manifest is broken, or it holds another kind of model.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        model = self._root_model()
        self._folder = model.parent
        self.spec: Any = Model_pb2.Model()
        try:
            self.spec.ParseFromString(read_bytes(model))
        except OSError as error:
            raise UserError(f"cannot read {model}: {error.strerror}") from error
        except DecodeError as error:
            raise UserError(f"{model} is no Core ML model: {error}") from error
        kind = self.spec.WhichOneof("Type")
        if kind != "mlProgram":
            raise UserError(f"{path} holds {kind or 'no model'}, not an ML Program: only those can be run here")
        self._weights: dict[str, BlobFile] = {}

    def function(self, name: str | None = None) -> Function:
        """A function of the program; None: the default one.

        Raises:
            UserError: when it, or its opset, is unknown, or it is not sound: see admission.
        """
        program, description = self.spec.mlProgram, self.spec.description
        name = name or description.defaultFunctionName or "main"
        if name not in program.functions:
            known = ", ".join(sorted(program.functions)) or "none at all"
            raise UserError(f"{self.path} has no function {name}; it has {known}")
        function = program.functions[name]
        if function.opset not in OPSETS:
            raise UserError(
                f"{self.path} uses opset {function.opset or '(none)'}, unknown here; known are {', '.join(OPSETS)}"
            )
        if function.opset not in function.block_specializations:
            raise UserError(f"{self.path} has no operations for its own opset {function.opset}")
        # With several functions, each describes its own features.
        features = next((each for each in description.functions if each.name == name), description)
        found = Function(name, function, features)
        try:
            admit(function, found.block, features)
        except UserError as error:
            raise UserError(f"{self.path} is broken: {error}") from error
        return found

    def blob_file(self, name: str) -> BlobFile:
        """The weight file that a program names, such as "@model_path/weights/weight.bin"."""
        if name not in self._weights:
            relative = PurePosixPath(name.removeprefix(_MODEL_PATH))
            if not name.startswith(_MODEL_PATH) or relative.is_absolute() or ".." in relative.parts:
                raise UserError(f"{self.path} names weights outside of itself: {name}")
            self._weights[name] = BlobFile(self._folder / relative)
        return self._weights[name]

    def _root_model(self) -> Path:
        if self.path.is_file():
            raise UserError(f"{self.path} is a file; an ML Program is a folder, .mlpackage: convert the model to one")
        if not self.path.exists():
            raise UserError(f"{self.path} does not exist")
        manifest = self.path / "Manifest.json"
        try:
            entries = json.loads(read_bytes(manifest))
            relative = PurePosixPath(entries["itemInfoEntries"][entries["rootModelIdentifier"]]["path"])
        except OSError as error:
            raise UserError(f"{self.path} is no .mlpackage: cannot read Manifest.json ({error.strerror})") from error
        except UserError:
            raise
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{manifest} is broken: it does not say which item is the root model") from error
        if relative.is_absolute() or ".." in relative.parts:
            raise UserError(f"{manifest} is broken: the root model lies outside of the package")
        return self.path / "Data" / relative


@dataclass(frozen=True)
class Function:
    """A function of a program: the Function message, and the description of its inputs and outputs."""

    name: str
    message: Any
    features: Any

    @property
    def opset(self) -> str:
        """Such as "CoreML6"."""
        return self.message.opset

    @property
    def block(self) -> Any:
        """The Block message."""
        return self.message.block_specializations[self.opset]

    def walk(self) -> Iterator[Any]:
        """All Operation messages, inner blocks' after their owner."""
        return _walk(self.block)

    def count(self) -> Counter[str]:
        """How often each operation stands in the program, constants aside, those of inner blocks included."""
        return Counter(operation.type for operation in self.walk() if operation.type != "const")


def _walk(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _walk(inner)
