"""What the pages on models show: the models, one with its versions, and one version."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_contracts.alias_move import Alias, AliasMove, WrittenMove
from data_contracts.errors import EquipoiseError, NotFound
from data_contracts.gate import GateState
from service.catalogue.moves import last_move, moved_by_hand, newest_moves
from service.catalogue.shelf import ModelNote, VersionNote, known_models, read_note
from service.catalogue.study_version import StudyVersion, find_version
from service.pages.gate_picture import GatePicture, gate_picture, tally_of
from service.pages.promoting import Promoting, promoting
from service.trusted_keys import load_trusted_keys

SHOWN = 50
"""Rows a page: of models, of versions and of moves."""

Keys = Sequence[Ed25519PublicKey]


@dataclass(frozen=True)
class VersionRow:
    """One version in a list.

    Attributes:
        version: its number.
        found: the verified version; None where there is none.
        problem: why nothing of it is shown.
        aliases: that stand at it.
    """

    version: str
    found: StudyVersion | None
    problem: str
    aliases: tuple[Alias, ...]

    @property
    def tally(self) -> tuple[tuple[GateState, int], ...]:
        """Its gates by state."""
        return tally_of(self.found.manifest.gates) if self.found else ()


@dataclass(frozen=True)
class ModelRow:
    """One model in the list of all.

    Attributes:
        note: what the registry said of it.
        champion, challenger: the versions at which the aliases stand.
        promoted: the record by which the champion became it.
    """

    note: ModelNote
    champion: VersionRow | None
    challenger: VersionRow | None
    promoted: AliasMove | None


@dataclass(frozen=True)
class ModelView(ModelRow):
    """One model's page.

    Attributes:
        rows: a page of its versions, the newest first.
        moves: the newest of its aliases, the newest first.
        by_hand: aliases that stand where no signed record put them.
    """

    rows: tuple[VersionRow, ...]
    moves: tuple[WrittenMove, ...]
    by_hand: tuple[Alias, ...]


@dataclass(frozen=True)
class VersionView:
    """One version's page.

    Attributes:
        note: of its model.
        row: the version.
        found: the same, verified.
        picture: of its gates.
        promoting: how it is promoted.
    """

    note: ModelNote
    row: VersionRow
    found: StudyVersion
    picture: GatePicture
    promoting: Promoting


def model_rows(page: int) -> tuple[tuple[ModelRow, ...], bool]:
    """A page of the models that are known here, and whether there are more; of the others no file is opened."""
    names, first = known_models(), (page - 1) * SHOWN
    keys = load_trusted_keys() if names else ()
    rows = []
    for name in names[first : first + SHOWN]:
        with suppress(NotFound):  # a note that cannot be read is mended by the next pull
            rows.append(_row(read_note(name), keys))
    return tuple(rows), len(names) > first + SHOWN


def model_view(name: str, page: int) -> tuple[ModelView, bool]:
    """One model with a page of its versions, and whether there are more; of the others no file is opened.

    Raises:
        NotFound: no such model.
    """
    note, keys, first = read_note(name), load_trusted_keys(), (page - 1) * SHOWN
    row = _row(note, keys)
    shown = note.versions[first : first + SHOWN]
    view = ModelView(
        note=note,
        champion=row.champion,
        challenger=row.challenger,
        promoted=row.promoted,
        rows=tuple(version_row(note, one, keys) for one in shown),
        moves=newest_moves(note, keys, SHOWN),
        by_hand=moved_by_hand(note, keys),
    )
    return view, len(note.versions) > first + SHOWN


def version_view(name: str, version: str) -> VersionView:
    """One version of a model.

    Raises:
        NotFound: no such model or version.
        Refused: it does not verify.
    """
    note = read_note(name)
    told = next((one for one in note.versions if one.version == version), None)
    if told is None:
        raise NotFound(f"The registry has no such version of {name}. Look at the model's list.")
    found = find_version(name, version, load_trusted_keys())
    gates = found.manifest.gates
    row = VersionRow(version, found, told.problem, aliases_at(note, version))
    ready = promoting(name, version, gates, champion=note.champion == version)
    return VersionView(note, row, found, gate_picture(gates), ready)


def version_row(note: ModelNote, one: VersionNote, keys: Keys) -> VersionRow:
    """A version as a row; one that does not verify has its reason and nothing else."""
    found, problem = None, one.problem
    if not problem:
        try:
            found = find_version(note.name, one.version, keys)
        except EquipoiseError as error:
            problem = str(error)
    return VersionRow(one.version, found, problem, aliases_at(note, one.version))


def aliases_at(note: ModelNote, version: str) -> tuple[Alias, ...]:
    """The aliases that stand at a version."""
    stands: dict[Alias, str | None] = {"champion": note.champion, "challenger": note.challenger}
    return tuple(alias for alias, at in stands.items() if at == version)


def _row(note: ModelNote, keys: Keys) -> ModelRow:
    versions = {one.version: one for one in note.versions}
    champion, challenger = (
        version_row(note, versions[at], keys) if at in versions else None for at in (note.champion, note.challenger)
    )
    return ModelRow(note, champion, challenger, last_move(note, "champion", keys))
