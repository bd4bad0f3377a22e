"""Apple's Core AI runtime, which coreai-core brings for macOS and Linux; there its time is no device's time."""

from __future__ import annotations

import asyncio
import importlib.util
import weakref
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from reference.errors import UserError
from reference.extras import lacks_python
from reference.manifest import Manifest

from .runtime import DEFAULT_OPTIONS, NotRun, Options, without_batch


class CoreAIRuntime:
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

        self._input, self._output = manifest.input, manifest.answer
        if not AIModelAsset.is_valid(artifact):
            raise UserError(f"{artifact} is no .aimodel: convert it again")
        # The runtime's calls are coroutines: a loop of this object's own runs them, so that callers need none.
        self._loop, self._opened = asyncio.new_event_loop(), AsyncExitStack()
        self._end = weakref.finalize(self, _close, self._loop, self._opened)
        try:
            asset = AIModelAsset.load(artifact)
            model = self._loop.run_until_complete(self._opened.enter_async_context(asset.executable()))
            self._main = model.load_function("main")
        except (RuntimeError, ValueError, KeyError) as error:
            self._end()
            raise UserError(f"Core AI cannot load {artifact}: {str(error).partition(chr(10))[0]}") from error

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """See Runtime."""
        from coreai.runtime import NDArray

        feed = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=self._input.dtype)
        outputs = self._loop.run_until_complete(self._main({self._input.name: NDArray(feed)}))
        return without_batch(np.array(outputs[self._output.name].numpy()))


def _close(loop: asyncio.AbstractEventLoop, opened: AsyncExitStack) -> None:
    loop.run_until_complete(opened.aclose())
    loop.close()
