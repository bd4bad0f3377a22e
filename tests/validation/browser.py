"""Headless Chromium on a local page, for what only a browser can tell."""

from __future__ import annotations

import html
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
NAMES = ("chromium", "chromium-browser", "google-chrome", MAC)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip


def open_page(page: Path, script: str, widths: tuple[int, ...]) -> tuple[list[Any], list[str]]:
    """What `script`, the body of a function, returns in the page at each width in pixels; and what the console says.

    Skips the test where there is no browser; in continuous integration that is a failure, but on Linux for ARM, where
    Ubuntu has none that .ci/chromium could install.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        must = os.environ.get("CI") == "true" and platform.machine() != "aarch64"
        (pytest.fail if must else pytest.skip)("NOT RUN: there is no Chromium here: run .ci/chromium")
    probe = f"<script>onload = () => parent.postMessage([innerWidth, (() => {{{script}}})()], '*')</script></body>"
    with tempfile.TemporaryDirectory() as folder:
        probed = Path(folder, "page.html")
        probed.write_text(page.read_text("utf-8").replace("</body>", probe), "utf-8")
        frames = "".join(f'<iframe src="page.html" width="{width}" height="900"></iframe>' for width in widths)
        outer = "<pre></pre><script>said = {}; onmessage = ({data}) => { said[data[0]] = data[1]; "
        outer += "document.querySelector('pre').textContent = JSON.stringify(said) }</script>"
        Path(folder, "outer.html").write_text(outer + frames, "utf-8")
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"file://{folder}/outer.html"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    said = json.loads(html.unescape(re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL).group(1)))
    return [said[str(width)] for width in widths], [line for line in done.stderr.splitlines() if "CONSOLE" in line]
