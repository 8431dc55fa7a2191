"""Who moved which alias, and why: the signed records, each told whether it follows the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.alias_move import Alias, AliasMove, WrittenMove, in_order
from data_contracts.errors import Refused
from service.catalogue.shelf import RECORD_NAME, RECORDS, ModelNote, shelf
from service.trusted_keys import check_signature

SIGNATURE_END = ".signature"


def newest_moves(note: ModelNote, keys: Sequence[Ed25519PublicKey], most: int) -> tuple[WrittenMove, ...]:
    """The newest moves of a model's aliases, the newest first; no more files are opened than are asked for.

    Args:
        note: of the model.
        keys: that are believed.
        most: how many at most.
    """
    names = note.records[-most - 1 :]
    found = [one for name in names if (one := _record(note.name, name, keys))]
    told = in_order(found)
    return tuple(reversed(told[-most:]))


def last_move(note: ModelNote, alias: Alias, keys: Sequence[Ed25519PublicKey]) -> AliasMove | None:
    """The newest signed record of one alias."""
    for name in reversed(note.records):
        matched = RECORD_NAME.fullmatch(name)
        if matched and matched["alias"] == alias:
            found = _record(note.name, name, keys)
            return AliasMove.model_validate_json(found[0]) if found and found[1] else None
    return None


def moved_by_hand(note: ModelNote, keys: Sequence[Ed25519PublicKey]) -> tuple[Alias, ...]:
    """Aliases that stand elsewhere than the last signed record says."""
    stands = {"champion": note.champion, "challenger": note.challenger}
    last = {alias: last_move(note, alias, keys) for alias in get_args(Alias)}
    return tuple(alias for alias, move in last.items() if stands[alias] != (move.to_version if move else None))


def signed_record(model: str, name: str, keys: Sequence[Ed25519PublicKey]) -> tuple[AliasMove, bytes, bytes] | None:
    """A record on the shelf with its content and signature; None if it is gone, or no trusted key signed it."""
    found = _record(model, name, keys)
    if found is None or not found[1]:
        return None
    signature = (shelf(model) / RECORDS / name).with_suffix(SIGNATURE_END).read_bytes()
    return AliasMove.model_validate_json(found[0]), found[0], signature


def _record(model: str, name: str, keys: Sequence[Ed25519PublicKey]) -> tuple[bytes, bool] | None:
    """A record's content, and whether a trusted key signed it; None if it is gone from the shelf."""
    path = shelf(model) / RECORDS / name
    try:
        content, signature = path.read_bytes(), path.with_suffix(SIGNATURE_END).read_bytes()
        AliasMove.model_validate_json(content)
    except (OSError, ValueError):
        return None
    try:
        check_signature(content, signature, tuple(keys), name)
    except Refused:
        return content, False
    return content, True
