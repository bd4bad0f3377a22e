"""JSON that must fit a model exactly: an unknown key, a missing one or a wrong type is an error, nobody guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import UserError
from .plain_files import read_bytes

Positive = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """A model that takes what it declares and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Kind = TypeVar("Kind", bound=Strict)


def read_strict(path: Path, kind: type[Kind], what: str, advice: str = "") -> Kind:
    """Read and check a file.

    Args:
        what: the file should hold, for example "manifest"; advice: what to do where there is none, or an older one.

    Raises:
        UserError: when it is missing or does not fit.
    """
    try:
        return kind.model_validate_json(read_bytes(path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}{advice and f': {advice}'}") from error
    except ValidationError as error:
        schema = next((each for each in error.errors() if each["loc"] == ("schema_version",)), None)
        if schema is not None and schema["type"] == "literal_error" and isinstance(schema.get("input"), int):
            ours = schema["ctx"]["expected"]
            raise UserError(
                f"{path} is a {what} of schema {schema['input']}, this kit reads {ours}{advice and f': {advice}'}"
            ) from error
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{path} is no valid {what}: {where}: {first['msg']}") from error
