"""Train the demonstration classifier on rendered scenes: `python -m reference.demo train --output DIR`.

Most of the training happens at low resolution, where a CPU sees several times more images per second; the last stages
finish at the 256 pixels that the artifacts take. Every stage has scenes of its own. One process per core trains on its
share of each batch; after every epoch the state is saved, and the same command resumes from it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor, distributed, nn
from torch.nn import functional

from ..command_line import make_folder
from ..config import CROP, RESIZE_EDGE, SIZES, MobileViTConfig
from ..errors import UserError
from ..heads import MobileViTForImageClassification
from ..image_processor import MobileViTImageProcessor
from ..initialise import he_initialise
from . import scenes

SEED = 20
WEIGHT_DECAY = 0.05
# glibc gives freed memory back at once and then pays for every page again: a third of the time at 256 pixels.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "200000000"}
LABEL_SMOOTHING = 0.05
MAX_GRADIENT = 5.0  # norm


@dataclass(frozen=True)
class Stage:
    """`epochs` passes over `scenes` rendered scenes at `image_size` pixels, with a one-cycle learning rate."""

    image_size: int
    scenes: int
    epochs: int
    batch: int
    peak_rate: float


STAGES = (
    Stage(image_size=96, scenes=32_000, epochs=6, batch=128, peak_rate=3e-3),
    Stage(image_size=160, scenes=16_000, epochs=4, batch=64, peak_rate=1e-3),
    Stage(image_size=256, scenes=8_000, epochs=2, batch=32, peak_rate=3e-4),
    Stage(image_size=256, scenes=10_000, epochs=1, batch=32, peak_rate=1e-3),
    Stage(image_size=256, scenes=10_000, epochs=1, batch=32, peak_rate=1.5e-3),
)


@dataclass(frozen=True)
class Run:
    """What a training process needs to know."""

    size: str
    folder: Path
    jobs: int
    shrink: int

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    def pixels_file(self, number: int) -> Path:
        return self.folder / f"stage{number}.npy"


def train(size: str, folder: Path, *, jobs: int, shrink: int = 1) -> None:
    """Train a model of `size` in `jobs` processes and write `folder`/`size`, a checkpoint folder.

    `shrink` divides the number of scenes, for a trial of the whole course.
    """
    run = Run(size, folder, jobs, shrink)
    make_folder(folder)
    os.environ.update(KEEP_FREED_MEMORY)  # read by the processes that the stages start
    _Course(run, 0, steps=1)  # refuses another run's folder here, in one line, not in every process
    for number, stage in enumerate(STAGES):
        _render_stage(number, stage, run)
        (folder / "rendezvous").unlink(missing_ok=True)  # where a stage's processes find each other
        torch.multiprocessing.spawn(_train_stage, (number, run), nprocs=jobs)
    _export(run)


def processor(image_size: int) -> MobileViTImageProcessor:
    """The published checkpoints' preprocessing at another crop size."""
    return MobileViTImageProcessor(size=round(image_size * RESIZE_EDGE / CROP), crop_size=image_size)


def _first_scene(number: int) -> int:
    return sum(stage.scenes for stage in STAGES[:number])


def _render_stage(number: int, stage: Stage, run: Run) -> None:
    """Write the stage's scenes, resized and cropped, as one uint8 RGB array [scenes, side, side, 3]."""
    target = run.pixels_file(number)
    count, first = stage.scenes // run.shrink, _first_scene(number)
    if target.exists() and len(np.load(target, mmap_mode="r")) == count:
        return
    partial = target.with_suffix(".partial")
    pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (count, stage.image_size, stage.image_size, 3))
    jobs = ((index, stage.image_size) for index in range(first, first + count))
    with get_context("spawn").Pool(run.jobs) as pool:
        rendered = pool.imap(_render_one, jobs, chunksize=64)
        for place, image in enumerate(track(rendered, f"render {stage.image_size} px", total=count)):
            pixels[place] = image
    pixels.flush()
    partial.rename(target)


def _render_one(job: tuple[int, int]) -> np.ndarray:
    index, image_size = job
    return processor(image_size).resize_and_crop(scenes.render("train", index).image)


def _train_stage(rank: int, number: int, run: Run) -> None:
    """One process's part of one stage."""
    stage = STAGES[number]
    distributed.init_process_group(
        "gloo", init_method=f"file://{(run.folder / 'rendezvous').resolve()}", rank=rank, world_size=run.jobs
    )
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // run.jobs))
    torch.set_flush_denormal(True)  # early activations underflow, and denormals are slow
    pixels = np.load(run.pixels_file(number), mmap_mode="r")
    labels = torch.tensor([scenes.label_of("train", _first_scene(number) + index) for index in range(len(pixels))])

    course = _Course(run, number, steps=stage.epochs * (len(pixels) // stage.batch))
    distributed.barrier()
    parallel = nn.parallel.DistributedDataParallel(course.model)
    for epoch in range(course.epochs_done, stage.epochs):
        order = np.random.default_rng([SEED, number, epoch]).permutation(len(pixels))
        batches = order[: len(order) // stage.batch * stage.batch].reshape(-1, stage.batch)
        title = f"{stage.image_size} px, epoch {epoch + 1}/{stage.epochs}"
        parallel.train()
        right = total = 0.0
        started = time.monotonic()
        for step, batch in enumerate(track(batches, title, disable=rank > 0)):
            share = np.sort(batch[rank :: run.jobs])  # sorted: one pass over the file
            images = augment(torch.from_numpy(pixels[share]), seed=hash((number, epoch, step, rank)))
            logits = parallel(images).logits
            loss = functional.cross_entropy(logits, labels[share], label_smoothing=LABEL_SMOOTHING)
            course.step(loss)
            right += float((logits.argmax(1) == labels[share]).float().mean())
            total += float(loss.detach())
        if rank == 0:
            course.save(epoch + 1)
            rate = batches.size / (time.monotonic() - started)
            print(
                f"{title}: loss {total / len(batches):.3f}, training top-1 {100 * right / len(batches):.1f} %, "
                f"{rate:.0f} images/s",
                flush=True,
            )
        distributed.barrier()


class _Course:
    """Model, optimizer and learning rate of a stage, begun afresh or taken up where the last run was interrupted."""

    def __init__(self, run: Run, number: int, steps: int) -> None:
        self._file, self._number = run.state_file, number
        self._kind = f"{run.size}, scenes divided by {run.shrink}"
        self.model = MobileViTForImageClassification(_config(run.size))
        he_initialise(self.model, SEED)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Weight decay on matrices only: not on biases, not on normalisation gains.
        matrices = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in self.model.parameters() if parameter.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
        peak = STAGES[number].peak_rate
        self._optimizer = torch.optim.AdamW(groups, lr=peak)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, peak, total_steps=steps, pct_start=0.2)
        self.epochs_done = 0
        if not self._file.exists():
            return
        state = torch.load(self._file, weights_only=True)
        if state["kind"] != self._kind:
            raise UserError(f"{self._file} is of another run ({state['kind']}): choose another --output")
        self.model.load_state_dict(state["model"])
        if state["stage"] == number:
            self.epochs_done = state["epochs"]
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])
        elif state["stage"] > number:
            self.epochs_done = STAGES[number].epochs

    def step(self, loss: Tensor) -> None:
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT)
        self._optimizer.step()
        self._schedule.step()

    def save(self, epochs: int) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "kind": self._kind,
            "stage": self._number,
            "epochs": epochs,
        }
        partial = self._file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self._file)


def augment(images: Tensor, seed: int) -> Tensor:
    """uint8 RGB [B, S, S, 3] -> float32 BGR 0..1 [B, 3, S, S]; each image in one of the square's eight symmetries."""
    pixels = images.permute(0, 3, 1, 2).flip(1).float().div(255)
    pick = torch.randint(8, (len(pixels),), generator=torch.Generator().manual_seed(seed % 2**63))
    turned = [torch.rot90(image, int(k) % 4, (1, 2)) for image, k in zip(pixels, pick)]
    mirrored = [image.flip(2) if k >= 4 else image for image, k in zip(turned, pick)]
    return torch.stack(mirrored).contiguous(memory_format=torch.channels_last)


def _config(size: str) -> MobileViTConfig:
    return MobileViTConfig(**SIZES[size], id2label=dict(enumerate(scenes.LABELS)))


def _export(run: Run) -> None:
    """Write the checkpoint folder: fp16 weights, architecture, labels and preprocessing."""
    state = torch.load(run.state_file, weights_only=True)["model"]
    folder = run.folder / run.size
    folder.mkdir(exist_ok=True)
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    _config(run.size).save_pretrained(folder)
    processor(CROP).save_pretrained(folder)
    print(f"wrote {folder}")
