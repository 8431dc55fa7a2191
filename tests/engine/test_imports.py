"""What starting the engine drags in; what the service does is asked beside its command."""

from __future__ import annotations

import subprocess
import sys

BANNED = ("econml", "sklearn", "mlflow", "lightgbm", "shap", "scipy", "pandas", "fastapi", "sqlalchemy")


def test_starting_is_light() -> None:
    """The engine starts on numpy and the data contracts."""
    code = "import engine.recommend, sys; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in BANNED if name in loaded] == []
