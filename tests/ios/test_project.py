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
    gpu = dict.fromkeys(("enableGPUValidationMode", "enableGPUFrameCaptureMode"), "disabled")
    assert SCHEME["run"] == run | gpu


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


def test_the_string_catalog_has_what_the_views_say():
    """Each of its texts is in the views, and each text of a view that holds no value is in it."""
    keys = json.loads((RESOURCES / "Localizable.xcstrings").read_text(encoding="utf-8"))["strings"]
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((DEMO / "App" / "Sources").glob("*.swift")))
    for key in keys:
        words = map(re.escape, re.split("%lld|%@", key))
        assert re.search('"' + r"\\\(.*\)".join(words) + '"', source), key
    views = "Text|Label|Button|Section|Picker|ProgressView|ShareLink|Link|ContentUnavailableView|accessibilityHint"
    assert set(re.findall(rf'\b(?:{views})\("([^"\\]+)"', source)) <= set(keys)


def test_the_privacy_manifest_says_that_nothing_is_collected():
    facts = plistlib.loads((RESOURCES / "PrivacyInfo.xcprivacy").read_bytes())
    assert facts.pop("NSPrivacyTracking") is False
    assert all(value == [] for value in facts.values())
