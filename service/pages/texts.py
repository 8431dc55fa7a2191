"""The texts of the pages: all of them in two files, each under a key.

`en.yaml` may be translated by whatever means. `safety.en.yaml` holds what a patient's safety hangs on: a person who
knows the field translates it, never a machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from types import MappingProxyType

import yaml
from babel import Locale

LANGUAGE = "en"
PSEUDO = "en-XA"
"""The usual name of the language that nobody speaks: English with accents, longer, in brackets. It shows texts that
stand anywhere but in the files."""

_ACCENTED = str.maketrans("aceiounyACEIOUNY", "àçéîöûñýÀÇÉÎÖÛÑÝ")
_LONGER = " ~~"


@dataclass(frozen=True)
class Texts:
    """The texts of one language.

    Attributes:
        language: its tag, for the page's `lang`.
        plain, safety: texts by key; a key stands in one of them.
    """

    language: str
    plain: Mapping[str, str]
    safety: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its places filled in.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        return (self.plain[key] if key in self.plain else self.safety[key]).format(**values)

    def many(self, key: str, count: float, **values: object) -> str:
        """The text of a key that has a form for each plural of the language, by the names that CLDR has for them.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        return self(f"{key}.{Locale.parse(LANGUAGE).plural_form(count)}", **values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.plain or key in self.safety


@cache
def texts_in(language: str) -> Texts:
    """The texts of a language that is spoken here."""
    plain, safety = _read(f"{LANGUAGE}.yaml"), _read(f"safety.{LANGUAGE}.yaml")
    if language == PSEUDO:
        plain = MappingProxyType({key: pseudo(text) for key, text in plain.items()})
    return Texts(language, plain, safety)


def language_for(accepted: str) -> str:
    """The language of the page for an `Accept-Language` header: the first that is spoken here, else English."""
    wanted = [part.partition(";")[0].strip().casefold() for part in accepted.split(",")]
    return PSEUDO if PSEUDO.casefold() in wanted else LANGUAGE


def pseudo(text: str) -> str:
    """A text with accents, longer and in brackets; its places stay."""
    parts = []
    for literal, name, form, _ in Formatter().parse(text):
        parts.append(literal.translate(_ACCENTED))
        if name is not None:
            parts.append("{" + name + (f":{form}" if form else "") + "}")
    return f"[{''.join(parts)}{_LONGER}]"


def _read(name: str) -> Mapping[str, str]:
    content = yaml.safe_load((files("service.pages") / "texts" / name).read_text(encoding="utf-8"))
    return MappingProxyType(dict(_flat(content, "")))


def _flat(content: Mapping[str, object], above: str) -> list[tuple[str, str]]:
    found = []
    for key, held in content.items():
        if isinstance(held, Mapping):
            found += _flat(held, f"{above}{key}.")
        else:
            found.append((f"{above}{key}", str(held)))
    return found
