"""Changes the policy while serving: a new champion is verified, loaded and kept before the first answer by it.

Each request is answered by one policy from its first line to its last; requests that have begun end by the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from data_contracts.errors import EquipoiseError
from data_contracts.manifest import MANIFEST, sha256
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.console import tell, warn
from service.policy_folder import read_plain
from service.policy_source import find_policy
from service.served_policy import ServedPolicy, load_served
from service.storage.store import Store


class Champion:
    """The policy that is served, and a thread beside the service that looks for a newer one.

    Args:
        reference: DIR or NAME@champion; the registry is not asked, only the folder or the cache.
        served: the policy to begin with.
        store: where a policy is kept before it answers.
        seconds: between two looks.
        clock: the time in UTC.
    """

    def __init__(
        self, reference: str, served: ServedPolicy, store: Store, seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._reference, self._served, self._store = reference, served, store
        self._seconds, self._clock = seconds, clock
        self._refused = ""
        self._stop = Event()
        self._thread = Thread(target=self._run, name="champion", daemon=True)

    def __enter__(self) -> Champion:
        """Start looking."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def served(self) -> ServedPolicy:
        """The policy that answers now."""
        return self._served

    def refused(self) -> str:
        """Why the newest champion was not taken into use; empty if it was."""
        return self._refused

    def look(self) -> bool:
        """Take a newer champion into use if there is one; whether there was.

        One that does not verify, may not be served or cannot be kept changes nothing: the policy of before answers on.
        """
        try:
            if self._is_served():
                self._refused = ""
                return False
            newer = load_served(self._reference)
            self._store.keep_policy(
                newer.source.manifest_sha256, newer.documents, Entry("policy", OPERATOR, self._clock())
            )
        except EquipoiseError as error:
            self._tell(f"{error.title}. {error}")
            return False
        self._served, self._refused = newer, ""
        tell(f"Equipoise serves {newer.policy.manifest.name} anew: policy {newer.source.manifest_sha256[:8]}…")
        return True

    def _is_served(self) -> bool:
        """Whether what the reference names is the policy that is served, by one small file."""
        source = find_policy(self._reference)
        digest = source.manifest_sha256
        if digest is None:
            digest = sha256(read_plain(source.folder / MANIFEST))
        return digest == self._served.source.manifest_sha256

    def _tell(self, what: str) -> None:
        if what != self._refused:
            warn(f"WARNING: a new policy was not taken into use, the one of before answers on. {what}")
        self._refused = what

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()
