"""Run as a process: writes answers without end, and tells of each only once the store has acknowledged it.

Arguments: database address, how many threads write.
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


def write(store: Store) -> None:
    """Write for ever."""
    while True:
        now = datetime.now(UTC)
        content = os.urandom(200).hex().encode()
        item = StoredRecommendation(uuid4(), now, f"P-{now.microsecond % 5}", "c" * 64, "{}", content)
        store.add(item, Entry("recommendation", LOCAL_ACTOR, now))
        os.write(1, f"{item.id}\n".encode())


def main() -> None:
    """Open the store and write by threads."""
    store = Store(open_database(SecretStr(sys.argv[1])), open_keys(os.environ, datetime.now(UTC)))
    threads = [Thread(target=write, args=(store,)) for _ in range(int(sys.argv[2]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
