"""Where a checkpoint's files lie: a local folder, one weights file in it, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .errors import UserError
from .hub import HubSource
from .plain_files import require_file_at

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


class Source(Protocol):
    """A place with checkpoint files; `id` names it in manifests and messages, `commit` its state on the Hub."""

    id: str
    commit: str | None

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

    What lies here is never looked for on the Hub. Of what does not, "one/two" is a Hub id, unless it ends as weights
    files do or `one` lies here: then it is a path with a slip in it. With a `revision` it is a Hub id in any case.

    Args:
        source: as its user typed it. An id that stands in a file is no reason to ask the Hub: give `local_files_only`.
        options: HUB_OPTIONS, which local files have no use for.
    """
    path = Path(source)
    try:
        if str(source) and path.exists():
            return LocalSource(path)
        like_a_path = path.suffix in _WEIGHT_SUFFIXES or Path(path.parts[0] if path.parts else "").exists()
    except OSError as error:
        raise UserError(f"cannot read checkpoint {source}: {error.strerror}") from error
    two_parts = re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", str(source)) is not None
    if two_parts and (not like_a_path or options.get("revision")):
        return HubSource(str(source), options)
    if two_parts:
        raise UserError(f"checkpoint {source} does not exist: mend the path, or give --revision main for a Hub id")
    raise UserError(
        f"checkpoint {source} does not exist: give demo, random, a path, or a Hub id such as {hub_id('xxs')}"
    )


class LocalSource:
    """A folder, or one weights file and its folder."""

    commit: str | None = None

    def __init__(self, path: Path) -> None:
        require_file_at(path)
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
