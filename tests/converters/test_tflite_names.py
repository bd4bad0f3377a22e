"""Names inside .tflite files: short, and still different from each other."""

from __future__ import annotations

from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import SubGraphT, TensorT
from hypothesis import given
from hypothesis import strategies as st

from converters.tflite.names import shorten_graph


def graph(names, inputs=(), outputs=()):
    made = SubGraphT()
    made.tensors, made.inputs, made.outputs = [TensorT() for _ in names], list(inputs), list(outputs)
    for tensor, name in zip(made.tensors, names):
        tensor.name = name.encode()
    return made


def test_the_first_operation_below_what_all_share():
    made = graph(["image", "net/body/a_1/add;net/body/a_1/mul", "net/body/b/add_1", "net/body/a/add", "constant"], [0])
    shorten_graph(made)
    assert [tensor.name for tensor in made.tensors] == [b"image", b"a/add", b"b/add_1", b"a/add_2", b"constant"]


part = st.sampled_from(["a", "b", "a_2", ""])
name = st.lists(part, min_size=1, max_size=4).map("/".join)


@given(st.lists(st.lists(name, min_size=1, max_size=2).map(";".join), min_size=1, max_size=12), st.data())
def test_names_stay_different(names, data):
    ends = data.draw(st.sets(st.integers(0, len(names) - 1), max_size=2))
    names = [f"{name};{index}" if index not in ends else f"end {index}" for index, name in enumerate(names)]
    made = graph(names, sorted(ends))
    shorten_graph(made)
    found = [tensor.name.decode() for tensor in made.tensors]
    assert len(set(found)) == len(found)
    assert all(found[index] == names[index] for index in ends)
    assert all(len(short) <= len(long) + 3 for short, long in zip(found, names))


def test_a_file_has_them(tflite):
    written = tflite()
    names = [detail["name"] for detail in Interpreter(str(written.path)).get_tensor_details() if detail["name"]]
    assert len(set(names)) == len(names)
    assert sum(map(len, names)) / len(names) < 60
    assert any(name.startswith("layer.2/transformer.layer.0/") for name in names)
