"""`equipoise withdrawn`: the signed list of who is to be left out of the records that later policies learn from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from data_contracts.errors import BadUsage
from data_contracts.whole_file import write_whole
from data_contracts.withdrawn import PURPOSE, WithdrawnList
from service.console import tell
from service.storage.consents import listed_patients
from service.storage.store import Store
from service.whose import operator_for


def write_withdrawn(store: Store, out: Path, now: datetime, organisation: str | None = None) -> int:
    """Write the list as it stands now.

    Args:
        store: whose ledger is read.
        out: the file.
        now: UTC.
        organisation: whose patients alone; None for all. Another's identifiers may be the same words.

    Raises:
        BadUsage: the file cannot be written, or the database knows no such organisation.
    """
    with store.reading() as connection:
        if organisation is not None:
            operator_for(connection, organisation)
        patients = listed_patients(connection, organisation)
    ring = store.ring
    line = WithdrawnList(made_at=now.isoformat(), salt=ring.list_salt, patients=patients).model_dump_json().encode()
    try:
        write_whole(out, line + b"\n" + ring.sign(PURPOSE + line) + b"\n")
    except OSError as error:
        raise BadUsage(f"--out cannot be written ({error.strerror}). Name another file.") from None
    tell(f"Wrote {out}: {len(patients)} patients to be left out. For the lab: equipoise-lab study … --withdrawn {out}")
    return 0
