"""The scenes of a training stage, rendered once into files, and what augmentation makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from .. import scenes
from ..checkpoints import published_processor
from ..processes import processes
from .courses import Stage

# Classes per pixel of a segment map are kept for every fourth row and column: the logits are coarser still.
SEGMENT_STRIDE = 4
CHUNK = 64


class StageData:
    """uint8 RGB images [scenes, side, side, 3] and, for segmentation, class maps at a quarter of the resolution."""

    def __init__(self, folder: Path, number: int, stage: Stage, *, task: str, first: int, count: int) -> None:
        self._stage, self._task, self._first, self._count = stage, task, first, count
        self._files = {"pixels": folder / f"stage{number}.npy"}
        if task == "segmentation":
            self._files["segments"] = folder / f"stage{number}_segments.npy"

    def __len__(self) -> int:
        return self._count

    def render(self, jobs: int) -> None:
        """Write the files in `jobs` processes, unless they are there."""
        side, targets = self._stage.image_size, self._files.values()
        if all(target.exists() and len(np.load(target, mmap_mode="r")) == self._count for target in targets):
            return
        shapes = {"pixels": (side, side, 3), "segments": (side // SEGMENT_STRIDE, side // SEGMENT_STRIDE)}
        arrays = [
            np.lib.format.open_memmap(target.with_suffix(".partial"), "w+", np.uint8, (self._count, *shapes[name]))
            for name, target in self._files.items()
        ]
        scene_jobs = ((index, side, self._task) for index in range(self._first, self._first + self._count))
        with processes(jobs) as pool:
            rendered = pool.map(_render_one, scene_jobs, chunksize=CHUNK)
            for place, parts in enumerate(track(rendered, f"render {side} px", total=self._count)):
                for array, part in zip(arrays, parts):
                    array[place] = part
        for array, target in zip(arrays, targets):
            array.flush()
            target.with_suffix(".partial").rename(target)

    def load(self) -> None:
        """Open the files: before the first batch, in each process."""
        self._arrays = {name: np.load(target, mmap_mode="r") for name, target in self._files.items()}
        self._labels = np.array([scenes.label_of("train", self._first + index) for index in range(self._count)])

    def batch(self, indices: np.ndarray, seed: int) -> tuple[Tensor, Tensor]:
        """Network input [B, 3, side, side] and int64 targets: labels [B], or class maps [B, side / 4, side / 4]."""
        indices = np.sort(indices)  # one pass over the file
        side = self._stage.side
        rng = np.random.default_rng(seed % 2**63)
        corners = [
            SEGMENT_STRIDE * rng.integers(0, (self._stage.image_size - side) // SEGMENT_STRIDE + 1, 2) for _ in indices
        ]
        images = _squares(self._arrays["pixels"], indices, corners, side)
        if self._task == "classification":
            return augment(torch.from_numpy(images), seed), torch.from_numpy(self._labels[indices])
        coarse = [corner // SEGMENT_STRIDE for corner in corners]
        maps = _squares(self._arrays["segments"], indices, coarse, side // SEGMENT_STRIDE)
        turned = symmetries(torch.from_numpy(maps).long()[:, None], seed)[:, 0]
        return augment(torch.from_numpy(images), seed), turned


def _squares(array: np.ndarray, indices: np.ndarray, corners: list[np.ndarray], side: int) -> np.ndarray:
    return np.stack([array[i, top : top + side, left : left + side] for i, (top, left) in zip(indices, corners)])


def _render_one(job: tuple[int, int, str]) -> list[np.ndarray]:
    index, side, task = job
    scene = scenes.render("train", index)
    fit = published_processor(task, side)
    if task == "classification":
        return [fit.resize_and_crop(scene.image)]
    segments = fit.preprocess(scene.image, scene.segments)["labels"][0]
    middle = SEGMENT_STRIDE // 2
    return [fit.resize_and_crop(scene.image), segments[middle::SEGMENT_STRIDE, middle::SEGMENT_STRIDE]]


def augment(images: Tensor, seed: int) -> Tensor:
    """uint8 RGB [B, S, S, 3] -> float32 BGR 0..1 [B, 3, S, S]; each image in one of the square's eight symmetries."""
    pixels = images.permute(0, 3, 1, 2).flip(1).float().div(255)
    return symmetries(pixels, seed).contiguous(memory_format=torch.channels_last)


def symmetries(images: Tensor, seed: int) -> Tensor:
    """Each of [B, C, S, S] in one of the square's eight symmetries, which `seed` picks."""
    pick = torch.randint(8, (len(images),), generator=torch.Generator().manual_seed(seed % 2**63))
    turned = [torch.rot90(image, int(k) % 4, (1, 2)) for image, k in zip(images, pick)]
    return torch.stack([image.flip(2) if k >= 4 else image for image, k in zip(turned, pick)])
