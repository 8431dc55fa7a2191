"""The patients who withdrew, as a service signed the list: they are left out before anything is learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from data_contracts.effects import BoolArray
from data_contracts.episode import LeftOut
from data_contracts.errors import BadInput, Problem, Refused
from data_contracts.manifest import sha256
from data_contracts.places import trusted_services
from data_contracts.row_numbers import FIRST_ROW
from data_contracts.tables import Table
from data_contracts.withdrawn import PURPOSE, WithdrawnList, listed_as
from experiments.signing import signed_by_trusted

WHAT = "patients who withdrew, by the signed list"


@dataclass(frozen=True)
class WithdrawnPatients:
    """A list whose signature holds.

    Attributes:
        salt: what identifiers are hashed with.
        patients: the hashes.
        sha256: of the file; the manifest names it.
    """

    salt: str
    patients: frozenset[str]
    sha256: str

    def among(self, identifiers: Iterable[object]) -> BoolArray:
        """Which of these are listed, as a mask; each patient may come more than once."""
        found: dict[object, bool] = {}
        for one in identifiers:
            if one not in found:
                found[one] = one is not None and listed_as(self.salt, str(one)) in self.patients
        return np.array([found[one] for one in identifiers], dtype=np.bool_)

    def left_out(self, table: Table, column: str) -> tuple[Table, tuple[LeftOut, ...]]:
        """A table of episodes without them, its rows still told by their numbers in the file, and how many they were.

        Raises:
            BadInput: nobody is left.
        """
        if column not in table.columns:  # the table's own check tells so
            return table, ()
        listed = self.among(table.columns[column].tolist())
        if not listed.any():
            return table, ()
        if listed.all():
            step = "Check that the list and the table belong together."
            raise BadInput([Problem(table.source, "patients who did not withdraw", "none", step)])
        numbers = table.rows.numbers
        numbers = np.arange(FIRST_ROW, table.n + FIRST_ROW) if numbers is None else numbers
        kept = {name: values[~listed] for name, values in table.columns.items()}
        rows = replace(table.rows, numbers=numbers[~listed])
        gone = LeftOut(WHAT, len(set(table.columns[column][listed].tolist())))
        return replace(table, columns=kept, rows=rows), (gone,)


def read_withdrawn(path: Path) -> WithdrawnPatients:
    """Read and verify a list.

    Raises:
        BadInput: there is no such file, or it is no list.
        Refused: it is not signed by a service that is believed here.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        found, step = f"nothing ({error.strerror})", "Make one: equipoise withdrawn --out FILE"
        raise BadInput([Problem(str(path), "the signed list of who withdrew", found, step)]) from None
    line, _, signature = content.rstrip(b"\n").partition(b"\n")
    if not signed_by_trusted(PURPOSE + line, signature, trusted_services()):
        step = f"Put the public key of the service that made it into {trusted_services()} (equipoise keys show)."
        raise Refused(f"{path.name} is not signed by a service that is believed here, or was changed. {step}")
    try:
        listed = WithdrawnList.model_validate_json(line)
    except ValidationError:
        step = "Use the version of Equipoise that made it."
        raise BadInput([Problem(str(path), "a list of this version's form", "another", step)]) from None
    return WithdrawnPatients(listed.salt, frozenset(listed.patients), sha256(content))
