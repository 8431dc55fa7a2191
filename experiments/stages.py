"""Stages: what a study has finished is kept in its folder, so that an interrupted one goes on where it stopped.

A stage is a file, named by the hash of all that goes into it: the protocol, the records as they were read, the stage,
the source of this program and the libraries that compute. It holds patients' data as Python objects, so that it is
read back only if this lab's own key signed it, is for its owner alone, and is removed once a study is done or refused.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from data_contracts.whole_file import write_whole
from experiments.signing import Signer

FOLDER = "stages"
ROOMS = ("data_contracts", "estimators", "engine", "experiments")
SOURCE = (".py", ".yaml")
COUNT = ("duckdb", "ibis-framework", "pandas", "pyarrow")
COMPUTE = ("econml", "empyricalcalibration", "lightgbm", "numpy", "scikit-learn", "scipy")
LIBRARIES = (*COUNT, *COMPUTE)
"""Those that make the cohort, and those that compute."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Stages:
    """The finished stages of one study.

    Attributes:
        folder: where they lie.
        study: what tells this study on these records from every other.
        signer: signs what is kept, and knows what it signed.
        tell: called with a sentence where something is taken up again.
    """

    folder: Path
    study: str
    signer: Signer
    tell: Callable[[str], None]

    def run(self, name: str, make: Callable[[], Made]) -> Made:
        """The result of a stage: read where it was finished before, else made and kept.

        What is made is read back before it is used, so that an interrupted study has the same bits as any other.
        """
        path = self.folder / f"{name}-{self._key(name)}.stage"
        if (kept := self._read(path)) is not None:
            self.tell(f"{name}: finished before, taken up again")
            return _unpacked(kept)  # type: ignore[no-any-return]
        content = _packed(make())
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)  # whoever made it
        write_whole(path, self.signer.sign(content) + content, private=True)
        return _unpacked(content)  # type: ignore[no-any-return]

    def remove(self) -> None:
        """Remove every stage: they hold patients' data, and a study that is done or refused needs none."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # it holds other results
            self.folder.parent.rmdir()

    def _key(self, name: str) -> str:
        return hashlib.sha256("\n".join((name, self.study, program())).encode()).hexdigest()[:24]

    def _read(self, path: Path) -> bytes | None:
        """A stage's content; None if there is none, or if another hand than this lab's wrote it."""
        if not path.is_file():
            return None
        signature, _, content = path.read_bytes().partition(b"\n")
        if self.signer.signed(content, signature):
            return content
        self.tell(f"{path.name} was not written by this lab's key; it is made anew")
        return None


@cache
def program() -> str:
    """Hash of this program's source and data and of the libraries that compute: another program, other stages."""
    found = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    for room in ROOMS:
        top = Path(str(import_module(room).__file__)).parent
        for path in sorted(path for path in top.rglob("*") if path.suffix in SOURCE):
            found.update(str(path.relative_to(top)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


class _Pickler(pickle.Pickler):
    """Keeps a dataclass's fields alone: what it cached on the way is many times larger and made anew.

    Of a generic model (``Figure[float]``) it names the model and its arguments, since no module holds that class.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, BaseModel) and (kind := type(value).__pydantic_generic_metadata__)["args"]:
            return _filled, (kind["origin"], kind["args"], dict(value))
        if is_dataclass(value) and not isinstance(value, type):
            return _rebuilt, (type(value), {field.name: getattr(value, field.name) for field in fields(value)})
        return NotImplemented


def _filled(origin: Any, arguments: tuple[Any, ...], values: dict[str, Any]) -> Any:
    return origin[arguments](**values)


def _rebuilt(kind: type, values: dict[str, Any]) -> Any:
    made: Any = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _packed(value: object) -> bytes:
    written = io.BytesIO()
    _Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return written.getvalue()


def _unpacked(content: bytes) -> Any:
    return pickle.loads(content)  # noqa: S301 - made in this process, or signed by this lab's own key
