"""The transformer that looks across patches.

Module names follow Hugging Face's implementation, so that its checkpoints load strictly.
Shapes: B batch, P pixels per patch, N patches, D hidden size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .activations import activation
from .config import MobileViTConfig


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product attention. [B*P, N, D] -> [B*P, N, D]

    Weights up to `split`, which only converters set, and what lies beyond it are applied apart.
    """

    def __init__(self, config: MobileViTConfig, hidden_size: int) -> None:
        super().__init__()
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = hidden_size // config.num_attention_heads
        self.scale = 1 / math.sqrt(self.attention_head_size)  # of the scores; 1 where the query carries it already
        self.split: float | None = None
        self.query = nn.Linear(hidden_size, hidden_size, bias=config.qkv_bias)
        self.key = nn.Linear(hidden_size, hidden_size, bias=config.qkv_bias)
        self.value = nn.Linear(hidden_size, hidden_size, bias=config.qkv_bias)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(self, tokens: Tensor) -> Tensor:
        heads = (self.num_attention_heads, self.attention_head_size)
        query, key, value = (
            project(tokens).unflatten(-1, heads).transpose(1, 2)  # [B*P, heads, N, D/heads]
            for project in (self.query, self.key, self.value)
        )
        scores = torch.matmul(query, key.transpose(-1, -2))
        if self.scale != 1:
            scores = scores * self.scale
        weights = self.dropout(functional.softmax(scores, dim=-1))
        if self.split is None:
            mixed = torch.matmul(weights, value)
        else:
            beyond = functional.relu(weights - self.split)
            mixed = torch.matmul(weights - beyond, value) + torch.matmul(beyond, value)
        return mixed.transpose(1, 2).flatten(2)


class SelfOutput(nn.Module):
    """The projection that writes attention's result to the residual stream."""

    def __init__(self, config: MobileViTConfig, hidden_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(self.dense(tokens))


class Attention(nn.Module):
    def __init__(self, config: MobileViTConfig, hidden_size: int) -> None:
        super().__init__()
        self.attention = SelfAttention(config, hidden_size)
        self.output = SelfOutput(config, hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.output(self.attention(tokens))


class Intermediate(nn.Module):
    """First half of the feed-forward layer."""

    def __init__(self, config: MobileViTConfig, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, intermediate_size)
        self.intermediate_act_fn = activation(config.hidden_act)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.intermediate_act_fn(self.dense(tokens))


class Output(nn.Module):
    """Second half of the feed-forward layer."""

    def __init__(self, config: MobileViTConfig, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(intermediate_size, hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(self.dense(tokens))


class TransformerLayer(nn.Module):
    """Pre-norm transformer layer. [B*P, N, D] -> [B*P, N, D]"""

    def __init__(self, config: MobileViTConfig, hidden_size: int) -> None:
        super().__init__()
        intermediate_size = int(hidden_size * config.mlp_ratio)
        self.attention = Attention(config, hidden_size)
        self.intermediate = Intermediate(config, hidden_size, intermediate_size)
        self.output = Output(config, hidden_size, intermediate_size)
        self.layernorm_before = nn.LayerNorm(hidden_size, eps=config.layer_norm_eps)
        self.layernorm_after = nn.LayerNorm(hidden_size, eps=config.layer_norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.layernorm_before(tokens))
        return tokens + self.output(self.intermediate(self.layernorm_after(tokens)))


class Transformer(nn.Module):
    def __init__(self, config: MobileViTConfig, hidden_size: int, num_stages: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(TransformerLayer(config, hidden_size) for _ in range(num_stages))

    def forward(self, tokens: Tensor) -> Tensor:
        for layer in self.layer:
            tokens = layer(tokens)
        return tokens
