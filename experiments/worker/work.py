"""`equipoise-lab worker`: takes studies from a service, one after another, and brings back what came of them."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from data_contracts.errors import EquipoiseError, NotAuthenticated, NotReady, WrongState
from data_contracts.study_request import StudyRequest
from experiments.report.write import HTML
from experiments.worker.service_door import ServiceDoor
from experiments.worker.study_process import StudyProcess

LOOK_SECONDS, TELL_SECONDS = 5.0, 2.0
TRIES = 30
"""How often the end of a study is told before the worker gives up, and leaves it to be taken up again."""

LATER = (NotReady, NotAuthenticated)
"""What passes by itself: a service that is away, and a token that has ended until its file holds the next."""

RESULTS = (0, 4)
"""Exit codes of a study that wrote a report."""


def work(door: ServiceDoor, folder: Path, more: Sequence[str] = (), *, once: bool = False) -> int:
    """Do what waits, then look again every few seconds until interrupted.

    Args:
        door: the service.
        folder: where studies are done, one folder a request; what was stopped goes on there.
        more: further arguments of each study.
        once: end when nothing waits.

    Raises:
        NotReady, NotAuthenticated: the service cannot be asked; only at the first asking, later it is asked again.
        Refused: it does not let this worker.
    """
    done, asked = 0, False
    while True:
        try:
            request = door.claim()
            asked = True
            if request is not None:
                done += do(door, request, folder, more)
                continue
            if once:
                _say(f"Nothing waits; {done} done.")
                return 0
        except LATER as error:
            if not asked:
                raise
            _say(f"{error} Asking again.")
        time.sleep(LOOK_SECONDS)


def do(door: ServiceDoor, request: StudyRequest, folder: Path, more: Sequence[str] = ()) -> bool:
    """Do one study; whether it came to its end. Its records are removed from this machine once it is done."""
    here = folder / request.id
    here.mkdir(parents=True, exist_ok=True, mode=0o700)
    _say(f"{request.name} ({request.id}), asked for by {request.asked_by}.")
    try:
        protocol = _written(here / "protocol.yaml", door.file(request, "protocol"))
        table = _written(here / (request.table or "records.csv"), door.file(request, "table"))
        process = StudyProcess(protocol, table, here / "study", more)
        code = _watched(door, request, process)
        report = (here / "study" / HTML).read_bytes() if code in RESULTS else None
        _tell_end(door, request, code, process, report)
    except WrongState as error:
        _say(f"Left: {error}")
        return False
    if code in RESULTS:
        shutil.rmtree(here)
    _say(f"Ended with {code}.")
    return code in RESULTS


def _watched(door: ServiceDoor, request: StudyRequest, process: StudyProcess) -> int:
    """The exit code of a study, which is stopped when a person wants it, or when it is another worker's by now."""
    while (code := process.wait(TELL_SECONDS)) is None:
        try:
            if door.tell(request, process.step, process.share):
                return process.stop()
        except LATER as error:
            _say(f"{error} The study goes on.")
        except BaseException:
            process.stop()
            raise
    return code


def _tell_end(
    door: ServiceDoor, request: StudyRequest, code: int, process: StudyProcess, report: bytes | None
) -> None:
    """Bring the report, if there is one, and tell the end."""
    for left in reversed(range(TRIES)):
        try:
            if report is not None:
                door.send_report(request, report)
            door.end(request, code, process.message[-8000:], process.version)
            return
        except LATER as error:
            if not left:
                raise
            _say(f"{error} Telling it again.")
            time.sleep(LOOK_SECONDS)


def _written(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def _say(text: str | EquipoiseError) -> None:
    print(f"worker: {text}", file=sys.stderr, flush=True)
