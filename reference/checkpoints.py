"""Where weights come from: the bundled demonstration, a seed, a local file or folder, or the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from .config import HUB_IDS, SIZES, MobileViTConfig
from .errors import UserError
from .image_processor import PREPROCESSOR_FILE, MobileViTImageProcessor
from .initialise import randomise
from .mobilevit import MobileViTForImageClassification

BUNDLED = Path(__file__).parent / "demo" / "weights"
CONFIG_FILE = "config.json"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")  # in the order they are looked for
RANDOM_SEED = 0
RANDOM_LABELS = 1000  # as many as ImageNet-1k: artifacts get their real size


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    id: "demo", "random", a Hub id, or the name of a local folder or file; sha256: of the weights (file bytes, or the
    tensors of "random"); model: float32, in eval mode; processor: the preprocessing it was trained with.
    """

    id: str
    sha256: str
    model: MobileViTForImageClassification
    processor: MobileViTImageProcessor

    @property
    def size(self) -> str:
        """The published size's name, or "custom"."""
        return self.model.config.size or "custom"

    @property
    def slug(self) -> str:
        """`id` as a part of a file name: "apple-mobilevit-small"."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", self.id).strip("-") or "checkpoint"


def load_checkpoint(source: str = "demo", size: str | None = None) -> Checkpoint:
    """Load a classification checkpoint.

    Args:
        source: "demo" (bundled), "random" (seeded and well-scaled), a folder or weights file, or a Hub id such as
            "apple/mobilevit-xx-small". The Hub is asked for nothing but a Hub id.
        size: "xxs", "xs" or "s"; "xxs" when a bundled or random checkpoint does not say, and otherwise whatever the
            checkpoint is: it then only has to agree.

    Raises:
        UserError: when there is no such checkpoint, or it does not fit.
    """
    if size is not None and size not in SIZES:
        raise UserError(f"size {size!r} is unknown; choose one of {', '.join(SIZES)}")
    if source == "random":
        return _random(size or "xxs")
    if source == "demo":
        folder = BUNDLED / (size or "xxs")
        if not folder.is_dir():
            bundled = ", ".join(sorted(path.name for path in BUNDLED.iterdir()))
            raise UserError(
                f"no demo checkpoint of size {size} is bundled (only {bundled}): choose --size {bundled}, "
                f"--checkpoint {HUB_IDS[size or 'xxs']}, a path, or random"
            )
        return _from_files("demo", size, folder / CONFIG_FILE, folder / WEIGHT_FILES[0], folder / PREPROCESSOR_FILE)
    path = Path(source)
    if path.exists():
        weights = _weights_file(path)
        folder = weights.resolve().parent
        name = folder.name if weights.name in WEIGHT_FILES else weights.stem
        return _from_files(name, size, folder / CONFIG_FILE, weights, folder / PREPROCESSOR_FILE)
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", source):
        return _from_hub(source, size)
    raise UserError(
        f"checkpoint {source} does not exist: give demo, random, a path, or a Hub id such as {HUB_IDS['xxs']}"
    )


def _random(size: str) -> Checkpoint:
    config = MobileViTConfig(**SIZES[size], num_labels=RANDOM_LABELS)
    model = MobileViTForImageClassification(config).eval()
    randomise(model, RANDOM_SEED)
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return Checkpoint("random", digest.hexdigest(), model, MobileViTImageProcessor(size=288))


def _weights_file(path: Path) -> Path:
    if path.is_file():
        return path
    for name in WEIGHT_FILES:
        if (path / name).is_file():
            return path / name
    raise UserError(f"{path} holds neither {' nor '.join(WEIGHT_FILES)}: give a folder with one of them")


def _from_hub(repository: str, size: str | None) -> Checkpoint:
    from huggingface_hub import errors, hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries are not worth a line each
    print(f"asking the Hugging Face Hub for {repository}", file=sys.stderr)
    otherwise = "choose --checkpoint demo (bundled), random, or the path of a downloaded checkpoint"

    def download(name: str) -> Path:
        return Path(hf_hub_download(repository, name))

    try:
        config = download(CONFIG_FILE)
        preprocessor = download(PREPROCESSOR_FILE)
        try:
            weights = download(WEIGHT_FILES[0])
        except errors.RemoteEntryNotFoundError:
            weights = download(WEIGHT_FILES[1])
    except (errors.RepositoryNotFoundError, errors.RemoteEntryNotFoundError, errors.HFValidationError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the Hugging Face Hub has no MobileViT checkpoint {repository} ({reason}): {otherwise}"
        ) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError) as error:
        raise UserError(
            f"no local path {repository}, and the Hugging Face Hub cannot be reached for it: {otherwise}"
        ) from error
    return _from_files(repository, size, config, weights, preprocessor)


def _from_files(id: str, size: str | None, config_file: Path, weights_file: Path, preprocessor: Path) -> Checkpoint:
    if not config_file.is_file():
        raise UserError(f"checkpoint {id} has no {CONFIG_FILE} beside its weights: put the model's there")
    config = MobileViTConfig.from_json_file(config_file)
    if size is not None and config.size != size:
        raise UserError(f"checkpoint {id} is of size {config.size or 'custom'}, not {size}: leave --size out")
    if preprocessor.is_file():
        processor = MobileViTImageProcessor.from_json_file(preprocessor)
    else:  # the published classifiers' own, not the class default, which crops larger than it resizes
        processor = MobileViTImageProcessor(size=288)
    model = MobileViTForImageClassification(config).eval()
    load_strictly(model, read_weights(weights_file), id)
    return Checkpoint(id, hashlib.sha256(weights_file.read_bytes()).hexdigest(), model, processor)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file or a PyTorch pickle of tensors; no code in a pickle is ever run."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} is truncated or no weights file ({_first_line(error)}): fetch it again") from error
    except Exception as error:  # torch raises pickle.UnpicklingError and, for broken archives, much else
        raise UserError(f"{path} is not a file of plain tensors ({_first_line(error)}): export safetensors") from error
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise UserError(f"{path} does not hold a state dict of tensors: save model.state_dict()")
    return weights


def load_strictly(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy `weights` into `model`; UserError names the first tensor that is missing, misshapen or left over."""
    own = model.state_dict()
    for name, tensor in own.items():
        if name.endswith("num_batches_tracked"):  # a training counter that some exporters drop
            continue
        if name not in weights:
            raise UserError(f"checkpoint {source} lacks tensor {name}: it is not this MobileViT architecture")
        if weights[name].shape != tensor.shape:
            raise UserError(
                f"checkpoint {source}: tensor {name} has shape {list(weights[name].shape)}, "
                f"but its {CONFIG_FILE} asks for {list(tensor.shape)}"
            )
    for name in weights:
        if name not in own:
            raise UserError(f"checkpoint {source} has tensor {name}, which this MobileViT architecture does not know")
    model.load_state_dict({**own, **weights})


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
