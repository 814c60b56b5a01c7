"""Writes THIRD_PARTY_LICENSES: the crates compiled into the extension module, with their licence texts.

``.venv/bin/python scripts/third_party.py`` after a change of Cargo.lock; a test compares names and versions.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
TARGET = REPO / "THIRD_PARTY_LICENSES"
PLATFORM = "x86_64-unknown-linux-gnu"
# The text that is shown where a crate offers several: the shortest that its user must repeat.
PREFERRED = ("MIT", "ZLIB", "BSD", "APACHE", "LICENSE", "COPYING")
HEAD = """The extension module of arbcore contains these Rust crates. Each is listed with its licence, and
the text of it (of one of them, where a crate offers several).
"""


def linked() -> list[dict[str, Any]]:
    """Crates of other people that end up in the extension module."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={PLATFORM}"]
    metadata = json.loads(subprocess.run(command, cwd=REPO, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    queue = [identity for identity, package in packages.items() if package["name"] == "arbcore-py"]
    seen = set(queue)
    while queue:
        for dependency in nodes[queue.pop()]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            target = packages[dependency["pkg"]]
            runs_at_build = any("proc-macro" in part["kind"] for part in target["targets"])
            if None in kinds and not runs_at_build and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                queue.append(dependency["pkg"])
    found = [packages[identity] for identity in seen if packages[identity]["source"] is not None]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def heading(package: dict[str, Any]) -> str:
    """A crate's line: name, version, licence."""
    return f"{package['name']} {package['version']}: {package['license']}"


def licence_text(package: dict[str, Any]) -> str:
    """The licence file that a crate carries.

    Raises
    ------
    ValueError
        If it carries none.
    """
    folder = Path(package["manifest_path"]).parent
    files = [file for file in folder.iterdir() if file.is_file() and rank(file) < len(PREFERRED)]
    if not files:
        message = f"{heading(package)}: no licence file in {folder.name}"
        raise ValueError(message)
    return (
        min(files, key=lambda file: (rank(file), file.name))
        .read_text(encoding="utf-8", errors="replace")
        .strip()
    )


def rank(file: Path) -> int:
    """Place of a file's name among the preferred ones."""
    name = file.name.upper()
    if not name.startswith(("LICENSE", "LICENCE", "COPYING")):
        return len(PREFERRED)
    return next((place for place, part in enumerate(PREFERRED) if part in name), len(PREFERRED))


def main() -> None:
    """Write the file; equal texts stand once, under all crates they belong to."""
    by_text: dict[str, list[str]] = {}
    for package in linked():
        by_text.setdefault(licence_text(package), []).append(heading(package))
    line = "\n" + "=" * 100 + "\n"
    sections = ["\n".join(names) + "\n\n" + text + "\n" for text, names in by_text.items()]
    TARGET.write_text(HEAD + line + line.join(sections))
    print(f"{TARGET.name}: {sum(map(len, by_text.values()))} crates, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
