"""What a phone measured: the JSON that the iOS and Android apps export. Decoding is strict, as of manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from reference.golden import Base64
from reference.manifest import Sha256
from reference.strict import Positive, Strict, read_strict

Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ThermalState = Literal["nominal", "fair", "serious", "critical"]


class Device(Strict):
    """Where it ran.

    model: as the system names it, such as "iPhone16,2". system, app: name and version. soc: the chip's maker and model,
    such as "QTI SM8750", null where the system does not tell. Older exports have none.
    """

    model: str
    system: str
    app: str
    soc: str | None = None


class DeviceAnswer(Strict):
    """What the artifact answered to one picture of its golden set, as `GoldenPicture.answer` is written.

    Integers of a quantized output are turned into the numbers they stand for first. exact_pixels: whether the artifact
    saw the golden crop itself; else the app made its own of the picture.
    """

    picture: str
    exact_pixels: bool
    answer: Base64


class DeviceRun(Strict):
    """One artifact in one setting.

    accelerator: all that may compute: "CPU", "GPU", "NPU", "GPU+CPU" or "NPU+CPU", or of Core ML the name of the
    compute units, such as "CPU_AND_NE". threads: null where the runtime chooses. compile_ms: the part of load_ms that
    compiling for the accelerator took, null where the app does not tell. warm_up: runs before those that count.
    preprocessing_ms, inference_ms: of each run that counts. wait_ms: for a cool device, null where the app does not
    wait. thermal_state_before, thermal_state: before the first run and after the last one, null where the system does
    not tell. peak_mib: memory of the process, null likewise. Older exports have no compile_ms, no wait_ms and no
    thermal_state_before.
    """

    artifact: str
    sha256: Sha256
    runtime: Literal["coreml-native", "coreai-native", "litert"]
    accelerator: str
    threads: Positive | None
    load_ms: Milliseconds
    compile_ms: Milliseconds | None = None
    warm_up: Annotated[int, Field(ge=0)]
    preprocessing_ms: list[Milliseconds]
    inference_ms: list[Milliseconds]
    wait_ms: Milliseconds | None = None
    thermal_state_before: ThermalState | None = None
    thermal_state: ThermalState | None
    peak_mib: Milliseconds | None
    answers: list[DeviceAnswer]


class DeviceResults(Strict):
    """recorded_at: ISO 8601 with the zone."""

    schema_version: Literal[1]
    device: Device
    recorded_at: str
    runs: list[DeviceRun]


def read_device_results(path: Path) -> DeviceResults:
    """Read and check; UserError when the file is missing or malformed."""
    return read_strict(path, DeviceResults, "file of device results")
