"""Apple's Core AI runtime, which coreai-core brings for macOS and Linux; on Linux its time is no device's time."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import tempfile
import threading
import weakref
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from reference.errors import UserError
from reference.extras import lacks_python
from reference.manifest import Manifest

from .runtime import DEFAULT_OPTIONS, Layer, NotRun, Options, Runtime, fed, whole_batches, with_batch

MAIN = "main"

T = TypeVar("T")


class CoreAIRuntime(Runtime):
    """An .aimodel, compiled and run by Apple's code."""

    name = "Core AI"

    @staticmethod
    def check_here() -> None:
        """See Runtime."""
        if reason := lacks_python("coreai"):
            raise NotRun(reason)
        if importlib.util.find_spec("coreai") is None:
            raise NotRun("coreai-core is not installed (extra coreai)")

    def __init__(self, artifact: Path, manifest: Manifest, options: Options = DEFAULT_OPTIONS) -> None:
        self.check_here()
        from coreai.authoring.asset import AIModelAsset

        self._artifact, self._input, self._output = artifact, manifest.input, manifest.answer
        self.batch = manifest.input.batch
        try:
            self._asset = AIModelAsset.load(artifact)
            self._opened = _Opened(self._asset)
        except (RuntimeError, ValueError, KeyError) as error:
            raise UserError(f"Core AI cannot load {artifact}: {str(error).partition(chr(10))[0]}") from error

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """See Runtime."""
        return with_batch(self._opened.run(self._feed(images))[self._output.name])

    def convolutions(self, pixels: np.ndarray) -> list[Layer]:
        """See LooksInside; the program is another one, whose main function gives them as outputs."""
        from coreai._compiler.ir import Module
        from coreai.authoring.asset import AIProgram
        from coreai.authoring.context import Context

        (images,) = whole_batches([pixels], self.batch)
        text, names = _giving_convolutions(str(self._asset.program), self.batch)
        with tempfile.TemporaryDirectory() as folder:
            with Context()._mlir_context:
                program = AIProgram._from_mlir_module(Module.parse(text))
                asset = program.save_asset(Path(folder) / self._artifact.name)
            values = _Opened(asset).run(self._feed(images))
        return [Layer(name, values[name][0]) for name in names]

    def _feed(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return {self._input.name: fed(images, self._input)}


class _Opened:
    """An asset's main function. Apple's calls are coroutines: a loop of this object's own runs them, in a thread of its
    own, as the caller's may run a loop already (in a notebook it does).
    """

    def __init__(self, asset: Any) -> None:
        self._loop, held = asyncio.new_event_loop(), AsyncExitStack()
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        weakref.finalize(self, _close, self._loop, thread, held)
        model = _awaited(held.enter_async_context(asset.executable()), self._loop)
        self._main = model.load_function(MAIN)

    def run(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name."""
        from coreai.runtime import NDArray

        outputs = _awaited(self._call({name: NDArray(each) for name, each in feed.items()}), self._loop)
        return {name: np.array(each.numpy()) for name, each in outputs.items()}

    async def _call(self, feed: dict[str, Any]) -> Any:
        return await self._main(feed)


def _awaited(call: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(call, loop).result()


def _close(loop: asyncio.AbstractEventLoop, thread: threading.Thread, held: AsyncExitStack) -> None:
    _awaited(held.aclose(), loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _giving_convolutions(text: str, batch: int) -> tuple[str, list[str]]:
    """A program's text whose main function also gives each convolution over one map of each image, with its bias; the
    names that these have."""
    start = text.index(f"coreai.graph @{MAIN}(")
    head, main = text[:start], text[start:]
    found: dict[str, str] = dict(re.findall(rf"(%\d+) = coreai\.conv2d .* -> (tensor<{batch}x[^>]+>)", main))
    biased: list[tuple[str, str]] = re.findall(r"(%\d+) = coreai\.decomposable\.broadcasting_add (%\d+), ", main)
    results = {taken: result for result, taken in reversed(biased)}
    names = {name: f"convolution_{results.get(name, name)[1:]}" for name in found}
    values = "".join(f", {results.get(name, name)}" for name in found)
    types = "".join(f", {kind}" for kind in found.values())
    named = "".join(f', {kind} {{coreai.name = "{names[name]}"}}' for name, kind in found.items())
    main = re.sub(r"(-> \(.*)\) \{\n", rf"\1{named}) {{\n", main, count=1)
    main = re.sub(r"(coreai\.output [^:\n]*) : (.*)", rf"\1{values} : \2{types}", main, count=1)
    return head + main, list(names.values())
