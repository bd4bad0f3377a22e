"""The .mlpackage on disk: Manifest.json, the model's protobuf, and where its weight files lie."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from google.protobuf.message import DecodeError

from reference.errors import UserError

from .blobs import BlobFile
from .protos import Model_pb2

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
            self.spec.ParseFromString(model.read_bytes())
        except OSError as error:
            raise UserError(f"cannot read {model}: {error.strerror}") from error
        except DecodeError as error:
            raise UserError(f"{model} is no Core ML model: {error}") from error
        kind = self.spec.WhichOneof("Type")
        if kind != "mlProgram":
            raise UserError(f"{path} holds {kind or 'no model'}, not an ML Program: only those can be run here")
        self._weights: dict[str, BlobFile] = {}

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
            entries = json.loads(manifest.read_bytes())
            relative = PurePosixPath(entries["itemInfoEntries"][entries["rootModelIdentifier"]]["path"])
        except OSError as error:
            raise UserError(f"{self.path} is no .mlpackage: cannot read Manifest.json ({error.strerror})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{manifest} is broken: it does not say which item is the root model") from error
        if relative.is_absolute() or ".." in relative.parts:
            raise UserError(f"{manifest} is broken: the root model lies outside of the package")
        return self.path / "Data" / relative
