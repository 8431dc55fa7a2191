"""Reads the YAML that is part of this package."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's safe loader where it is built in: ten times faster, the same documents."""


def read_shipped(*path: str) -> Any:
    """The content of a YAML file that is part of this package, for example `("instruments", "phq9.yaml")`."""
    text = resources.files("data_contracts").joinpath(*path).read_text(encoding="utf-8")
    return yaml.load(text, _LOADER)  # noqa: S506 - a safe loader
