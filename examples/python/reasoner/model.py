# SPDX-License-Identifier: MIT
"""A decoder-only transformer of about 230 000 parameters, with a key-value cache for sampling."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from reasoner.task import MAX_RESPONSE, PROMPT_LENGTH, VOCABULARY

CONTEXT = PROMPT_LENGTH + MAX_RESPONSE


class Cache:
    """Keys and values of the tokens seen so far: ``[layers, N, heads, CONTEXT, head width]`` each."""

    def __init__(self, layers: int, rows: int, heads: int, width: int, device: torch.device) -> None:
        self.keys = torch.empty(layers, rows, heads, CONTEXT, width, device=device)
        self.values = torch.empty_like(self.keys)
        self.length = 0

    def keep_rows(self, rows: torch.Tensor) -> None:
        """Keeps (or repeats) the given rows; only the filled positions are copied."""
        self.keys, self.values = self._select(self.keys, rows), self._select(self.values, rows)

    def _select(self, old: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        new = old.new_empty(old.shape[0], len(rows), *old.shape[2:])
        new[:, :, :, : self.length] = old[:, rows, :, : self.length]
        return new


class Block(nn.Module):
    """Pre-norm attention and a ReLU feed-forward layer, both residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width, bias=False)
        self.mlp_out = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor, cache: Cache | None = None, layer: int = 0) -> torch.Tensor:
        """``[N, L, width]`` to the same shape; with a cache, ``x`` continues what it holds for ``layer``."""
        rows, length, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        if cache is not None:
            begin, end = cache.length, cache.length + length
            cache.keys[layer, :, :, begin:end], cache.values[layer, :, :, begin:end] = key, value
            key, value = cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end]
        # One new token sees the whole cache; a prompt or a training row is causal (and padding is on the right).
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=length > 1)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(rows, length, width))
        out: torch.Tensor = x + self.mlp_out(F.relu(self.mlp_in(self.mlp_norm(x))))
        return out


class Reasoner(nn.Module):
    """Token and learned position embeddings, blocks, a final norm, an untied output layer."""

    def __init__(self, generator: torch.Generator, layers: int = 2, width: int = 96, heads: int = 4) -> None:
        super().__init__()
        self.shape = (layers, heads, width // heads)
        self.token = nn.Embedding(len(VOCABULARY), width)
        self.position = nn.Embedding(CONTEXT, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(VOCABULARY), bias=False)
        self._initialise(generator, layers)

    def _initialise(self, generator: torch.Generator, layers: int) -> None:
        # Wide embeddings: with the usual 0.02 the cold start takes several times as long at this size.
        for embedding in (self.token, self.position):
            nn.init.normal_(embedding.weight, std=0.3, generator=generator)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                std = 0.7 / math.sqrt(module.in_features)
                if name.endswith("_out"):
                    std /= math.sqrt(2 * layers)
                nn.init.normal_(module.weight, std=std, generator=generator)

    @property
    def device(self) -> torch.device:
        """Where the weights are, and hence everything that is computed."""
        return self.head.weight.device

    def new_cache(self, rows: int) -> Cache:
        """An empty cache of the model's shape."""
        layers, heads, width = self.shape
        return Cache(layers, rows, heads, width, self.device)

    def forward(self, ids: torch.Tensor, cache: Cache | None = None) -> torch.Tensor:
        """``[N, L]`` ids to ``[N, L, width]`` final states; with a cache, ``ids`` continue what it holds."""
        begin = cache.length if cache is not None else 0
        x = self.token(ids) + self.position.weight[begin : begin + ids.shape[1]]
        for layer, block in enumerate(self.blocks):
            x = block(x, cache, layer)
        if cache is not None:
            cache.length += ids.shape[1]
        out: torch.Tensor = self.norm(x)
        return out
