"""Crisis contacts: whom a deployment tells people to call when no ranking may be given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from data_contracts.errors import BadInput, Problem, Refused
from data_contracts.protocol_file import parse_document, read_yaml
from data_contracts.stripped import STRIPPED

VARIABLE = "EQUIPOISE_CONTACTS"
FORMAT = """\
- name: Crisis line
  phone: "+00 000 000"
  when: day and night
- name: Emergency services
  phone: "000"
  when: life is in danger"""


def _quoted(value: Any) -> Any:
    """Unquoted digits are a number to YAML, which drops leading zeros or reads them as octal."""
    if isinstance(value, int | float):
        raise ValueError("the phone number in quotes, so that no zero is lost")
    return value


def _dialled(text: str) -> str:
    if not any(character.isdigit() for character in text):
        raise ValueError("a number that can be dialled")
    return text


Line = Annotated[str, Field(min_length=1, max_length=200), STRIPPED]


class Contact(BaseModel):
    """One way to get help now.

    Attributes:
        name: who answers.
        phone: the number as it is dialled.
        when: at what times, or for what.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    phone: Annotated[Line, BeforeValidator(_quoted), AfterValidator(_dialled)]
    when: Line

    @property
    def dialled(self) -> str:
        """What a telephone dials; empty where the line is no plain number."""
        return re.sub(r"[^+\d]", "", self.phone) if re.fullmatch(r"\+?[\d ()./-]*\d", self.phone) else ""


class _Contacts(BaseModel):
    contacts: tuple[Contact, ...] = Field(min_length=1)


def read_contacts(path: Path | None) -> tuple[Contact, ...]:
    """The deployment's crisis contacts from a YAML file.

    Raises:
        Refused: no file is configured, or it is empty: a service that may refuse a patient has to say who helps.
        BadInput: the file is not a list of contacts.
    """
    if path is None:
        raise Refused(f"No crisis contacts. {_help()}")
    if not path.exists():
        raise BadInput([Problem(path.name, "a file of crisis contacts", "no such file", _help())])
    content = read_yaml(path)
    if not content:
        raise Refused(f"{path.name} holds no crisis contacts. {_help()}")
    return parse_document(_Contacts, {"contacts": content}, where=path.name).contacts


def _help() -> str:
    return f"Set {VARIABLE} to a YAML file of this form, with the contacts of your place:\n{FORMAT}"
