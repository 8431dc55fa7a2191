"""Reads a protocol file and tells every problem in it at once."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from data_contracts.errors import BadInput, Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_block import NAME_PATTERN

Document = TypeVar("Document", bound=BaseModel)


class _OnceLoader(yaml.SafeLoader):
    """The safe loader, which besides refuses a key that is given twice: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping after a look at its keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(problem="a key twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_protocol(path: Path) -> StudyProtocol:
    """Read a study protocol from a YAML file.

    Raises:
        BadInput: the file is missing, is not YAML, or breaks the protocol's schema; all problems listed.
    """
    return parse_document(StudyProtocol, read_yaml(path), where=path.name)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, read with the safe loader.

    Raises:
        BadInput: the file is missing, not UTF-8 or not YAML.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        found = f"no readable file ({error.strerror})"
        raise BadInput([Problem(str(path), "a YAML file", found, "Check the path.")]) from error
    except UnicodeDecodeError as error:
        step = "Save the file as UTF-8."
        raise BadInput([Problem(str(path), "UTF-8 text", f"another encoding at byte {error.start}", step)]) from error


def parse_yaml(text: str, where: str) -> Any:
    """The content of YAML text, read with the safe loader.

    Raises:
        BadInput: it is not YAML; ``where`` names it.
    """
    try:
        return yaml.load(text, _OnceLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = "a key given twice" if isinstance(error, yaml.constructor.ConstructorError) else "a syntax error"
        found = f"{what} in line {mark.line + 1}" if mark else what
        raise BadInput([Problem(where, "YAML", found, "Mend that line.")]) from error


def parse_document(model: type[Document], content: Any, where: str) -> Document:
    """Check a document against its schema.

    Raises:
        BadInput: one problem for each place that breaks the schema.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise BadInput([_problem(model, item, where) for item in error.errors()]) from error


def _problem(model: type[BaseModel], item: Any, where: str) -> Problem:
    key = ".".join(str(part) for part in item["loc"]) or "the document"
    if item["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, item["loc"][:-1]))
        near = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
        return Problem(f"{where}, {key}", "a known key", "an unknown one", step)
    if item["type"] == "missing":
        return Problem(f"{where}, {key}", "a value", "none", "Add the key.")
    if item.get("ctx", {}).get("pattern") == NAME_PATTERN:
        expected = "a name of small letters, digits, _, . and -, a letter or digit first, at most 80"
        as_written = " arms.written says how the records write it." if item["loc"][0] == "arms" else ""
        return Problem(f"{where}, {key}", expected, "something else", f"Correct the name.{as_written}")
    message = str(item["msg"]).removeprefix("Value error, ")
    return Problem(f"{where}, {key}", message[0].lower() + message[1:], "something else", "Correct the key.")


def _fields_at(model: type[BaseModel], location: tuple[Any, ...]) -> set[str]:
    """Names of the fields of the block that a location in the document points to."""
    block: Any = model
    for part in location:
        if isinstance(part, int):  # an element of tuple[Block, ...]
            block = next(iter(get_args(block)), None)
        elif get_origin(block) is dict:  # a value of dict[str, Block]
            block = get_args(block)[1]
        else:
            field = getattr(block, "model_fields", {}).get(part)
            block = field.annotation if field else None
            block = next(iter(get_args(block))) if type(None) in get_args(block) else block  # Block | None
    return set(getattr(block, "model_fields", {}))
