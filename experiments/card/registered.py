"""The model card as the registry alone tells it: the policy's card, checked against its manifest and its run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import ValidationError

from data_contracts.alias_move import Alias
from data_contracts.errors import BadInput, BadUsage, NotFound, Problem, Refused
from data_contracts.manifest import MODEL_CARD, PolicyManifest, sha256
from data_contracts.model_card import CARD_FORMAT, ModelCard
from experiments.card.registry_record import RegistryRecord
from experiments.registered import RegisteredRun
from experiments.run_record import tracked_name
from experiments.signing import signed_by_trusted
from experiments.tracking import alias_moves, alias_version, registered_run


def version_of(name: str, version: str | None) -> tuple[str, str]:
    """Name and version that ``NAME VERSION`` or ``NAME@ALIAS`` mean.

    Raises:
        BadUsage: it is neither.
        NotFound: the alias stands nowhere.
    """
    model, at, alias = name.partition("@")
    if bool(at) == bool(version):
        raise BadUsage("Name a policy and its version (clinic 3), or an alias (clinic@champion).")
    if version:
        return model, version
    if alias not in get_args(Alias):
        raise BadUsage(f"An alias is one of {', '.join(get_args(Alias))}.")
    found = alias_version(model, "champion" if alias == "champion" else "challenger")
    if found is None:
        raise NotFound(f"No version of {model} is {alias}. `equipoise-lab promotions {model}` lists every move.")
    return model, found


def card_from_registry(name: str, version: str) -> tuple[ModelCard, RegistryRecord]:
    """The card of a registered policy, with what the registry says beside it.

    Raises:
        NotFound: no such policy or version.
        BadInput: the card is of another form than this program writes.
        Refused: the card is not the one that the policy's manifest names.
    """
    run = registered_run(name, version)
    manifest = PolicyManifest.model_validate_json(run.manifest)
    if manifest.files.get(MODEL_CARD) != sha256(run.card):
        raise Refused(f"The model card of {name} version {version} was changed after its policy was signed.")
    card = _read(run)
    moves = tuple(one for one in alias_moves(name) if version in (one.move.from_version, one.move.to_version))
    return card, RegistryRecord(
        name=name,
        version=version,
        run_id=run.run_id,
        uri=run.uri,
        aliases=run.aliases,
        moves=moves,
        manifest_sha256=sha256(run.manifest),
        versions={key.removeprefix("version."): run.parameters[key] for key in sorted(run.parameters)
                  if key.startswith("version.")},
        doubts=tuple(_doubts(card, run)),
    )  # fmt: skip


def _read(run: RegisteredRun) -> ModelCard:
    try:
        return ModelCard.model_validate_json(run.card)
    except ValidationError as error:
        where = f"model card of {run.name} version {run.version}"
        found = f"another form, in {error.error_count()} places"
        step = "Another version of this program wrote it: run the study again, or read the card with that version."
        raise BadInput([Problem(where, f"a card of the form {CARD_FORMAT}", found, step)]) from error


def _doubts(card: ModelCard, run: RegisteredRun) -> Iterator[str]:
    """Where signature, tags and metrics do not agree with the card."""
    if not signed_by_trusted(run.manifest, run.signature):
        yield "the policy is not signed by a key that this machine trusts"
    for name, wanted in (("study_id", card.study_id), ("data_fingerprint", card.data_fingerprint)):
        if run.tags.get(name) != wanted:
            yield f"the run's tag {name} is not the card's"
    for gate in card.gates:
        for end, value in (("", gate.value), (".lower", gate.lower), (".upper", gate.upper)):
            name = tracked_name(f"gate.{gate.name}{end}")
            if value != run.metrics.get(name):
                yield f"the run's metric {name} is {run.metrics.get(name)}, on the card {value}"
