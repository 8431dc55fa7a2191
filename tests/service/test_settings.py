"""Configuration: read once, complete or refused, its secrets hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.errors import BadInput, BadUsage, EquipoiseError, Refused
from service.contact import FORMAT, Contact, read_contacts
from service.settings import read_settings


def test_secret_is_hidden() -> None:
    """The database's password shows in no representation of the settings."""
    settings = read_settings({"EQUIPOISE_DATABASE_URL": "postgresql://equipoise:SECRET@host/db"})
    assert "SECRET" not in f"{settings} {settings!r}"
    assert settings.database_url.get_secret_value().endswith("SECRET@host/db")


def test_command_line_goes_first() -> None:
    """What is named on the command line wins over the environment, port 0 included."""
    environment = {"EQUIPOISE_HOST": "0.0.0.0", "EQUIPOISE_PORT": "9000", "EQUIPOISE_POLICY": "a"}  # noqa: S104
    settings = read_settings(environment, policy="b", port=0)
    assert (settings.policy, settings.host, settings.port) == ("b", "0.0.0.0", 0)  # noqa: S104
    assert read_settings({}).host == "127.0.0.1"


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8e3", "²"])
def test_bad_port(port: str) -> None:
    """A port that is none is bad usage."""
    with pytest.raises(BadUsage):
        read_settings({"EQUIPOISE_PORT": port})


def test_the_format_shown_is_valid(tmp_path: Path) -> None:
    """The format that a refusal shows can be copied as it is."""
    (tmp_path / "contacts.yaml").write_text(FORMAT)
    assert [contact.phone for contact in read_contacts(tmp_path / "contacts.yaml")] == ["+00 000 000", "000"]


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [
        ("+44 20 7946-0999", "+442079460999"),
        ("(030) 123/45", "03012345"),
        ("000", "000"),
        ("111, option 2", ""),
        ("ask for line 2", ""),
    ],
)
def test_what_a_telephone_dials(phone: str, dialled: str) -> None:
    """A plain number can be dialled from the page; words beside it are not made into another number."""
    assert Contact(name="Line", phone=phone, when="always").dialled == dialled


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", Refused),
        ("[]", Refused),
        ("- {name: Line, phone: 0123, when: always}", BadInput),
        ("- {name: Line, phone: '', when: always}", BadInput),
        ("- {name: Line, phone: ' ', when: always}", BadInput),
        ("- {name: ' ', phone: '1', when: always}", BadInput),
        ("- {name: Line, phone: to be filled in, when: always}", BadInput),
        ("- {name: Line}", BadInput),
        ("Line: 1", BadInput),
        ("- [", BadInput),
    ],
)
def test_bad_contacts(tmp_path: Path, content: str, error: type[EquipoiseError]) -> None:
    """Contacts that are missing or not of the form are told; an unquoted number would lose its zeros."""
    (tmp_path / "contacts.yaml").write_text(content)
    with pytest.raises(error):
        read_contacts(tmp_path / "contacts.yaml")


def test_a_file_of_contacts_that_is_not_there_is_shown(tmp_path: Path) -> None:
    """Who named a file and has not written it yet reads what belongs into it."""
    with pytest.raises(BadInput) as caught:
        read_contacts(tmp_path / "contacts.yaml")
    assert FORMAT in str(caught.value)


def test_no_contacts() -> None:
    """Without contacts the refusal names the variable and shows the format."""
    with pytest.raises(Refused, match=r"EQUIPOISE_CONTACTS[^$]*phone:"):
        read_contacts(None)
