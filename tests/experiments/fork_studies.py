"""Run as a process: imports what studies need once, and forks `equipoise-lab` as often as it is asked to.

What is forked shares no memory, can be killed, and has an environment, limits and output of its own. Each line of
standard input is a JSON object; each is answered by a line:

* ``words``, ``environment``, ``limit``, ``said``: start the command; its process id. ``limit`` is the most bytes that
  a file may have, 0 for no limit, as on a disk that is full; ``said`` is the file for its standard error.
* ``pid``, ``wait``: its exit code, or below 0 the signal that ended it; without ``wait`` null while it lives.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import Any

import mlflow  # noqa: F401 - imported once, for all that are forked

from experiments import study  # noqa: F401 - likewise
from experiments.__main__ import main


def start(asked: dict[str, Any]) -> int:
    """Fork the command; its process id here, and in the other process its end."""
    if pid := os.fork():
        return pid
    code = 70
    try:
        # As at a terminal, even where the tests themselves were started by what does not listen to Ctrl+C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(asked["environment"])
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        if asked["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["limit"], asked["limit"]))
        code = main(asked["words"])
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int, *, wait: bool) -> int | None:
    """How it ended; None while it lives."""
    found, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


if __name__ == "__main__":
    for line in sys.stdin:
        told = json.loads(line)
        answer = start(told) if "words" in told else ended(told["pid"], wait=told["wait"])
        print(json.dumps(answer), flush=True)
