"""`equipoise-lab card`: the model card of a registered policy, from the registry alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from data_contracts.errors import BadUsage
from data_contracts.model_card import ModelCard
from data_contracts.whole_file import write_whole
from experiments.card.registered import card_from_registry, version_of
from experiments.card.registry_record import RegistryRecord
from experiments.card.render import as_html, as_markdown


def as_data(card: ModelCard, registry: RegistryRecord) -> str:
    """The policy's own card and the registry's record beside it, as JSON."""
    told = {**asdict(registry), "moves": [one.model_dump(mode="json") for one in registry.moves]}
    content = {"card": card.model_dump(mode="json"), "registry": told}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


FORMS: Mapping[str, Callable[[ModelCard, RegistryRecord], str]] = {
    ".html": as_html,
    ".md": as_markdown,
    ".json": as_data,
}


def card_text(name: str, version: str | None, out: Path | None, as_json: bool) -> str:
    """The card's text; with ``out`` it is written there, in the form that the file's name says.

    Raises:
        BadUsage: neither a version nor an alias is named, or the file's name says no form.
        NotFound: no such policy, version or alias.
        Refused: the card was changed after it was signed.
    """
    form = ".json" if as_json else out.suffix.lower() if out else ".md"
    if form not in FORMS or (out and out.suffix.lower() != form):
        raise BadUsage(f"--out names a file that ends in {', '.join(FORMS)}; --json goes with .json.")
    text = FORMS[form](*card_from_registry(*version_of(name, version)))
    if out:
        write_whole(out, text.encode())
    return text
