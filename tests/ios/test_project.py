"""What Xcode is told of the demo, as far as it can be read without Xcode."""

from __future__ import annotations

import json
import plistlib
import re
import runpy

import numpy as np
import yaml
from PIL import Image

from .test_swift import DEMO

PROJECT = yaml.safe_load((DEMO / "project.yml").read_text(encoding="utf-8"))
TARGET = PROJECT["targets"]["MobileViTDemo"]
SCHEME = PROJECT["schemes"]["MobileViTDemo"]
RESOURCES = DEMO / "App" / "Resources"


def test_an_app_that_does_not_turn_is_for_phones_only():
    """The App Store refuses apps for iPads that have not all orientations."""
    assert TARGET["info"]["properties"]["UISupportedInterfaceOrientations"] == ["UIInterfaceOrientationPortrait"]
    assert TARGET["settings"]["base"]["TARGETED_DEVICE_FAMILY"] == "1"


def test_nothing_watches_a_benchmark():
    run = {"config": "Release", "debugEnabled": False}
    gpu = {"enableGPUValidationMode": False, "enableGPUFrameCaptureMode": "disabled"}
    assert SCHEME["run"] == run | gpu


# By their place, and with what they hold, as XcodeGen 2.45.4 documents them.
DOCUMENTED = {
    "name": str,
    "options.bundleIdPrefix": str,
    "options.deploymentTarget.iOS": str,
    "packages.*.path": str,
    "targets.*.type": str,
    "targets.*.platform": str,
    "targets.*.sources.[]": str,
    "targets.*.sources.[].path": str,
    "targets.*.sources.[].type": str,
    "targets.*.sources.[].buildPhase": str,
    "targets.*.dependencies.[].package": str,
    "targets.*.dependencies.[].product": str,
    "targets.*.info.path": str,
    "targets.*.info.properties": dict,
    "targets.*.settings.base": dict,
    "schemes.*.build.targets.*": str,
    "schemes.*.run.config": str,
    "schemes.*.run.debugEnabled": bool,
    "schemes.*.run.enableGPUValidationMode": bool,
    "schemes.*.run.enableGPUFrameCaptureMode": str,
    "schemes.*.test.targets.[].package": str,
}


def test_all_keys_are_ones_that_xcodegen_knows():
    """It passes over what it does not know, and over what has another type, without a word."""

    def walk(place, value):
        if type(value) is DOCUMENTED.get(place):
            return
        assert isinstance(value, dict | list), f"{place}: {value}"
        named = place in ("packages", "targets", "schemes") or place.endswith("build.targets")
        for key in range(len(value)) if isinstance(value, list) else value:
            name = "[]" if isinstance(value, list) else "*" if named else key
            walk(".".join(filter(None, (place, name))), value[key])

    walk("", PROJECT)
    assert TARGET["settings"]["base"].items() >= {
        "DEVELOPMENT_TEAM": "${DEVELOPMENT_TEAM}", "SWIFT_VERSION": "6.0", "CODE_SIGN_STYLE": "Automatic",
    }.items()  # fmt: skip


def test_all_that_is_named_is_there():
    for source in TARGET["sources"]:
        assert (DEMO / (source if isinstance(source, str) else source["path"])).is_dir()
    package = (DEMO / "MobileViTKit" / "Package.swift").read_text(encoding="utf-8")
    products = set(re.findall(r'library\(name: "(\w+)"', package))
    assert {dependency["product"] for dependency in TARGET["dependencies"]} == products
    (tests,) = SCHEME["test"]["targets"]
    assert f'testTarget(name: "{tests["package"].split("/")[1]}"' in package


def test_the_icon_is_what_its_script_draws():
    drawing = runpy.run_path(str(DEMO / "icon.py"))
    with Image.open(drawing["ICON"]) as icon:
        assert (icon.mode, icon.size) == ("RGB", (1024, 1024))
        assert np.array_equal(np.asarray(icon), np.asarray(drawing["icon"]()))
    for catalog in (RESOURCES / "Assets.xcassets").rglob("Contents.json"):
        for image in json.loads(catalog.read_text(encoding="utf-8")).get("images", []):
            assert (catalog.parent / image["filename"]).is_file()


def test_every_view_has_a_preview():
    sources = {path.name: path.read_text(encoding="utf-8") for path in (DEMO / "App" / "Sources").glob("*.swift")}
    previews = sources.pop("Previews.swift")
    views = set(re.findall(r"struct (\w+)(?:<.*>)?: (?:View|UIViewRepresentable) ", "".join(sources.values())))
    assert len(views) >= 10
    assert {view for view in views if f"{view}(" not in previews} == set()


def test_previews_show_every_finding():
    """A kind that has no sample looks like nothing on Xcode's canvas."""
    sources = DEMO / "App" / "Sources"
    kinds = re.findall(r"^  case (\w+)\(", (sources / "Finding.swift").read_text(encoding="utf-8"), re.M)
    previews = (sources / "Previews.swift").read_text(encoding="utf-8")
    assert len(kinds) == 5
    assert [kind for kind in kinds if f".{kind}(" not in previews.partition("extension Look")[2]] == []


def test_loading_cropping_and_predicting_are_marked_for_instruments():
    """By each framework's model, and where all crops are made, whether of a photo, a frame or a benchmark's picture."""
    sources = DEMO / "MobileViTKit" / "Sources"
    for model in ("MobileViTCoreML/MobileViTModel.swift", "MobileViTCoreAI/CoreAIModel.swift"):
        load, answer = (sources / model).read_text(encoding="utf-8").split("public func answer(")
        assert 'Signpost("load")' in load
        assert 'Signpost("prediction")' in answer
    croppers = [path for path in sources.rglob("*.swift") if "passes.crop(" in path.read_text(encoding="utf-8")]
    assert [path.name for path in croppers] == ["Preprocessor.swift"]
    assert 'Signpost("crop")' in croppers[0].read_text(encoding="utf-8").partition("class Cropper")[2]


def test_the_privacy_manifest_says_that_nothing_is_collected():
    facts = plistlib.loads((RESOURCES / "PrivacyInfo.xcprivacy").read_bytes())
    assert facts.pop("NSPrivacyTracking") is False
    assert all(value == [] for value in facts.values())
