"""A pytest plugin: predictions that coremltools' tests ask for are saved and executed by validation.mil.

Development only: it patches coremltools to believe that it could predict.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coremltools
import coremltools.converters.mil.testing_utils as testing_utils
import coremltools.models.utils as model_utils
import pytest
from coremltools.models.model import MLModel

from reference.errors import UserError
from validation.mil import Program

REFUSED = "cannot be run here"
# Recurrent and stateful operations are refused by name; nothing else may be.
OUT_OF_SCOPE = ("gru", "lstm", "rnn", "read_state", "write_state", "list_gather", "list_scatter", "make_list")


@dataclass
class Case:
    """One test in which at least one prediction was asked for."""

    name: str
    group: str  # opset folder and test class
    outcome: str  # passed, failed or refused
    reason: str


@dataclass
class Conformance:
    """The plugin; `cases` is filled while pytest runs.

    every: run each `every`-th case, from a fixed one on. only: substrings of which a case's name has to have one.
    """

    every: int = 1
    only: tuple[str, ...] = ()
    cases: list[Case] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    _predictions: int = 0
    _refused: str = ""

    def __post_init__(self) -> None:
        def predict(model: MLModel, data: dict[str, Any], state: Any = None) -> dict[str, Any]:
            return self._predict(model, data)

        MLModel.predict = predict
        MLModel.make_state = lambda model: None
        testing_utils._IS_MACOS = True
        newest = (99, 0)
        model_utils._macos_version = lambda: newest
        coremltools.utils._macos_version = model_utils._macos_version

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _is_ml_program(item) and _matches(item.nodeid, self.only)]
        items[:] = items[self.every // 2 :: self.every]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._predictions, self._refused = 0, ""
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Iterator[None]:
        report = (yield).get_result()
        if report.when != "call" or not self._predictions or report.outcome == "skipped":
            return
        path, *names = item.nodeid.split("::")
        reason = "" if call.excinfo is None else _one_line(call.excinfo)
        outcome = "refused" if self._refused else report.outcome
        group = f"{Path(path).parent.name} {names[0].split('[')[0]}"
        self.cases.append(Case("::".join([Path(path).parent.name, *names]), group, outcome, self._refused or reason))

    def _predict(self, model: MLModel, data: dict[str, Any]) -> dict[str, Any]:
        if model.get_spec().WhichOneof("Type") != "mlProgram":
            pytest.skip("no ML Program")
        self._predictions += 1
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.mlpackage"
            model.save(str(path))
            try:
                program = Program(path)
            except UserError as error:
                if REFUSED in str(error):
                    self._refused = str(error).split("): ")[-1]
                raise
            self.operations.update(program.operations.keys())
            return program.predict(data)


def _is_ml_program(item: pytest.Item) -> bool:
    """Not parametrised for the neural networks of old."""
    parameters = getattr(item, "callspec", None)
    backend = parameters.params.get("backend") if parameters else None
    return getattr(backend, "backend", "mlprogram") == "mlprogram"


def _matches(name: str, only: tuple[str, ...]) -> bool:
    return not only or any(part in name for part in only)


def _one_line(excinfo: Any) -> str:
    lines = [line.strip() for line in str(excinfo.value).splitlines() if line.strip()]
    return f"{excinfo.typename}: {' | '.join(lines)}"[:400]
