"""Starts the service as anyone would, by its command, and asks it over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from data_contracts.errors import NotReady

CONTACTS = """\
# Contacts of the demo. A deployment names its own.
- {name: The demo's crisis line, phone: "+00 000 000", when: day and night}
"""
TIMEOUT = 60


@dataclass(frozen=True)
class RunningService:
    """A service that answers.

    Attributes:
        address: where; its pages open there in a browser.
    """

    address: str

    def ask(self, profile: Mapping[str, Any]) -> dict[str, Any]:
        """The answer for one patient."""
        return _ask(self.address, profile)

    def page(self, path: str) -> str:
        """The text at a path, as a browser would get it.

        Raises:
            NotReady: the service refused it.
        """
        try:
            with urllib.request.urlopen(self.address + path, timeout=TIMEOUT) as answer:  # noqa: S310
                content: bytes = answer.read()
        except HTTPError as error:
            raise NotReady(f"The page {path} answered {error.code}.") from error
        return content.decode()


@contextmanager
def running_service(policy: str, out: Path, models: Sequence[str] = ()) -> Iterator[RunningService]:
    """Pull a policy, serve it on a free port, and stop it at the end.

    Args:
        models: others whose versions its pages show.

    Raises:
        NotReady: the service did not start; its own words are in the message.
    """
    contacts = out / "contacts.yaml"
    contacts.write_text(CONTACTS, encoding="utf-8")
    # A line a request would bury what the demo says while somebody looks at its pages.
    environment = os.environ | {"EQUIPOISE_CONTACTS": str(contacts), "EQUIPOISE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "service"]
    for name in (policy, *models):
        subprocess.run([*command, "pull", name], check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    server = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "serve", "--local", "--policy", policy, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield RunningService(_address(server))
    finally:
        server.terminate()
        server.wait(TIMEOUT)


def _address(server: subprocess.Popen[str]) -> str:
    said = []
    for line in server.stdout or ():
        said.append(line)
        if found := re.search(r"http://\S+", line):
            return found.group().rstrip(".")
    raise NotReady(f"The service did not start. It said: {''.join(said) or 'nothing'}")


def _ask(address: str, profile: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - an address on this machine
        f"{address}/v1/recommendations",
        data=json.dumps(profile).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        content: dict[str, Any] = json.load(answer)
    return content
