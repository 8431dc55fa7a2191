"""What starting the engine and the service drags in."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEARNING = ("econml", "sklearn", "mlflow", "lightgbm", "shap", "scipy")


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("engine.recommend", (*LEARNING, "pandas", "fastapi", "sqlalchemy")),
        ("service.app", LEARNING),
        ("service.serve", LEARNING),
    ],
)
def test_starting_is_light(module, banned):
    """The engine starts on numpy and the data contracts; the service without any learning library or mlflow."""
    code = f"import {module}, sys; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in banned if name in loaded] == []
