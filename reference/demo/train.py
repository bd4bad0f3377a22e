"""Train the demonstration classifier on rendered scenes: `python -m reference.demo.train --output DIR`.

Most of the training happens at low resolution, where a CPU sees several times more images per second; the last stages
finish at the 256 pixels that the artifacts take. Every stage has scenes of its own. One process per core trains on its
share of each batch; after every epoch the state is saved, and the same command resumes from it.
"""

from __future__ import annotations

import argparse
import os
import sys
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

from ..config import SIZES, MobileViTConfig
from ..image_processor import MobileViTImageProcessor
from ..initialise import he_initialise
from ..mobilevit import MobileViTForImageClassification
from . import scenes

SEED = 20
WEIGHT_DECAY = 0.05
# glibc gives freed memory back at once and then pays for every page again: a third of the time at 256 pixels.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "200000000"}
LABEL_SMOOTHING = 0.05
RESIZE_OVER_CROP = 288 / 256  # the published checkpoints' preprocessing


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
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m reference.demo.train", description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="xxs")
    parser.add_argument("--output", type=Path, required=True, help="folder for weights, state and rendered scenes")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=int, default=1, help="divide the number of scenes by this, for a quick trial")
    arguments = parser.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    os.environ.update(KEEP_FREED_MEMORY)  # read by the processes that the stages start
    for number, stage in enumerate(STAGES):
        _render_stage(number, stage, arguments)
        rendezvous = arguments.output / "rendezvous"  # how the processes find each other; one file per stage
        rendezvous.unlink(missing_ok=True)
        torch.multiprocessing.spawn(_train_stage, (number, arguments), nprocs=arguments.processes)
    _export(arguments)
    return 0


def processor(image_size: int) -> MobileViTImageProcessor:
    """The published checkpoints' preprocessing at another crop size."""
    return MobileViTImageProcessor(size=round(image_size * RESIZE_OVER_CROP), crop_size=image_size)


def _first_scene(number: int, arguments: argparse.Namespace) -> int:
    return sum(stage.scenes for stage in STAGES[:number])


def _pixels_file(number: int, arguments: argparse.Namespace) -> Path:
    return arguments.output / f"stage{number}.npy"


def _render_stage(number: int, stage: Stage, arguments: argparse.Namespace) -> None:
    """Write the stage's scenes, resized and cropped, as one uint8 RGB array [scenes, side, side, 3]."""
    target = _pixels_file(number, arguments)
    if target.exists():
        return
    count, first = stage.scenes // arguments.shrink, _first_scene(number, arguments)
    partial = target.with_suffix(".partial")
    pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (count, stage.image_size, stage.image_size, 3))
    jobs = ((index, stage.image_size) for index in range(first, first + count))
    with get_context("spawn").Pool(arguments.processes) as pool:
        rendered = pool.imap(_render_one, jobs, chunksize=64)
        for place, image in enumerate(track(rendered, f"render {stage.image_size} px", total=count)):
            pixels[place] = image
    pixels.flush()
    partial.rename(target)


def _render_one(job: tuple[int, int]) -> np.ndarray:
    index, image_size = job
    return processor(image_size).resize_and_crop(scenes.render("train", index).image)


def _train_stage(rank: int, number: int, arguments: argparse.Namespace) -> None:
    """One process's part of one stage."""
    stage, world = STAGES[number], arguments.processes
    distributed.init_process_group(
        "gloo", init_method=f"file://{(arguments.output / 'rendezvous').resolve()}", rank=rank, world_size=world
    )
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // world))
    torch.set_flush_denormal(True)  # early activations underflow, and denormals are slow
    pixels = np.load(_pixels_file(number, arguments), mmap_mode="r")
    labels = torch.tensor([scenes.label_of("train", _first_scene(number, arguments) + i) for i in range(len(pixels))])

    model = MobileViTForImageClassification(_config(arguments.size))
    he_initialise(model, SEED)
    # Weight decay on matrices only: not on biases, not on normalisation gains.
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": WEIGHT_DECAY},
                                   {"params": vectors, "weight_decay": 0.0}], lr=stage.peak_rate)
    steps = stage.epochs * (len(pixels) // stage.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, stage.peak_rate, total_steps=steps, pct_start=0.2)

    done, state_file = 0, arguments.output / "state.pt"
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        if state["stage"] > number:
            return
        if state["stage"] == number:
            done = state["epochs"]
            optimizer.load_state_dict(state["optimizer"])
            schedule.load_state_dict(state["schedule"])
    distributed.barrier()
    parallel = nn.parallel.DistributedDataParallel(model.to(memory_format=torch.channels_last))
    for epoch in range(done, stage.epochs):
        parallel.train()
        order = np.random.default_rng([SEED, number, epoch]).permutation(len(pixels))
        batches = np.array_split(order[: len(order) // stage.batch * stage.batch], len(order) // stage.batch)
        shares = [batch[rank::world] for batch in batches]
        started, seen, right, total = time.monotonic(), 0, 0, 0.0
        title = f"{stage.image_size} px, epoch {epoch + 1}/{stage.epochs}"
        for step, share in enumerate(track(shares, title, disable=rank > 0)):
            images = augment(torch.from_numpy(pixels[np.sort(share)]), seed=hash((number, epoch, step, rank)))
            target = labels[np.sort(share)]
            logits = parallel(images).logits
            loss = functional.cross_entropy(logits, target, label_smoothing=LABEL_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            seen, right = seen + len(share), right + int((logits.argmax(1) == target).sum())
            total += float(loss.detach()) * len(share)
            if rank == 0 and (step % 100 == 99 or step == len(shares) - 1):
                rate = seen * world / (time.monotonic() - started)
                print(f"{title}: {step + 1}/{len(shares)} loss {total / seen:.3f} top-1 {100 * right / seen:.1f} % "
                      f"{rate:.0f} images/s", flush=True)
                seen, right, total, started = 0, 0, 0.0, time.monotonic()
        if rank == 0:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "stage": number,
                        "schedule": schedule.state_dict(), "epochs": epoch + 1}, state_file.with_suffix(".partial"))
            state_file.with_suffix(".partial").replace(state_file)
        distributed.barrier()


def augment(images: Tensor, seed: int) -> Tensor:
    """uint8 RGB [B, S, S, 3] -> float32 BGR 0..1 [B, 3, S, S]; each image in one of the square's eight symmetries."""
    pixels = images.permute(0, 3, 1, 2).flip(1).float().div(255)
    pick = torch.randint(8, (len(pixels),), generator=torch.Generator().manual_seed(seed % 2**63))
    turned = [torch.rot90(image, int(k) % 4, (1, 2)) for image, k in zip(pixels, pick)]
    mirrored = [image.flip(2) if k >= 4 else image for image, k in zip(turned, pick)]
    return torch.stack(mirrored).contiguous(memory_format=torch.channels_last)


def _config(size: str) -> MobileViTConfig:
    return MobileViTConfig(**SIZES[size], id2label=dict(enumerate(scenes.LABELS)))


def _export(arguments: argparse.Namespace) -> None:
    """Write the checkpoint folder: fp16 weights, architecture, labels and preprocessing."""
    state = torch.load(arguments.output / "state.pt", weights_only=True)["model"]
    folder = arguments.output / arguments.size
    folder.mkdir(exist_ok=True)
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    _config(arguments.size).save_pretrained(folder)
    processor(256).save_pretrained(folder)
    print(f"wrote {folder}")


if __name__ == "__main__":
    sys.exit(main())
