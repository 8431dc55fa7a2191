"""`equipoise-lab export`: records of a FHIR server's patients, as files that a study reads."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Mapping

import httpx
from pydantic import ValidationError

from data_contracts.errors import BadUsage
from experiments.bulk.access_token import AccessToken, unread
from experiments.bulk.export import Credential, Export, NoCredential
from experiments.bulk.export_state import STATE, TYPES, Request, State, read_state
from experiments.bulk.registration import read_registration
from experiments.bulk.wire import Wire

EXPECTED: Mapping[str, str] = {
    "server": "the FHIR server's base address with https (http on this machine alone)",
    "group": "--group: the id of a Group",
    "types": "--types: names of FHIR types with commas between them",
    "files_at": "--files-at: the origin of the server's files with https",
}


def export(options: Namespace, transport: httpx.BaseTransport | None = None) -> int:
    """Export into a folder, or with `--cancel` give an export that was begun back to the server.

    Raises:
        BadUsage, BadInput: the call, the folder or the client's files are not of their form.
        Unreachable: the server did not do it; the same command goes on where it was.
    """
    request = _request(options)
    state = read_state(options.out, request)
    if options.cancel and state.status is None:
        raise BadUsage(f"{options.out} holds no export that could be given back.")
    wire = Wire(time.sleep, time.time, transport)
    try:
        run = Export(options.out, wire, _credential(options, request, wire), _say)
        if options.cancel:
            run.give_back(state)
            (options.out / STATE).unlink()
            _say("Given back; the server keeps nothing of it.")
            return 0
        _tell(run.run(state), options)
    finally:
        wire.close()
    return 0


def _request(options: Namespace) -> Request:
    named = {"group": options.group, "files_at": options.files_at}
    types = tuple(one.strip() for one in options.types.split(",") if one.strip()) if options.types else TYPES
    try:
        return Request(server=options.server, types=types, **named)
    except ValidationError as error:
        wrong = dict.fromkeys(str(item["loc"][0]) for item in error.errors(include_input=False))
        raise BadUsage("Expected " + "; ".join(EXPECTED[one] for one in wrong) + ".") from None


def _credential(options: Namespace, request: Request, wire: Wire) -> Credential:
    if options.client is None:
        return NoCredential()
    registration, key = read_registration(options.client)
    if short := unread(request.types, registration.asked):
        step = "Name it there, or leave them out: --types."
        raise BadUsage(f"The scope in {options.client.name} does not reach all of {', '.join(short)}. {step}")
    return AccessToken(request.server, registration, key, wire, time.time, request.types)


def _tell(state: State, options: Namespace) -> None:
    assert state.manifest is not None  # noqa: S101 - it ran to its end
    if messages := len(state.manifest.error):
        _say(f"The server has something to say of what is not there: read {messages} files messages.*.outcomes.")
    _say(f"The records are in {options.out}: patients' records, so keep them as such. A study reads them:")
    _say(f"  equipoise-lab study protocol.yaml --data {options.out} --out study")


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
