"""The version of Equipoise that runs."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("equipoise")
