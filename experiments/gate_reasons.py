"""Gates and marks as they are told outside: what came, and why it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_contracts.gate import Gate
from data_contracts.gate_book import load_gates
from data_contracts.protocol import StudyProtocol


def gates_told(gates: Sequence[Gate]) -> list[dict[str, Any]]:
    """Each gate with what it asks in words, why, and which marks it is judged by.

    Raises:
        KeyError: a gate without an entry in `gates.yaml`.
    """
    book = load_gates()
    return [
        {
            **gate.model_dump(mode="json"),
            "asks": book.gates[gate.name].asks,
            "why": book.gates[gate.name].why,
            "marks": list(book.marks_of(gate.name)),
        }
        for gate in gates
    ]


def marks_told(protocol: StudyProtocol) -> list[dict[str, Any]]:
    """Each mark as it is in force in this study, beside the shipped one, with its reason and source."""
    in_force = protocol.gates.model_dump(mode="json")
    return [
        {**entry.model_dump(mode="json"), "name": name, "value": in_force[name], "shipped": entry.value}
        for name, entry in load_gates().marks.items()
    ]
