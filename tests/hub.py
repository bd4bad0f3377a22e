"""A Hugging Face Hub of our own on this machine, as far as downloads go."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Hub:
    """commits: folders of "owner/name" by their commit; branches: of a repository and a branch the commit; asked: the
    paths that were asked for; tokens: that came with them; broken: an HTTP status to answer everything with."""

    endpoint: str
    commits: dict[tuple[str, str], Path] = field(default_factory=dict)
    branches: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    broken: int | None = None

    def publish(self, repository: str, folder: Path, branch: str = "main") -> str:
        """Make `folder` the repository's newest commit, which is returned."""
        commit = hashlib.sha1(f"{repository} {folder} {branch}".encode()).hexdigest()
        self.commits[repository, commit] = folder
        self.branches[repository, branch] = commit
        return commit


@contextmanager
def served() -> Iterator[Hub]:
    """A hub that answers for as long as this lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            hub.asked.append(self.path)
            hub.tokens.add(self.headers["Authorization"])
            owner, name, _, revision, file = self.path.strip("/").split("/", 4)
            repository = f"{owner}/{name}"
            commit = hub.branches.get((repository, revision), revision)
            folder = hub.commits.get((repository, commit))
            if hub.broken is not None:
                return self.say(hub.broken, {})
            if folder is None:
                known = any(each == repository for each, _ in hub.commits)
                return self.say(404, {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})
            path = folder / file
            if not path.is_file():
                return self.say(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            content = path.read_bytes()
            tag = hashlib.sha256(content).hexdigest()
            self.say(200, {"X-Repo-Commit": commit, "ETag": f'"{tag}"'}, content, with_body)

        def say(self, status: int, headers: dict[str, str], content: bytes = b"", with_body: bool = False) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """In silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def ask_there(monkeypatch: pytest.MonkeyPatch, endpoint: str, cache: Path) -> None:
    """As HF_ENDPOINT and HF_HUB_CACHE do where they are set from the start."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
