"""The twin of reference.transformer.

Shapes: [P*B*N, D] with P*B sequences of N patches, one after the other, and D the hidden size. Rows of one matrix are
what linear layers take anyway; and of a mean over the last axis, NPUs of integers know only that of a matrix.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

from .. import transformer as torch_transformer
from .activations import activation
from .basics import Dense, Mirror, dropout, norm


class SelfAttention(Mirror):
    """Multi-head scaled dot-product attention. [P*B*N, D] -> [P*B*N, D]"""

    def __init__(self, source: torch_transformer.SelfAttention, name: str) -> None:
        super().__init__(name)
        self.heads, self.depth = source.num_attention_heads, source.attention_head_size
        self.scale, self.split = source.scale, source.split
        self.query = Dense(source.query, "query")
        self.key = Dense(source.key, "key")
        self.value = Dense(source.value, "value")
        self.dropout = dropout(source.dropout)

    def call(self, x: Any, patches: Any) -> Any:
        """`patches`: N, how many rows are one sequence."""

        def heads(projected: Any) -> Any:  # [P*B, heads, N, D/heads]
            return ops.transpose(ops.reshape(projected, (-1, patches, self.heads, self.depth)), (0, 2, 1, 3))

        query, key, value = self.query(x), self.key(x), self.value(x)
        with tf.name_scope("scores"):  # a file's tensors are called after it, and rules of quantization go by that
            scores = ops.matmul(heads(query), ops.transpose(heads(key), (0, 1, 3, 2)))
            if self.scale != 1:
                scores = scores * self.scale
        weights, value = self.dropout(tf.nn.softmax(scores)), heads(value)
        if self.split is None:
            mixed = ops.matmul(weights, value)
        else:
            beyond = ops.relu(weights - self.split)
            mixed = ops.matmul(weights - beyond, value) + ops.matmul(beyond, value)
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, self.heads * self.depth))


class TransformerLayer(Mirror):
    """Pre-norm transformer layer. [P*B*N, D] -> [P*B*N, D]"""

    def __init__(self, source: torch_transformer.TransformerLayer, name: str) -> None:
        super().__init__(name)
        self.layernorm_before = norm(source.layernorm_before, "layernorm_before")
        self.attention = SelfAttention(source.attention.attention, "attention.attention")
        self.projection = Dense(source.attention.output.dense, "attention.output.dense")
        self.projection_dropout = dropout(source.attention.output.dropout)
        self.layernorm_after = norm(source.layernorm_after, "layernorm_after")
        self.intermediate = Dense(source.intermediate.dense, "intermediate.dense")
        self.activation = activation(source.intermediate.intermediate_act_fn)
        self.output_dense = Dense(source.output.dense, "output.dense")
        self.output_dropout = dropout(source.output.dropout)

    def call(self, x: Any, patches: Any) -> Any:
        attended = self.projection(self.attention(self.layernorm_before(x), patches=patches))
        x = x + self.projection_dropout(attended)
        y = self.activation(self.intermediate(self.layernorm_after(x)))
        return x + self.output_dropout(self.output_dense(y))
