"""Run as a process: forks writers, which write answers without end and tell of each only once the store has it.

It imports once what they need. Arguments: database address, how many threads of each write. Each line of standard
input is answered by a line: to a file's name, the process id of a new writer, which tells of its answers in that file;
to a process id, once that writer has ended, by which signal.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from threading import Thread
from uuid import uuid4

from pydantic import SecretStr

from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.storage.answers import StoredRecommendation
from service.storage.database import open_database
from service.storage.keys import open_keys
from service.storage.store import Store


def write(store: Store, told: int) -> None:
    """Write for ever."""
    while True:
        now = datetime.now(UTC)
        content = os.urandom(200).hex().encode()
        item = StoredRecommendation(uuid4(), now, f"P-{now.microsecond % 5}", "c" * 64, "{}", content)
        store.add(item, Entry("recommendation", LOCAL_ACTOR, now))
        os.write(told, f"{item.id}\n".encode())


def work(address: str, threads: int, file: str) -> None:
    """Open the store and write by threads."""
    told = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    store = Store(open_database(SecretStr(address)), open_keys(os.environ, datetime.now(UTC)))
    writers = [Thread(target=write, args=(store, told)) for _ in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def start(file: str) -> int:
    """The process id of a new writer."""
    if pid := os.fork():
        return pid
    try:
        work(sys.argv[1], int(sys.argv[2]), file)
    finally:
        os._exit(1)


if __name__ == "__main__":
    for line in map(str.strip, sys.stdin):
        print(os.WTERMSIG(os.waitpid(int(line), 0)[1]) if line.isdigit() else start(line), flush=True)
