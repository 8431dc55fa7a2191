"""Renews the scripts that the pages carry, from npm: `make assets`, with the versions of `vendor.lock` raised by hand.

Every file is written with its version, its licence and its hash into `vendor.lock`; a test holds the files against it.
Needs npm and the network, as `make lock` needs uv; nothing of this is needed to run or to test.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[2] / "service" / "pages" / "assets" / "vendor"
BOOK = VENDOR / "vendor.lock"


def main() -> None:
    """Fetch what the book names, write it and its hashes."""
    book: list[dict[str, Any]] = json.loads(BOOK.read_text(encoding="utf-8"))
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing. Debian: apt-get install npm")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = [f"{one['package']}@{one['version']}" for one in book]
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", name, *wanted]
        subprocess.run(command, check=True)  # noqa: S603 - our own command
        for one in book:
            renew(folder / "node_modules" / one["package"], one)
    BOOK.write_text(json.dumps(book, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def renew(package: Path, one: dict[str, Any]) -> None:
    """Take one package's file and licence, and write down what they are."""
    described = json.loads((package / "package.json").read_text(encoding="utf-8"))
    content = (package / one["file"]).read_text(encoding="utf-8")
    if one["package"] == "vega-interpreter":
        content = alone(content)
    content = "\n".join(line for line in content.splitlines() if not line.startswith("//# sourceMappingURL"))
    held = (content + "\n").encode()
    (VENDOR / one["name"]).write_bytes(held)
    licence = next(package.glob("LICEN[CS]E*")).read_bytes()
    (VENDOR / f"{one['package']}.LICENSE").write_bytes(licence)
    one |= {"licence": described["license"], "sha256": hashlib.sha256(held).hexdigest()}


def alone(content: str) -> str:
    """vega-interpreter without its import by a bare name: vega, loaded before it, holds the same three things."""
    first, rest = content.split("\n", 1)
    if first != "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';":
        raise SystemExit("vega-interpreter imports something else than it did: look at it before it is taken.")
    return f"const {{ ascending, isString, DisallowedObjectProperties }} = globalThis.vega;\n{rest}"


if __name__ == "__main__":
    main()
