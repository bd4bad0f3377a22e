"""coremltools' generated protobuf classes, without the rest of coremltools.

`import coremltools.proto` first runs coremltools/__init__.py, which takes seconds and logs what it cannot load. The
generated modules need google.protobuf only and refer to each other relatively, so they are imported here as a package
of their own: 0.15 s. protobuf keeps one class per message, so a message made here is one of coremltools' too.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from reference.extras import require

_PACKAGE = "validation.mil._coreml_proto"


def _load(name: str) -> ModuleType:
    if _PACKAGE not in sys.modules:
        require("coreml", "coremltools")
        found = importlib.util.find_spec("coremltools")  # finds the folder, runs nothing
        assert found is not None
        assert found.submodule_search_locations
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(Path(found.submodule_search_locations[0]) / "proto")]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")


Model_pb2 = _load("Model_pb2")
MIL_pb2 = _load("MIL_pb2")
FeatureTypes_pb2 = _load("FeatureTypes_pb2")
