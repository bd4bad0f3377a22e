"""torch.export to an ONNX graph, with nothing in it that the computation does not need, and ONNX's checker."""

from __future__ import annotations

import onnx
import torch
from onnx import ModelProto
from torch import Tensor, nn

from ..deployable import Deployable
from ..preprocessing import INPUT
from .attention import TRANSLATIONS, WHOLE_FROM
from .rows import to_rows


class FromPixels(nn.Module):
    """A deployable network that takes pixels 0..255 as images lie in memory, [B, H, W, C] of any dtype."""

    def __init__(self, network: Deployable) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.network(image.permute(0, 3, 1, 2).float())


def to_onnx(network: Deployable, image: Tensor, *, dynamic_batch: bool, opset: int) -> ModelProto:
    """The ONNX model of a deployable network with the input baked in; its outputs are named for their meanings.

    Args:
        network: its MobileViT blocks are replaced.
        image: an example [B, H, W, C], of the dtype that the model shall take.
        dynamic_batch, opset: see ONNXOptions.
    """
    to_rows(network.network, whole_attention=opset >= WHOLE_FROM)
    if dynamic_batch:  # one image would be taken for a constant
        image = image.repeat(2, 1, 1, 1)
    program = torch.onnx.export(
        FromPixels(network).eval(),
        (image,),
        dynamo=True,
        verbose=False,
        input_names=[INPUT],
        output_names=list(network.meanings),
        opset_version=opset,
        dynamic_shapes=({0: torch.export.Dim("batch")},) if dynamic_batch else None,
        custom_translation_table=TRANSLATIONS,
    )
    assert program is not None  # only the older exporter returns nothing
    model = program.model_proto
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import)
    for each in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del each.metadata_props[:]  # the exporter's notes on each node: PyTorch's names and lines of source code
    return model


def check(model: ModelProto) -> None:
    """ONNX's checker, and strict shape inference from the inputs alone.

    Raises:
        ValidationError, InferenceError: of ONNX, where the model is not valid, or a shape stays unknown.
    """
    onnx.checker.check_model(model, full_check=True)  # which takes the shapes that the file states for granted
    bare = ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True).graph
    values = (*inferred.value_info, *inferred.output)
    known = {value.name for value in values if value.type.tensor_type.HasField("shape")}
    unknown = [name for node in inferred.node for name in node.output if name not in known]
    if unknown:
        raise onnx.shape_inference.InferenceError(f"no shape for {unknown[0]}")
