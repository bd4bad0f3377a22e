"""Where a checkpoint's files lie: a local folder, one weights file in it, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .errors import UserError

_HUB_SIZES = {"xxs": "xx-small", "xs": "x-small", "s": "small"}


def hub_id(size: str, task: str = "classification") -> str:
    """Apple's checkpoint on the Hugging Face Hub: of ImageNet-1k, for segmentation of Pascal VOC."""
    return f"apple/{'deeplabv3-' if task == 'segmentation' else ''}mobilevit-{_HUB_SIZES[size]}"


CONFIG_FILE = "config.json"
PREPROCESSOR_FILE = "preprocessor_config.json"
INDEX = ".index.json"  # of weights in shards
WEIGHT_FILES = tuple(  # in the order they are looked for
    f"{name}{ending}" for name in ("model.safetensors", "pytorch_model.bin") for ending in ("", INDEX)
)
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".tar")  # of files that people name themselves
RESERVED = ("demo", "random")  # what no local folder may pass for
HUB_OPTIONS = ("cache_dir", "force_download", "local_files_only", "revision", "token")  # of hf_hub_download
OTHERWISE = "choose --checkpoint demo (bundled), random, or the path of a downloaded checkpoint"


class Source(Protocol):
    """A place with checkpoint files; `id` names it in manifests and messages."""

    id: str

    def find(self, *names: str) -> Path | None:
        """The first of `names` that is there."""
        ...

    def others(self) -> list[str]:
        """Names of files that may be weights under a name of their own."""
        ...


def open_with_options(source: str | Path, options: Mapping[str, Any]) -> tuple[Source, dict[str, Any]]:
    """`open_source` with those of `options` that are HUB_OPTIONS, and the rest of them."""
    hub = {name: value for name, value in options.items() if name in HUB_OPTIONS}
    return open_source(source, **hub), {name: value for name, value in options.items() if name not in hub}


def open_source(source: str | Path, **options: Any) -> Source:
    """A folder, a weights file (its neighbours then belong to it), or a Hub id; UserError when it is none of these.

    `options` are HUB_OPTIONS, which local files have no use for.
    """
    path = Path(source)
    try:
        if str(source) and path.exists():
            return LocalSource(path)
    except OSError as error:
        raise UserError(f"cannot read checkpoint {source}: {error.strerror}") from error
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", str(source)):
        return HubSource(str(source), options)
    raise UserError(
        f"checkpoint {source} does not exist: give demo, random, a path, or a Hub id such as {hub_id('xxs')}"
    )


class LocalSource:
    """A folder, or one weights file and its folder."""

    def __init__(self, path: Path) -> None:
        self._weights = path if path.is_file() else None
        self._folder = path.parent if path.is_file() else path
        own_name = self._weights is not None and path.name not in WEIGHT_FILES
        name = path.stem if own_name else self._folder.resolve().name
        self.id = f"local-{name}" if name in RESERVED else name

    def find(self, *names: str) -> Path | None:
        """See Source."""
        if self._weights and names == WEIGHT_FILES:
            return self._weights
        return next((self._folder / name for name in names if (self._folder / name).is_file()), None)

    def others(self) -> list[str]:
        """See Source."""
        return sorted(path.name for path in self._folder.iterdir() if path.suffix in _WEIGHT_SUFFIXES)


class HubSource:
    """A repository on the Hugging Face Hub, or what the local cache has of it."""

    def __init__(self, repository: str, options: Mapping[str, Any]) -> None:
        self.id = repository
        self._options = options
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries are not worth a line each
        print(f"asking the Hugging Face Hub for {repository}", file=sys.stderr)

    def find(self, *names: str) -> Path | None:
        """See Source; UserError when the Hub cannot be reached or refuses."""
        from huggingface_hub import errors, hf_hub_download

        for name in names:
            try:
                return Path(hf_hub_download(self.id, name, **self._options))
            except errors.LocalEntryNotFoundError as error:  # also an EntryNotFoundError, so it must come first
                problem = f"no local path {self.id}, and the Hugging Face Hub cannot be reached for {name} of it"
                raise UserError(f"{problem}: {OTHERWISE}") from error
            except errors.EntryNotFoundError:
                continue
            except Exception as error:  # refusals, and whatever the HTTP library raises when a transfer breaks off
                reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
                raise UserError(f"the Hugging Face Hub gave no {name} of {self.id} ({reason}): {OTHERWISE}") from error
        return None

    def others(self) -> list[str]:
        """See Source."""
        return []


def require_file(source: Source, *names: str) -> Path:
    """`source.find`, but a missing file is a UserError."""
    path = source.find(*names)
    if path is None and names == WEIGHT_FILES:
        others = source.others()
        advice = f"it has {others[0]}, give the path of that file" if others else "give a folder with one, or a file"
        raise UserError(f"checkpoint {source.id} holds no {names[0]} or {names[2]}, whole or in shards: {advice}")
    if path is None:
        raise UserError(f"checkpoint {source.id} holds no {' or '.join(names)}: give a folder with one")
    return path
