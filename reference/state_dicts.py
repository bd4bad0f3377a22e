"""A network's state dict in whatever a training script saved around it.

Nobody agrees on the key that weights lie under, or on what a wrapper puts before their names. So neither is looked
for: a MobileViT is where its first convolution is, and what comes before that name is a wrapper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .errors import UserError
from .layouts import LAYOUTS

# What wrappers of PyTorch and of Lightning put into names, in any place: data parallel training and averaged weights,
# torch.compile, Lightning's strategies, sharded training, activation checkpointing.
_WRAPPERS = re.compile(
    r"(?:^|(?<=\.))(?:module|_orig_mod|_forward_module|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
# Averaged weights: where a training kept them, they are what it evaluated and what its authors publish.
_AVERAGED = re.compile(r"(?:^|[^a-z])(?:ema|avg|swa|averaged?)(?:[^a-z]|$)", re.IGNORECASE)
_NOT_AVERAGED = "current_model_state"  # Lightning's WeightAveraging keeps the averaged ones under the usual key
# Of a training module beside its network, by the beginning of a tensor's name: what inference has no use for.
_TRAINING_ONLY = re.compile(
    r"(?:\w+_)?(?:loss|losses|loss_fn|loss_func|criterion|metrics?|acc|accuracy|f1|auroc|auc|confusion_matrix|confmat|"
    r"class_weights?|pos_weight|n_averaged)(?:\.|_\w+\.|$)",
    re.IGNORECASE,
)
_DEPTH = 8  # of dictionaries in dictionaries


@dataclass(frozen=True)
class _Found:
    """A MobileViT: under which keys, in which state dict, behind which prefix."""

    keys: tuple[str, ...]
    weights: dict[str, Tensor]
    prefix: str

    @property
    def place(self) -> str:
        """For messages, and to tell averaged weights by."""
        return "/".join((*self.keys, self.prefix.removesuffix("."))).strip("/") or "the file itself"

    @property
    def own(self) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in self.weights.items() if name.startswith(self.prefix)}


def network_in(content: Any, source: str) -> tuple[dict[str, Tensor], str | None]:
    """The state dict of the MobileViT in `content`, without wrappers, and a word on it where there was a choice.

    Averaged weights win over others. What lies beside the network stays, under its own name, unless only training needs
    it. Where there is no MobileViT, the largest state dict, for `recognise` to tell what it is.

    Args:
        source: names the file in errors.

    Raises:
        UserError: where there is no state dict, a tensor is there twice, or two networks are that differ.
    """
    dicts = list(_state_dicts(content, (), set(), source))
    if not dicts:
        raise UserError(f"{source} does not hold a state dict of tensors: save model.state_dict()")
    found = [_Found(keys, weights, prefix) for keys, weights in dicts for prefix in _prefixes(weights)]
    if not found:
        return max((weights for _, weights in dicts), key=len), None
    chosen = [each for each in found if _AVERAGED.search(each.place)]
    chosen = chosen or [each for each in found if _NOT_AVERAGED not in each.keys] or found
    for each in chosen:
        _check_held(each.own, source)
    one = chosen[0]
    other = next((each for each in chosen[1:] if not _equal(one, each)), None)
    if other is not None:
        raise UserError(
            f"{source} holds two networks, {one.place} and {other.place}: save the state dict of the one to convert"
        )
    others = tuple(each.prefix for each in found if each.weights is one.weights and each.prefix != one.prefix)
    word = f"of {len(found)} networks in it, {one.place} was taken" if len(found) > 1 else None
    return _stripped(one, tuple(filter(None, others)), source), word


def _state_dicts(
    content: Any, keys: tuple[str, ...], seen: set[int], source: str
) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """All dictionaries with tensors by name, each with the keys that lead to it; of their entries the tensors."""
    if not isinstance(content, dict) or len(keys) > _DEPTH or id(content) in seen:
        return
    seen.add(id(content))
    weights: dict[str, Tensor] = {}
    for name, tensor in content.items():
        if isinstance(name, str) and isinstance(tensor, Tensor):
            plain = _WRAPPERS.sub("", name)
            if plain in weights:
                raise UserError(f"{source} holds tensor {plain} twice, once behind a wrapper: save one of them")
            weights[plain] = tensor.detach()
    if weights:
        yield keys, weights
    for name, value in content.items():
        yield from _state_dicts(value, (*keys, str(name)), seen, source)


def _prefixes(weights: dict[str, Tensor]) -> list[str]:
    """What stands before the names of each MobileViT among `weights`."""
    prefixes = []
    for layout in LAYOUTS:
        for name in weights:
            before = name.removesuffix(layout.stem)
            if before != name and (not before or before.endswith(".")):
                own = before == layout.prefix or before.endswith(f".{layout.prefix}")
                prefixes.append(before.removesuffix(layout.prefix) if own else before)
    return prefixes


def _stripped(one: _Found, others: tuple[str, ...], source: str) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for name, tensor in one.weights.items():
        inside = name.startswith(one.prefix)
        plain = name.removeprefix(one.prefix)
        if _TRAINING_ONLY.match(plain) or (name.startswith(others) and not (one.prefix and inside)):
            continue
        if plain in weights:
            raise UserError(f"{source} holds tensor {plain} twice, once behind {one.prefix}: save the network alone")
        weights[plain] = tensor
    return weights


def _check_held(weights: dict[str, Tensor], source: str) -> None:
    """UserError for tensors that repeat numbers, or share them: views that ask for more than the file holds."""
    dense = {name: w for name, w in weights.items() if w.layout == torch.strided and not w.is_meta}
    held = {w.untyped_storage().data_ptr(): w.untyped_storage().nbytes() for w in dense.values()}
    wanted = 0
    for name, tensor in dense.items():
        wanted += tensor.numel() * tensor.element_size()
        if wanted > sum(held.values()):
            raise UserError(
                f"{source}: tensor {name} of shape {list(tensor.shape)} asks for more numbers than the file holds: "
                "save clones of the tensors"
            )


def _equal(one: _Found, other: _Found) -> bool:
    """Whether two are the same network, saved twice."""
    ours, theirs = (
        {name.removeprefix(each.prefix): tensor for name, tensor in each.own.items()} for each in (one, other)
    )
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
