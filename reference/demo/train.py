"""Train a demonstration checkpoint on rendered scenes: `python -m reference.demo train --output DIR`.

Most of the training happens at low resolution, where a CPU sees several times more images per second; the last stages
finish at the size that the artifacts take. Every stage has scenes of its own. One process per core trains on its
share of each batch; after every epoch the state is saved, and the same command resumes from it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor, distributed, nn
from torch.nn import functional

from .. import scenes
from ..checkpoints import MODELS, load_checkpoint, published_processor
from ..command_line import make_folder
from ..errors import UserError
from ..initialise import he_initialise
from .courses import COURSES, Course, config
from .stage_data import StageData
from .widen import widen

SEED = 20
WEIGHT_DECAY = 0.05
# glibc gives freed memory back at once and then pays for every page again: a third of the time at 256 pixels.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "200000000"}
LABEL_SMOOTHING = 0.05
MAX_GRADIENT = 5.0  # norm
STATISTICS_SCENES = 32


@dataclass(frozen=True)
class Run:
    """What a training process needs to know."""

    task: str
    size: str
    folder: Path
    jobs: int
    shrink: int

    @property
    def course(self) -> Course:
        return COURSES[self.task, self.size]

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    def data(self, number: int) -> StageData:
        """The scenes of stage `number`."""
        stages = self.course.stages
        first, count = sum(stage.scenes for stage in stages[:number]), stages[number].scenes // self.shrink
        return StageData(self.folder, number, stages[number], task=self.task, first=first, count=count)


def train(task: str, size: str, folder: Path, *, jobs: int, shrink: int = 1) -> None:
    """Train a model of `size` in `jobs` processes and write `folder`/`size`, a checkpoint folder.

    `shrink` divides the number of scenes, for a trial of the whole course.
    """
    if (task, size) not in COURSES:
        known = ", ".join(f"--task {task} --size {size}" for task, size in COURSES)
        raise UserError(f"there is no {task} course of size {size}: choose among {known}")
    run = Run(task, size, folder, jobs, shrink)
    make_folder(folder)
    os.environ.update(KEEP_FREED_MEMORY)  # read by the processes that the stages start
    _Progress(run, 0, steps=1)  # refuses another run's folder here, in one line, not in every process
    for number in range(len(run.course.stages)):
        run.data(number).render(jobs)
        (folder / "rendezvous").unlink(missing_ok=True)  # where a stage's processes find each other
        torch.multiprocessing.spawn(_train_stage, (number, run), nprocs=jobs)
    _export(run)


def _train_stage(rank: int, number: int, run: Run) -> None:
    """One process's part of one stage."""
    stage, data = run.course.stages[number], run.data(number)
    distributed.init_process_group(
        "gloo", init_method=f"file://{(run.folder / 'rendezvous').resolve()}", rank=rank, world_size=run.jobs
    )
    torch.set_num_threads(max(1, torch.get_num_threads() // run.jobs))
    torch.set_flush_denormal(True)  # early activations underflow, and denormals are slow
    data.load()

    progress = _Progress(run, number, steps=stage.epochs * (len(data) // stage.batch))
    distributed.barrier()
    parallel = nn.parallel.DistributedDataParallel(progress.model)
    for epoch in range(progress.epochs_done, stage.epochs):
        order = np.random.default_rng([SEED, number, epoch]).permutation(len(data))
        batches = order[: len(order) // stage.batch * stage.batch].reshape(-1, stage.batch)
        title = f"{stage.side} px, epoch {epoch + 1}/{stage.epochs}"
        parallel.train()
        right = total = 0.0
        started = time.monotonic()
        for step, batch in enumerate(track(batches, title, disable=rank > 0)):
            images, targets = data.batch(batch[rank :: run.jobs], seed=hash((number, epoch, step, rank)))
            logits = _match(parallel(images).logits, targets)
            loss = functional.cross_entropy(logits, targets, label_smoothing=LABEL_SMOOTHING)
            progress.step(loss)
            right += float((logits.argmax(1) == targets).float().mean())
            total += float(loss.detach())
        if rank == 0:
            progress.save(epoch + 1)
            rate = batches.size / (time.monotonic() - started)
            print(
                f"{title}: loss {total / len(batches):.3f}, training accuracy {100 * right / len(batches):.1f} %, "
                f"{rate:.0f} images/s",
                flush=True,
            )
        distributed.barrier()


def _match(logits: Tensor, targets: Tensor) -> Tensor:
    """Bring a segmentation model's logits to the resolution of the class maps."""
    if targets.ndim == 1:
        return logits
    return functional.interpolate(logits, size=targets.shape[-2:], mode="bilinear", align_corners=False)


def _fresh_model(run: Run) -> nn.Module:
    """Random weights, or those of the course's start where it has one."""
    model = MODELS[run.task](config(run.task, run.size))
    he_initialise(model, SEED)
    start = load_checkpoint("demo", run.course.start).model if run.course.start else None
    if start and run.task == "segmentation":
        model.backbone.load_state_dict(model.backbone.own_part(start.state_dict()))
    elif start:
        fit = published_processor(run.task, run.course.stages[0].side)
        images = [scenes.render("train", index).image for index in range(STATISTICS_SCENES)]
        widen(start, model, fit(images, return_tensors="pt")["pixel_values"])
    return model


class _Progress:
    """Model, optimizer and learning rate of a stage, begun afresh or taken up where the last run was interrupted."""

    def __init__(self, run: Run, number: int, steps: int) -> None:
        self._file, self._number = run.state_file, number
        self._kind = f"{run.task} {run.size}, scenes divided by {run.shrink}"
        self.model = _fresh_model(run)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Weight decay on matrices only: not on biases, not on normalisation gains.
        matrices = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in self.model.parameters() if parameter.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
        peak = run.course.stages[number].peak_rate
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
            self.epochs_done = run.course.stages[number].epochs

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


def _export(run: Run) -> None:
    """Write the checkpoint folder: fp16 weights, architecture, labels and preprocessing."""
    state = torch.load(run.state_file, weights_only=True)["model"]
    folder = run.folder / run.size
    folder.mkdir(exist_ok=True)
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    config(run.task, run.size).save_pretrained(folder)
    published_processor(run.task).save_pretrained(folder)
    print(f"wrote {folder}")
