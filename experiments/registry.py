"""The registry as a place: its file is made whole or not at all, and what it does not do is told in our words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from data_contracts.errors import Unreachable

SQLITE = "sqlite:///"

NEXT = (
    "If it is a server, see that it runs and that MLFLOW_TRACKING_URI names it; if it is a file, see that it can be "
    "written, or move it away and have a new one made. Then run the same command again: a study goes on where it "
    "stopped."
)


def make_whole(address: str, fill: Callable[[str], object]) -> None:
    """Make the SQLite file that an address names, if there is none; of any other address nothing is made.

    MLflow makes its tables in some forty steps. Killed between two of them it leaves a file that it can neither use
    nor mend, and every study after that would end there. So another file is filled, and gets the name once whole.

    Args:
        address: of the registry.
        fill: makes the tables at an address.
    """
    path = Path(address.removeprefix(SQLITE))
    if not address.startswith(SQLITE) or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        fill(f"{SQLITE}{draft}")
        with suppress(FileExistsError):  # another command has made it meanwhile
            os.link(draft, path)


@contextmanager
def answering(shown: str, refusal: type[Exception]) -> Iterator[None]:
    """Tell what a registry does not do as one error of ours.

    Args:
        shown: its address, without a password.
        refusal: the error of its client.

    Raises:
        Unreachable: it did not answer, refused, or its database cannot be used.
    """
    try:
        yield
    except (refusal, SQLAlchemyError) as error:
        what = getattr(error, "error_code", None) or type(error).__name__
        raise Unreachable(f"The registry {shown} did not do what was asked of it ({what}). {NEXT}") from error
