"""What `patient-view` with a full prefetch costs beside `POST /v1/recommendations`, and whether a long run holds.

One service as a process of its own. First both calls in turns over one connection, for the same patients: the ratio
of their p50s. Then so many calls of patient-view, each by another user, so that each makes a card, while its memory
is looked at. Not part of the product; run it from the repository:

    python docs/scripts/patient_view_cost.py --policy clinic@champion --patients clinic/records.csv
    python docs/scripts/patient_view_cost.py … --calls 100000

It prints the figures as JSON. An answer other than 200 or 201, or a call without a card, is counted and told.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
from service_overhead import CONTACTS, running

VIEW, ANSWER = "/cds-services/equipoise-patient-view", "/v1/recommendations"
OWN, LOINC, RXNORM = "urn:equipoise:value", "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm"
HL7 = "http://terminology.hl7.org/CodeSystem"
TODAY = datetime.now(UTC).date()
SETTLED = 10_000
"""Calls after which memory should no longer grow."""


class Patient:
    """One patient of a table, as a profile and as a record system has the same.

    Args:
        number: of the patient.
        values: the policy's features.
    """

    def __init__(self, number: int, values: dict[str, Any]) -> None:
        self.name, self.values = f"P-{number}", values

    def profile(self) -> bytes:
        """The body of POST /v1/recommendations."""
        facts = {"phq9_item9": 0, "decision_support_consent": "yes", **dict.fromkeys(SCREENER, "no")}
        as_of = dict.fromkeys((*facts,), TODAY.isoformat())
        return json.dumps({"patient_id": self.name, "values": self.values | facts, "as_of": as_of}).encode()

    def hook(self, user: int) -> bytes:
        """The body of patient-view, with something under every key of the prefetch."""
        context = {"userId": f"Practitioner/{user}", "patientId": self.name}
        head = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
        return json.dumps({**head, "prefetch": self.prefetch()}).encode()

    def prefetch(self) -> dict[str, Any]:
        """What a record system would send."""
        answers = [{"linkId": "/44260-8", "answer": [{"valueInteger": 0}]}]
        sheet = {"resourceType": "QuestionnaireResponse", "status": "completed", "authored": TODAY.isoformat()}
        sheet |= {"subject": self._subject(), "item": [*answers, self._total("44261-6", "phq9_week0")]}
        year = TODAY.year - int(self.values.get("age") or 40)
        sex = {"f": "female", "m": "male"}.get(str(self.values.get("sex"))[:1], "unknown")
        patient = {"resourceType": "Patient", "id": self.name, "gender": sex, "birthDate": f"{year}-01-01"}
        told = [name for name in self.values if name not in ("age", "phq9_week0")]
        return {
            "patient": patient,
            "observations": _bundle(self._said(code, LOINC, False) for code in SCREENER_CODES),
            "questionnaires": _bundle([sheet]),
            "conditions": _bundle([self._condition("F32.1"), self._condition("F41.1")]),
            "medications": _bundle([self._medicine(code) for code in ("197361", "197591", "310965")]),
            "allergies": _bundle([self._allergy()]),
            "procedures": _bundle([self._procedure()]),
            "carePlans": _bundle([]),
            "consents": _bundle([self._consent()]),
            "values": _bundle(self._said(name, OWN, self.values[name]) for name in told),
        }

    def _subject(self) -> dict[str, str]:
        return {"reference": f"Patient/{self.name}"}

    def _total(self, code: str, feature: str) -> dict[str, Any]:
        return {"linkId": f"/{code}", "answer": [{"valueInteger": int(self.values.get(feature) or 12)}]}

    def _said(self, code: str, system: str, value: Any) -> dict[str, Any]:
        name = {bool: "valueBoolean", str: "valueString"}.get(type(value), "valueQuantity")
        kind = {"resourceType": "Observation", "status": "final", "subject": self._subject()}
        told = {"value": value} if name == "valueQuantity" else value
        return {**kind, "effectiveDateTime": TODAY.isoformat(), "code": _coded(system, code), name: told}

    def _condition(self, code: str) -> dict[str, Any]:
        statuses = {
            "clinicalStatus": _coded(f"{HL7}/condition-clinical", "active"),
            "verificationStatus": _coded(f"{HL7}/condition-ver-status", "confirmed"),
        }
        told = {"code": _coded("http://hl7.org/fhir/sid/icd-10", code), "recordedDate": TODAY.isoformat()}
        return {"resourceType": "Condition", "subject": self._subject(), **statuses, **told}

    def _medicine(self, code: str) -> dict[str, Any]:
        kind = {"resourceType": "MedicationRequest", "status": "stopped", "intent": "order"}
        told = {"medicationCodeableConcept": _coded(RXNORM, code), "authoredOn": f"{TODAY.year - 1}-01-01"}
        return {**kind, "subject": self._subject(), **told}

    def _allergy(self) -> dict[str, Any]:
        told = {"recordedDate": TODAY.isoformat(), "code": {"text": "Penicillin"}}
        return {"resourceType": "AllergyIntolerance", "patient": self._subject(), **told}

    def _procedure(self) -> dict[str, Any]:
        told = {"code": _coded("http://snomed.info/sct", "11429006"), "performedDateTime": TODAY.isoformat()}
        return {"resourceType": "Procedure", "status": "completed", "subject": self._subject(), **told}

    def _consent(self) -> dict[str, Any]:
        told = {"scope": _coded(f"{HL7}/consentscope", "treatment"), "provision": {"type": "permit"}}
        told |= {"category": [_coded("urn:equipoise:consent", "decision_support")], "dateTime": TODAY.isoformat()}
        return {"resourceType": "Consent", "status": "active", "patient": self._subject(), **told}


SCREENER = ("cssrs_q4", "cssrs_q5", "cssrs_q6_past_3_months")
SCREENER_CODES = ("93249-1", "93250-9", "93269-9")


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _bundle(resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def patients_of(table: Path, policy: str, n: int) -> list[Patient]:
    """Patients of a table."""
    import pandas as pd

    from service.served_policy import load_verified

    features = [feature.name for feature in load_verified(policy).policy.manifest.encoding.features]
    frame = pd.read_csv(table)[features].dropna().head(n)
    return [Patient(number, row) for number, row in enumerate(frame.astype(object).to_dict("records"))]


class Caller:
    """One connection to the service.

    Attributes:
        statuses: how often each status came.
        silent: answers of a hook without a card.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self.statuses: dict[int, int] = {}
        self.silent = 0

    def call(self, path: str, body: bytes) -> float:
        """Milliseconds of one call, from the first byte sent to the last byte read."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        start = time.perf_counter()
        self._socket.sendall(head.encode() + b"\r\n\r\n" + body)
        status, length = int(self._reader.readline().split()[1]), 0
        while (line := self._reader.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        answer = self._reader.read(length)
        taken = (time.perf_counter() - start) * 1e3
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.silent += path == VIEW and b'"suggestions"' not in answer
        return taken


def in_turns(port: int, patients: list[Patient], rounds: int) -> dict[str, float]:
    """The p50 of both calls, one after the other for the same patient, over one connection."""
    caller, times = Caller(port), dict[str, list[float]](view=[], answer=[])
    for number in range(rounds + 200):
        patient = patients[number % len(patients)]
        hook, profile = patient.hook(number), patient.profile()
        pair = {"answer": caller.call(ANSWER, profile), "view": caller.call(VIEW, hook)}
        if number >= 200:
            for name, taken in pair.items():
                times[name].append(taken)
    found = {f"{name}_p50_ms": round(statistics.median(one), 3) for name, one in times.items()}
    found |= {f"{name}_p99_ms": round(statistics.quantiles(one, n=100)[98], 3) for name, one in times.items()}
    found["ratio_p50"] = round(found["view_p50_ms"] / found["answer_p50_ms"], 3)
    return found | {"prefetch_bytes": len(patients[0].hook(1)), "not_ranked": caller.silent}


def long_run(port: int, pid: int, patients: list[Patient], calls: int, connections: int) -> dict[str, Any]:
    """So many calls over several connections, with the service's resident memory every thousand calls."""
    callers, done, sizes = [Caller(port) for _ in range(connections)], [0], list[tuple[int, float]]()
    process = psutil.Process(pid)

    def ask(mine: int) -> None:
        for number in range(mine, calls, connections):
            callers[mine].call(VIEW, patients[number % len(patients)].hook(10**6 + number))
            done[0] += 1
            if mine == 0 and number % 1000 < connections:
                sizes.append((number, process.memory_info().rss / 2**20))

    start, threads = time.perf_counter(), [Thread(target=ask, args=(mine,)) for mine in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    return {"calls": calls, "per_second": round(calls / seconds, 1), **_statuses(callers), **_memory(sizes)}


def _statuses(callers: list[Caller]) -> dict[str, Any]:
    told: dict[int, int] = {}
    for caller in callers:
        for status, count in caller.statuses.items():
            told[status] = told.get(status, 0) + count
    return {"statuses": told, "without_ranking": sum(caller.silent for caller in callers)}


def _memory(sizes: list[tuple[int, float]]) -> dict[str, Any]:
    """Resident memory after the first calls and at the end, and its slope between by least squares."""
    late = [(number, size) for number, size in sizes if number >= SETTLED]
    if len(late) < 3:
        return {"rss_mb": [round(size, 1) for _, size in sizes]}
    numbers, held = zip(*late, strict=True)
    slope, _ = statistics.linear_regression(numbers, held)
    return {
        "rss_start_mb": round(sizes[0][1], 1),
        "rss_after_10000_mb": round(held[0], 1),
        "rss_end_mb": round(held[-1], 1),
        "rss_most_mb": round(max(held), 1),
        "rss_slope_mb_per_10000": round(slope * 10_000, 3),
    }


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--patients", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    patients = patients_of(options.patients, options.policy, 500)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "contacts.yaml").write_text(CONTACTS)
        environment = os.environ | {
            "EQUIPOISE_CONTACTS": f"{folder}/contacts.yaml",
            "EQUIPOISE_DATABASE_URL": f"sqlite:///{folder}/service.db",
            "EQUIPOISE_AUDIT_ROOTS": f"{folder}/roots",
        }
        command = [sys.executable, "-m", "service", "serve", "--local", "--policy", options.policy, "--port", "0"]
        with running(command, environment) as (port, pid):
            told: dict[str, Any] = in_turns(port, patients, options.rounds)
            print(json.dumps(told), file=sys.stderr, flush=True)
            told |= long_run(port, pid, patients, options.calls, options.connections)
            print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
