"""A pytest plugin: predictions that coremltools' tests ask for are saved and executed by validation.mil.

Development only: it patches coremltools to believe that it could predict.
"""

from __future__ import annotations

import gc
import inspect
import itertools
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coremltools
import coremltools.converters.mil.testing_utils as testing_utils
import coremltools.models.utils as model_utils
import numpy as np
import pytest
import torch
from coremltools.models.model import MLModel
from coremltools.proto import MIL_pb2

from reference.errors import UserError
from validation.mil import Program

REFUSED = "cannot be run here"
# Of recurrent and stateful operations, which the executor refuses by name. A third of all cases, and slow ones.
OUT_OF_SCOPE = ("test_recurrent.py", "test_states.py")
PRODUCT = itertools.product
COMPARE = testing_utils.compare_backend
ULP_OF_FLOAT16 = 2.0**-10  # of a value just above a power of two; of others less


@dataclass
class Case:
    """One test in which at least one prediction was asked for."""

    name: str
    group: str  # opset folder and test class
    outcome: str  # passed, failed or refused
    reason: str


@dataclass(eq=False)  # pytest 8.0 keeps plugins in a set
class Conformance:
    """The plugin; `cases` is filled while pytest runs.

    every, first: run each `every`-th case, from `first` on. only: substrings of which a case's name has to have one;
    at_most: how many cases, spread evenly. log: gets one line of JSON a case, as they come.
    collected: how many cases there are; out_of_scope: how many of them of recurrent and stateful operations;
    broken: test modules that could not be imported, and why.
    """

    every: int = 1
    first: int = 0
    only: tuple[str, ...] = ()
    at_most: int | None = None
    log: Path | None = None
    cases: list[Case] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    collected: int = 0
    out_of_scope: int = 0
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
        testing_utils.compare_backend = _with_grace(COMPARE)

    def pytest_sessionstart(self) -> None:
        """Let parameters be read more than once: iterators are empty in subclasses and in a second session."""
        itertools.product = lambda *sets, **options: list(PRODUCT(*sets, **options))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _is_ml_program(item) and _matches(item.nodeid, self.only)]
        self.collected = len(items)
        items[:] = [item for item in items if not _matches(item.nodeid, OUT_OF_SCOPE)]
        self.out_of_scope = self.collected - len(items)
        items[:] = items[self.first :: self.every]
        if self.at_most:  # spread over all of them: neighbours differ in little
            items[:] = items[:: -(-len(items) // self.at_most) or 1]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {str(report.longrepr).splitlines()[-1]}")

    def pytest_collection_finish(self) -> None:
        """Take everything so far out of garbage collection: coremltools collects in every conversion, a second each."""
        itertools.product = PRODUCT
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._predictions, self._refused = 0, ""
        random.seed(0)  # a tolerance met by luck must not be missed by it the next time
        np.random.seed(0)
        torch.manual_seed(0)
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
        case = Case("::".join([Path(path).parent.name, *names]), group, outcome, self._refused or reason)
        self.cases.append(case)
        if self.log:
            with self.log.open("a") as lines:
                lines.write(json.dumps(vars(case)) + "\n")

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
            self.operations.update(program.function.count().keys())
            try:
                return program.predict(data)
            except UserError as error:  # some tests ask for an error, as coremltools words Apple's
                raise RuntimeError(f"Unable to compute the prediction using ML Program: {error}") from error


def _with_grace(compare: Callable[..., Any]) -> Callable[..., Any]:
    """coremltools' comparison, with one unit in the last place of float16 where a program computes in float16.

    Cases of "fp32" may declare float16 all the same and would be held to float32's tolerance, although their
    expectations are sums in float16 themselves. The unit is that of the expectation's largest value.
    """
    signature = inspect.signature(compare)

    def compare_with_grace(*arguments: Any, **options: Any) -> Any:
        call = signature.bind(*arguments, **options)
        call.apply_defaults()
        if call.arguments["dtype"] == "fp32" and _has_float16(call.arguments["mlmodel"].get_spec()):
            call.arguments["atol"] += ULP_OF_FLOAT16 * _largest(call.arguments["expected_outputs"])
        return compare(*call.args, **call.kwargs)

    return compare_with_grace


def _largest(outputs: dict[str, Any] | None) -> float:
    arrays = [np.asarray(value) for value in (outputs or {}).values()]
    finite = [np.abs(array[np.isfinite(array)]) for array in arrays if array.dtype.kind == "f"]
    return max((float(values.max()) for values in finite if values.size), default=0.0)


def _has_float16(spec: Any) -> bool:
    functions = spec.mlProgram.functions.values()
    blocks = [block for function in functions for block in function.block_specializations.values()]
    named = [each for function in functions for each in function.inputs]
    named += [output for block in blocks for operation in block.operations for output in operation.outputs]
    return any(each.type.tensorType.dataType == MIL_pb2.FLOAT16 for each in named)


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
