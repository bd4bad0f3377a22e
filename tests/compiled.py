"""LiteRT's CompiledModel, by the calls that android_demo's engine makes, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel, CpuOptions, HardwareAccelerator, Options

FIRST = ""  # the signature that Kotlin's methods take by default: the first


def compiled(content: bytes, accelerators: HardwareAccelerator = HardwareAccelerator.CPU) -> CompiledModel:
    """A file's content, compiled on one thread; RuntimeError where not all of it can run so."""
    return CompiledModel.from_buffer(content, options=Options(accelerators, cpu_options=CpuOptions(num_threads=1)))


def compiled_answers(
    content: bytes, feeds: Iterable[np.ndarray], outputs: Mapping[str, np.ndarray]
) -> Iterator[dict[str, np.ndarray]]:
    """What the file answers to one image after the other, by name, in the same buffers.

    outputs: arrays of the outputs' types and shapes. Unsigned bytes go in and come out as Kotlin has them: signed, with
    the same bits.
    """
    model = compiled(content)
    (names,) = (each["inputs"] for each in model.get_signature_list().values())
    (name,) = names
    into = {name: model.create_input_buffer_by_name(FIRST, name)}
    out = {each: model.create_output_buffer_by_name(FIRST, each) for each in outputs}
    for feed in feeds:
        into[name].write(feed.view(_in_kotlin(feed.dtype)))
        model.run_by_name(FIRST, into, out)
        yield {
            each: out[each].read(like.size, _in_kotlin(like.dtype)).view(like.dtype).reshape(like.shape)
            for each, like in outputs.items()
        }


def _in_kotlin(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.int8) if dtype == np.uint8 else dtype
