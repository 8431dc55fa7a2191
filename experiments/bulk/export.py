"""An export as HL7's Bulk Data Access has it: asked for, waited for, fetched file by file, and given back.

Source: HL7 Bulk Data Access 2.0, Export (kick-off, status, complete status, file requests, delete).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from pydantic import ValidationError

from data_contracts.errors import Unreachable
from experiments.bulk.export_state import ExportedFile, Manifest, State, write_state
from experiments.bulk.registration import secure_address
from experiments.bulk.wire import Answer, Wire

NDJSON = "application/fhir+ndjson"
GONE = frozenset({404, 410})
LONGEST_WAIT = 24 * 3600.0
"""Seconds that an export may take at the server."""


class Credential(Protocol):
    """What lets calls in."""

    def headers(self) -> dict[str, str]:
        """What a call carries."""

    def forget(self) -> None:
        """Take it for ended."""


class NoCredential:
    """Of a server that asks nobody."""

    def headers(self) -> dict[str, str]:
        """Nothing."""
        return {}

    def forget(self) -> None:
        """There is nothing to forget."""


@dataclass
class Export:
    """One export into a folder.

    Attributes:
        folder: where files come to lie.
        wire: what calls go over.
        credential: what lets them in.
        say: tells a person how far it is.
    """

    folder: Path
    wire: Wire
    credential: Credential
    say: Callable[[str], None]

    def run(self, state: State) -> State:
        """Bring an export to its end from where it is.

        Raises:
            Unreachable: the server refuses it, fails, or lost it; what is here stays.
        """
        if state.manifest is None:
            state = self._waited(state if state.status else self._asked(state))
        assert state.manifest is not None  # noqa: S101 - as it was waited for
        for number, file in enumerate((*state.manifest.output, *state.manifest.error)):
            name = _name(file, number, is_record=number < len(state.manifest.output))
            if name not in state.files:
                self._fetch(file, name, state)
                state = self._keep(state.model_copy(update={"files": (*state.files, name)}))
        return self.give_back(state)

    def give_back(self, state: State) -> State:
        """Tell the server that the export is no longer needed, so that it keeps no copy of the records."""
        if state.status is None:
            return state
        answer = self._call("DELETE", state.status)
        if answer.status not in (200, 202, 204, *GONE):
            self.say(f"The server did not take the export back ({answer.status}); it will keep its files for a while.")
        return self._keep(state.model_copy(update={"status": None}))

    def _keep(self, state: State) -> State:
        write_state(self.folder, state)
        return state

    def _asked(self, state: State) -> State:
        """Kick-off."""
        params = {"_type": ",".join(state.request.types), "_outputFormat": NDJSON}
        extra = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
        answer = self._call("GET", state.request.address, extra, params)
        if answer.status != 202 or "content-location" not in answer.headers:
            step = "Does this server export, and may this client?"
            raise Unreachable(f"The server did not begin an export: {answer.status}{_codes(answer)}. {step}")
        status = urljoin(f"{state.request.server}/", answer.headers["content-location"])
        self._check_place(status, state, with_token=True)
        self.say("The server has begun the export.")
        return self._keep(state.model_copy(update={"status": status}))

    def _waited(self, state: State) -> State:
        """Ask until it is done, as often as the server wants."""
        attempt, waited = 0, 0.0
        while (answer := self._call("GET", str(state.status), {"Accept": "application/json"})).status == 202:
            wait = self.wire.pause(answer, attempt)
            attempt, waited = attempt + 1, waited + wait
            if waited > LONGEST_WAIT:
                raise Unreachable("The export is not done after a day. Run the same command again to wait on.")
            self.wire.sleep(wait)
        if answer.status in GONE:
            self._keep(State(request=state.request))
            raise Unreachable("The server no longer knows of the export. Run the same command again to begin anew.")
        if answer.status != 200:
            self._keep(State(request=state.request))
            raise Unreachable(f"The export failed at the server: {answer.status}{_codes(answer)}. Ask who runs it.")
        try:
            manifest = Manifest.model_validate_json(answer.content)
        except ValidationError:
            raise Unreachable("The server's list of exported files is not of the form of Bulk Data Access.") from None
        self.say(f"{len(manifest.output)} files, as of {manifest.transactionTime[:40]}.")
        return self._keep(state.model_copy(update={"manifest": manifest}))

    def _fetch(self, file: ExportedFile, name: str, state: State) -> None:
        """Bring one file, whole or not at all."""
        assert state.manifest is not None  # noqa: S101 - the caller's
        with_token = state.manifest.requiresAccessToken
        address = urljoin(f"{state.request.server}/", file.url)
        self._check_place(address, state, with_token=with_token)
        draft = self.folder / f"{name}.part"
        for attempt in (1, 2):
            extra = {"Accept": NDJSON, **(self.credential.headers() if with_token else {})}
            with self.wire.stream(address, extra) as answer:
                if answer.status_code == 401 and attempt == 1:
                    self.credential.forget()
                    continue
                if answer.status_code != 200:
                    step = "Run the same command again; after an hour or so servers forget, then use an empty folder."
                    raise Unreachable(f"A file of {file.type} was not given: {answer.status_code}. {step}")
                lines = _written(draft, answer.iter_bytes())
                break
        if file.count is not None and lines != file.count:
            draft.unlink()
            told = f"{lines} lines of {file.type} came, and the server says {file.count}"
            raise Unreachable(f"{told}. Run the same command again.")
        draft.replace(self.folder / name)
        self.say(f"{name}: {lines} lines")

    def _call(
        self, method: str, address: str, extra: dict[str, str] | None = None, params: dict[str, str] | None = None
    ) -> Answer:
        """A call with the credential; once more with a new one if the server takes this one for ended."""
        answer = self.wire.send(method, address, headers={**(extra or {}), **self.credential.headers()}, params=params)
        if answer.status == 401:
            self.credential.forget()
            headers = {**(extra or {}), **self.credential.headers()}
            answer = self.wire.send(method, address, headers=headers, params=params)
        return answer

    def _check_place(self, address: str, state: State, *, with_token: bool) -> None:
        """A token goes to the server alone, and to where its operator's files are said to lie."""
        try:
            secure_address(address.partition("?")[0])
        except ValueError:
            raise Unreachable("The server names a file at an address without https. It is not asked.") from None
        known = [_origin(one) for one in (state.request.server, state.request.files_at) if one]
        if with_token and _origin(address) not in known:
            step = "If it is the server's own, name it: --files-at https://HOST."
            raise Unreachable(f"The server wants its token sent to another host, {urlsplit(address).hostname}. {step}")


def _written(draft: Path, chunks: object) -> int:
    """Write a file as it comes; its lines."""
    lines, last = 0, b"\n"
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        for chunk in chunks:  # type: ignore[attr-defined]
            file.write(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:] or last
        file.flush()
        os.fsync(file.fileno())
    return lines + (last != b"\n")


def _name(file: ExportedFile, number: int, *, is_record: bool) -> str:
    """Messages get an ending by which no study takes them for records."""
    return f"{file.type}.{number:04d}.ndjson" if is_record else f"messages.{number:04d}.outcomes"


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _codes(answer: Answer) -> str:
    """The codes of an OperationOutcome's issues; never its text, which may speak of somebody."""
    issues = answer.json().get("issue")
    codes = [str(one.get("code")) for one in issues if isinstance(one, dict)] if isinstance(issues, list) else []
    plain = sorted({code for code in codes if code.replace("-", "").isalpha() and len(code) < 30})
    return f" ({', '.join(plain)})" if plain else ""
