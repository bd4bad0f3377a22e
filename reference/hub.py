"""Checkpoints on the Hugging Face Hub, or what its cache on this machine has of them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import UserError

PATIENCE = 1.5  # seconds for each step of the first question: connecting, encrypting, answering
TOO_BUSY = 429  # of HTTP's answers; from 500 on the server is at fault
OTHERWISE = (
    "download it where there is a network and give its folder, or choose --checkpoint demo (bundled) or random; "
    "with HF_HUB_OFFLINE=1 the cache alone is asked"
)


class HubSource:
    """A repository on the Hub.

    One question tells whether the Hub can be reached. Where it cannot, where HF_HUB_OFFLINE is set or the option
    `local_files_only`, its cache here is all there is. All files are of one commit.

    Args:
        repository: "apple/mobilevit-small" for one.
        options: see sources.HUB_OPTIONS.
    """

    def __init__(self, repository: str, options: Mapping[str, Any]) -> None:
        self.id = repository
        self.commit: str | None = None  # known from the first file on
        self._revision: str | None = options.get("revision")
        self._options = {name: value for name, value in options.items() if name != "revision"}
        self._asked = False
        self._why_not = "the Hugging Face Hub is not asked" if options.get("local_files_only") else ""

    def find(self, *names: str) -> Path | None:
        """See sources.Source; UserError when the Hub refuses, or cannot be reached and the cache does not know."""
        if not self._asked and not self._why_not:
            self._ask(names[0])
        path = self._in_cache(names) if self._why_not else self._on_hub(names)
        if path is not None:  # <cache>/<repository>/snapshots/<commit>/<name>
            self.commit = self._revision = path.parent.name
        return path

    def others(self) -> list[str]:
        """See sources.Source."""
        return []

    def _ask(self, name: str) -> None:
        """Whether the Hub can be reached: huggingface_hub's own downloads would try for half a minute."""
        from huggingface_hub import constants, errors, get_hf_file_metadata, hf_hub_url

        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its import sets another level
        self._asked = True
        if constants.HF_HUB_OFFLINE:
            self._why_not = "HF_HUB_OFFLINE is set"
            return
        print(f"asking the Hugging Face Hub for {self.id}", file=sys.stderr)
        patience = constants.HF_HUB_ETAG_TIMEOUT if "HF_HUB_ETAG_TIMEOUT" in os.environ else PATIENCE
        try:
            url = hf_hub_url(self.id, name, revision=self._revision)
            get_hf_file_metadata(url, token=self._options.get("token"), timeout=patience)
        except errors.HFValidationError as error:
            raise UserError(f"{self.id} is no Hub id: {_first_line(error)}") from error
        except errors.HfHubHTTPError as error:  # of refusals the download tells
            if error.response.status_code == TOO_BUSY or error.response.status_code >= 500:
                self._why_not = f"the Hugging Face Hub cannot be reached ({_first_line(error)})"
        except Exception as error:  # whatever the HTTP library raises
            self._why_not = f"the Hugging Face Hub cannot be reached ({_first_line(error)})"

    def _on_hub(self, names: tuple[str, ...]) -> Path | None:
        from huggingface_hub import errors, hf_hub_download

        for name in names:
            try:
                return Path(hf_hub_download(self.id, name, revision=self._revision, **self._options))
            except errors.LocalEntryNotFoundError as error:  # also an EntryNotFoundError, so it must come first
                raise UserError(f"the Hugging Face Hub broke off at {name} of {self.id}: {OTHERWISE}") from error
            except errors.EntryNotFoundError:
                continue
            except Exception as error:  # refusals, and whatever the HTTP library raises when a transfer breaks off
                raise UserError(
                    f"the Hugging Face Hub gave no {name} of {self.id} ({_first_line(error)}): {OTHERWISE}"
                ) from error
        return None

    def _in_cache(self, names: tuple[str, ...]) -> Path | None:
        """The first of `names` that is there; None where it is known that the repository has none of them."""
        from huggingface_hub import errors, try_to_load_from_cache

        unknown = None
        for name in names:
            try:
                found = try_to_load_from_cache(
                    self.id, name, cache_dir=self._options.get("cache_dir"), revision=self._revision
                )
            except errors.HFValidationError as error:
                raise UserError(f"{self.id} is no Hub id: {_first_line(error)}") from error
            if isinstance(found, str):
                return Path(found)
            unknown = unknown or (name if found is None else None)  # else it is noted there that there is none
        if unknown is not None:
            raise UserError(f"no {unknown} of {self.id} lies in the cache, and {self._why_not}: {OTHERWISE}")
        return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
