"""In what form a CSV file is written: its encoding, what parts its columns, and its decimal mark.

Told from the whole file, and only where one form fits; where two would, the file is refused and not guessed at.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_contracts.errors import BadInput, Problem, rows_text

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
UTF_8, UTF_16, WINDOWS = "utf-8-sig", "utf-16", "cp1252"
NAMES = {UTF_16: "UTF-16", WINDOWS: "Windows-1252"}
ALIKE = frozenset("ÁÂÄÇÉËÍÎÓÔÖÚÜÝßáâäçéëíîóôöúüý".encode(WINDOWS))
"""Bytes that are the same letter in Windows-1252 and -1250 and in ISO 8859-1, -2 and -15: which of them it is, is
nowhere told, and makes no difference."""

NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "Parquet under another ending",
    b"\x1f\x8b": "a compressed file",
}
"""What a file begins with that is no text."""

FROM_EXCEL = (
    "Save the sheet as 'CSV UTF-8', in Excel or by: soffice --headless --convert-to "
    "'csv:Text - txt - csv (StarCalc):44,34,76' {name}"
)
STEPS = {
    "an Excel workbook": FROM_EXCEL,
    "Parquet under another ending": "Name it .parquet.",
    "a compressed file": "Unpack it.",
}
NUMBER = re.compile(r"\s*[+-]?\d*([.,])(\d+)\s*")
UNCLOSED = "quotes that do not close"
THOUSAND = 3
"""Digits behind a mark that may part thousands as well."""


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written.

    Attributes:
        encoding: as Python names it.
        separator: between columns.
        decimal: what stands between a number's whole part and its fraction.
    """

    encoding: str = UTF_8
    separator: str = ","
    decimal: str = "."

    @property
    def told(self) -> str:
        """What is not as in a plain file of UTF-8, commas and decimal points; empty where all is."""
        parts = [NAMES[self.encoding]] if self.encoding in NAMES else []
        parts += [f"columns parted by {SEPARATORS[self.separator]}"] if self.separator != "," else []
        parts += ["decimal commas"] if self.decimal == "," else []
        return ", ".join(parts)


def csv_form(path: Path) -> CsvForm:
    """Tell a file's form, having read all of it.

    A comma between columns leaves the decimal mark a point.

    Raises:
        BadInput: no text, more forms than one fit it, or none does: no header, a name twice, rows of other lengths.
    """
    encoding = _encoding(path)
    separator = _separator(path, encoding)
    return CsvForm(encoding, separator, "." if separator == "," else _decimal(path, encoding, separator))


def _encoding(path: Path) -> str:
    """UTF-8, UTF-16 that says so, or letters that are the same in every encoding of western and central Europe."""
    with path.open("rb") as file:
        start = file.read(4)
    for magic, what in NO_TEXT.items():
        if start.startswith(magic):
            raise BadInput([Problem(path.name, "a table as text", what, STEPS[what].format(name=path.name))])
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if not _decodes(path, UTF_16):
            raise BadInput([_wrong_encoding(path, "UTF-16")])
        return UTF_16
    if _decodes(path, "utf-8"):
        return UTF_8
    foreign = set(path.read_bytes()) - {*range(1, 128)}
    if 0 in foreign:
        raise BadInput([_wrong_encoding(path, "UTF-16LE")])
    if foreign - ALIKE:
        raise BadInput([_wrong_encoding(path, "WINDOWS-1252")])
    return WINDOWS


def _decodes(path: Path, encoding: str) -> bool:
    """Whether all of a file is text of an encoding, without a zero among its characters."""
    try:
        with path.open(encoding=encoding, newline="") as lines:
            return not any("\0" in chunk for chunk in iter(lambda: lines.read(1 << 20), ""))
    except UnicodeDecodeError:
        return False


def _separator(path: Path, encoding: str) -> str:
    """The one that parts every row into as many cells as the header has."""
    try:
        headers = {mark: next(_rows(path, encoding, mark), []) for mark in SEPARATORS}
    except csv.Error as error:
        raise BadInput([ragged(path, UNCLOSED)]) from error
    likely = [mark for mark, header in headers.items() if len(header) > 1] or [","]
    faults = {mark: _faults(path, encoding, mark) for mark in likely}
    fitting = [mark for mark, found in faults.items() if not found]
    if not fitting:
        raise BadInput([faults[max(likely, key=lambda mark: (mark == ",", len(headers[mark])))][0]])
    if len(fitting) > 1:
        found = f"rows that fit {' and '.join(SEPARATORS[mark] for mark in fitting)}"
        step = "Write it with commas, and with quotes around cells that hold one of these."
        raise BadInput([Problem(path.name, "columns parted in one way", found, step)])
    return fitting[0]


def _faults(path: Path, encoding: str, separator: str) -> list[Problem]:
    """Why a separator does not fit; nothing if it does."""
    try:
        rows = _rows(path, encoding, separator)
        header = [name.strip() for name in next(rows, [])]
        if problem := _header_fault(path, header):
            return [problem]
        widths = [len(row) for row in rows]
    except csv.Error:
        return [ragged(path, UNCLOSED)]
    while widths and not widths[-1]:
        widths.pop()
    if uneven := [row + 2 for row, width in enumerate(widths) if width != len(header)]:
        return [ragged(path, f"no cells, or another number of them, in {rows_text(uneven)}")]
    return []


def _header_fault(path: Path, header: Sequence[str]) -> Problem | None:
    if not any(header):
        return Problem(path.name, "a header and rows", "nothing in its first line", "Check how it was exported.")
    if twice := sorted(name for name, count in Counter(filter(None, header)).items() if count > 1):
        found = f"a name used more than once: {', '.join(twice)}"
        return Problem(path.name, "each column name once", found, "Rename or drop the copies.")
    return None


def _decimal(path: Path, encoding: str, separator: str) -> str:
    """The mark of all fractions; a point if there are none."""
    rows = _rows(path, encoding, separator)
    header = next(rows)
    columns: dict[str, set[str]] = {".": set(), ",": set()}
    lengths = set()
    for row in rows:
        for name, cell in zip(header, row, strict=False):
            if ("," in cell or "." in cell) and (number := NUMBER.fullmatch(cell)):
                columns[number[1]].add(name.strip())
                lengths |= {len(number[2])} if number[1] == "," else set()
    commas, points = (", ".join(sorted(columns[mark])) for mark in (",", "."))
    if commas and points:
        found = f"commas in {commas} and points in {points}"
        raise BadInput([Problem(path.name, "one decimal mark in all columns", found, "Write all with a point.")])
    if lengths == {THOUSAND}:
        step = "Write numbers without marks between thousands, and fractions with a point."
        found = f"commas before three digits alone in {commas}: thousands, or fractions"
        raise BadInput([Problem(path.name, "a decimal mark that can be told", found, step)])
    return "," if commas else "."


def _rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, newline="") as lines:
        yield from csv.reader(lines, delimiter=separator)


def ragged(path: Path, found: str) -> Problem:
    """Rows that do not stand under their header."""
    expected = "a row under every header cell, and no blank rows between"
    return Problem(path.name, expected, found, "Check quotes and separators.")


def _wrong_encoding(path: Path, likely: str) -> Problem:
    step = (
        "Save the file as UTF-8 (in Excel: 'CSV UTF-8'), or say what it is, most likely: "
        f"iconv -f {likely} -t UTF-8 {path.name} > utf8.csv"
    )
    return Problem(path.name, "UTF-8 text", "another encoding", step)
