"""Run by the clients' own Python: fhir-mcp calls a service; it takes names and identifiers away before it sends."""

import asyncio
import json
import sys
from pathlib import Path

from fhir_mcp.cds_hooks.client import CdsHooksClient, _deid_prefetch

base, path, patient = sys.argv[1:]


async def call() -> None:
    """Call with the identifier that the client's own pseudonyms give, or as it is."""
    prefetch = json.loads(Path(path).read_text())
    hidden = (await _deid_prefetch(prefetch))["patient"]["id"] if patient == "hidden" else patient
    context = {"userId": "Practitioner/7", "patientId": hidden}
    answer = await CdsHooksClient(base).invoke("patient-view", context, prefetch, allow_live=True)
    print(json.dumps({"cards": answer.cards, "mock": answer.used_mock, "why": answer.fallback_reason}))


asyncio.run(call())
