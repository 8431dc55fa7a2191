"""Where keys, caches and databases live on this machine; both doors must agree on it."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Equipoise's own folder: EQUIPOISE_HOME, or ~/.equipoise."""
    return Path(os.environ.get("EQUIPOISE_HOME") or Path.home() / ".equipoise")


def trusted_keys() -> Path:
    """Folder of the Ed25519 public keys (PEM) that are believed: EQUIPOISE_TRUSTED_KEYS, or one in home."""
    return Path(os.environ.get("EQUIPOISE_TRUSTED_KEYS") or home() / "trusted")


def trusted_services() -> Path:
    """Folder of the public keys (PEM) of services that are believed: EQUIPOISE_TRUSTED_SERVICES, or one in home.

    They stand apart from the labs' keys: a service signs lists and roots, and can make no policy believed.
    """
    return Path(os.environ.get("EQUIPOISE_TRUSTED_SERVICES") or home() / "trusted-services")


def registry() -> str:
    """Address of the MLflow tracking server and registry: MLFLOW_TRACKING_URI, or a SQLite file in home."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"
