"""Tables: what is read is what was written, in either format, and what cannot be read is refused by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.episode import Column
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import read_table, table_from_frame, write_table

GOOD = "pid,age,sex\n1,40,female\n2,50,male\n"


def same(one: Column, other: Column) -> bool:
    """Whether two columns hold the same, missing values included."""
    return one.dtype == other.dtype and pd.Series(one).equals(pd.Series(other))


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_table(path)
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a letter that encodings share not",
            "pid,town\n1,Genève\n".encode("latin-1"),
            "iconv -f WINDOWS-1252 -t UTF-8",
        ),
        ("another far down", ("pid,town\n" + "1,Bern\n" * 9000 + "2,Łódź\n").encode("cp1250"), "expected UTF-8"),
        ("a letter of an old Mac", "pid,town\n1,Zürich\n".encode("mac-roman"), "expected UTF-8"),
        ("UTF-16 without a mark", GOOD.encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8 records.csv"),
        ("UTF-16 cut off", GOOD.encode("utf-16")[:-1], "expected UTF-8 text"),
        ("a workbook", b"PK\x03\x04" + bytes(40), "found an Excel workbook"),
        ("an old workbook", b"\xd0\xcf\x11\xe0" + bytes(40), "found an Excel workbook"),
        ("packed", b"\x1f\x8b\x08" + bytes(40), "found a compressed file"),
        ("commas and semicolons alike", b"a;b,c\n1;2,5\n3;4,5\n", "rows that fit commas and semicolons"),
        ("both decimal marks", b"pid;age;dose\n1;40,5;1.5\n", "found commas in age and points in dose"),
        ("thousands or fractions", b"pid;cost\n1;1,250\n2;900\n", "commas before three digits alone in cost"),
        ("nothing", b"", "nothing in its first line"),
        ("a mark and nothing", b"\xef\xbb\xbf", "nothing in its first line"),
        ("a blank first line", b"\n" + GOOD.encode(), "nothing in its first line"),
        ("a header alone", b"pid,age,sex\n", "expected at least one row; found none"),
        ("a header twice", b"pid,age,age\n1,2,3\n", "used more than once: age"),
        ("a header twice but for blanks", b"pid,age, age\n1,2,3\n", "used more than once: age"),
        ("a cell too many in a row", b"pid,age\n1,40\n2,50,9\n3,60\n", "1 row (row 3; the header is row 1)"),
        ("a separator at each row's end", b"pid,age\n1,40,\n2,50,\n", "2 rows (row 2, 3; the header is row 1)"),
        ("a cell too few", b"pid,age\n1,40\n2\n", "1 row (row 3; the header is row 1)"),
        ("a blank row between", b"pid,age\n1,40\n\n2,50\n", "1 row (row 3; the header is row 1)"),
        ("a quote that does not close", b'pid,age\n1,"40\n' + b"2,50\n" * 40000, "quotes that do not close"),
    ],
    ids=lambda value: value if isinstance(value, str) and value[0].islower() else None,
)
def test_what_pandas_would_misread_is_refused(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    """Another encoding or separator, an empty or ragged table is refused with the file's name, never half read."""
    path = tmp_path / "records.csv"
    path.write_bytes(content)
    message = refused(path)
    assert "records.csv" in message
    assert said in message


WRITTEN = {
    "commas": ({}, ""),
    "Excel in German": (
        {"sep": ";", "decimal": ",", "encoding": "cp1252"},
        "Windows-1252, columns parted by semicolons, decimal commas",
    ),
    "Excel's Unicode text": ({"sep": "\t", "encoding": "utf-16"}, "UTF-16, columns parted by tabs"),
    "semicolons": ({"sep": ";"}, "columns parted by semicolons"),
    "bars": ({"sep": "|"}, "columns parted by bars"),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_csv_is_the_same_table_in_whatever_form_it_is_written(form: str, tmp_path: Path) -> None:
    """Encoding, separator and decimal mark are told from the file, said, and change no value, name or missing cell."""
    options, said = WRITTEN[form]
    notes = ['a, "b"; c', "x\ty|z", None, "two\nlines"]
    frame = pd.DataFrame(
        {
            "Größe": [1.5, 2.25, np.nan, 4.0],
            "blanks": [" 1,5" if options.get("decimal") else " 1.5", "k.A.", "2", None],
            "marked": ["0.125".replace(".", options.get("decimal", ".")), " NA ", "-1", "3"],
            "note": notes,
            "pid": ["007", "7", "1E2", "100"],
        }
    )
    frame.to_csv(tmp_path / "written.csv", index=False, **options)
    table = read_table(tmp_path / "written.csv", text=["pid"])
    np.testing.assert_array_equal(table.columns["Größe"], [1.5, 2.25, np.nan, 4.0])
    np.testing.assert_array_equal(table.columns["marked"], [0.125, np.nan, -1, 3])
    assert table.columns["blanks"].tolist() == [frame["blanks"][0].strip(), "k.A.", "2", None]
    assert table.columns["note"].tolist() == notes
    assert table.columns["pid"].tolist() == ["007", "7", "1E2", "100"]
    assert table.form == said


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path where there is nothing, or a folder, is named in the message."""
    assert "no such file" in refused(tmp_path / "absent.csv")
    assert "no such file" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", GOOD.encode()], ids=["empty", "cut off", "CSV"])
def test_a_file_that_is_not_parquet_is_refused(content: bytes, tmp_path: Path) -> None:
    """The ending promises Parquet; other content is refused and not guessed at."""
    path = tmp_path / "records.parquet"
    path.write_bytes(content)
    assert "expected a Parquet table" in refused(path)


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    """Columns without a row are an empty table in Parquet too."""
    path = tmp_path / "records.parquet"
    pd.DataFrame({"pid": pd.Series([], dtype="str")}).to_parquet(path)
    assert "at least one row" in refused(path)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, 3]),
        pd.Series([1.5, np.nan, 3.25]),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([True, False, True]),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series(["female", None, "male"], dtype="str"),
        pd.Series(["12", "7", "9"], dtype="str"),
        pd.Series(["a", "b", "a"], dtype="category"),
        pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01", "2024-12-01"])),
        pd.Series([Decimal("1.50"), Decimal("2.25"), None]),
        pd.Series([None, None, None], dtype="str"),
        pd.Series(["NA", "x", ""], dtype="str"),
        pd.Series([" x", "y ", "  "], dtype="str"),
        pd.Series([0.1, 1 / 3, 5e-324]),
    ],
    ids=lambda column: f"{column.dtype}-{column.iloc[0]}",
)
def test_parquet_and_csv_are_read_alike(column: pd.Series[Any], tmp_path: Path) -> None:
    """The same column gives the same values, kind and missing cells in both formats."""
    frame = pd.DataFrame({"pid": ["p", "q", "r"], "value": column})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    csv, parquet = read_table(tmp_path / "t.csv"), read_table(tmp_path / "t.parquet")
    assert same(csv.columns["value"], parquet.columns["value"])
    assert csv.n == parquet.n == 3


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_every_double_survives_csv(values: list[float]) -> None:
    """No digit is lost on the way through a CSV file, so that both formats give one fingerprint."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        pd.DataFrame({"value": values}).to_csv(path, index=False)
        np.testing.assert_array_equal(read_table(path).columns["value"], np.array(values))


@pytest.mark.parametrize("marker", ["", " ", "NA", " NA ", "N/A", "NaN", "null", "None"])
def test_missing_markers_leave_a_number_column_numeric(marker: str, tmp_path: Path) -> None:
    """An empty cell in whatever spelling is missing; it does not turn a column of numbers into text."""
    path = tmp_path / "t.csv"
    path.write_text(f"pid,age\n1,40\n2,{marker}\n3,60\n", encoding="utf-8")
    np.testing.assert_array_equal(read_table(path).columns["age"], [40.0, np.nan, 60.0])


@pytest.mark.parametrize("spelling", [("True", "False"), ("TRUE", "FALSE"), ("true", "false")])
@pytest.mark.parametrize("third", ["", "NA"])
def test_truth_values_are_numbers_even_when_some_are_missing(spelling: tuple[str, str], third: str) -> None:
    """A yes/no column has the same coding, 1 and 0, whether or not a cell of it is empty."""
    yes, no = spelling
    full = table_from_frame(pd.DataFrame({"x": [yes, no]})).columns["x"]
    holes = table_from_frame(pd.DataFrame({"x": [yes, no, third]})).columns["x"]
    np.testing.assert_array_equal(full, [1.0, 0.0])
    np.testing.assert_array_equal(holes, [1.0, 0.0, np.nan])


def test_blanks_around_cells_and_names_do_not_matter(tmp_path: Path) -> None:
    """A table typed with a space after each comma is the table without the spaces."""
    (tmp_path / "a.csv").write_text("pid,age,sex\n1,40,female\n2,50,male\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("pid, age, sex\n1, 40, female\n2, 50 , male \n", encoding="utf-8")
    plain, blanks = read_table(tmp_path / "a.csv"), read_table(tmp_path / "b.csv")
    assert list(plain.columns) == list(blanks.columns)
    assert all(same(plain.columns[name], blanks.columns[name]) for name in plain.columns)


def test_harmless_ways_of_writing_csv_are_read(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, blank lines at the end and quoted line breaks are no problem."""
    text = '\ufeffpid,note,age\r\n1,"two\r\nlines",40\r\n2,"a, b",50\r\n\r\n\r\n'
    (tmp_path / "t.csv").write_bytes(text.encode())
    table = read_table(tmp_path / "t.csv")
    assert list(table.columns) == ["pid", "note", "age"]
    np.testing.assert_array_equal(table.columns["age"], [40.0, 50.0])


def test_identifiers_keep_every_character(tmp_path: Path) -> None:
    """Columns asked for as text stay apart where numbers would not: 007 and 7, or two 17-digit numbers."""
    path = tmp_path / "t.csv"
    path.write_text("pid,age\n007,1\n7,2\n10000000000000001,3\n10000000000000000,4\n1E2,5\n100,6\n", encoding="utf-8")
    ids = read_table(path, text=["pid"]).columns["pid"]
    assert len(set(ids)) == 6
    frame = pd.DataFrame({"pid": [10**17, 10**17 + 1], "age": [1, 2]})
    frame.to_parquet(tmp_path / "t.parquet")
    assert len(set(read_table(tmp_path / "t.parquet", text=["pid"]).columns["pid"])) == 2


def test_a_named_index_is_a_column(tmp_path: Path) -> None:
    """A data frame indexed by patient keeps its patients when it comes as Parquet."""
    pd.DataFrame({"age": [40, 50]}, index=pd.Index(["a", "b"], name="pid")).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").columns["pid"].tolist() == ["a", "b"]


def test_columns_that_no_study_reads_do_no_harm(tmp_path: Path) -> None:
    """Bytes or lists in a column that nobody asks for do not keep the others from being read."""
    frame = pd.DataFrame({"age": [40, 50], "scan": [b"a", b"\xff"], "codes": [[1], [2, 3]]})
    frame.to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(read_table(tmp_path / "t.parquet").columns["age"], [40.0, 50.0])


@pytest.mark.parametrize("ids", [[f"P{i}" for i in range(120)], list(range(120)), [i + 10**12 for i in range(120)]])
def test_both_formats_give_one_fingerprint(
    ids: list[Any], records: pd.DataFrame, content: dict[str, Any], tmp_path: Path
) -> None:
    """The same records as CSV and as Parquet are the same episodes, with text and with numeric identifiers."""
    frame = records.assign(pid=ids)
    frame.loc[3, "phq9_week12"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    protocol = StudyProtocol.model_validate(content)
    found = {
        check_episodes(read_table(tmp_path / name, text=["pid"]), protocol).fingerprint
        for name in ("t.csv", "t.parquet")
    }
    assert len(found) == 1


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    """Rows written come back the same, and no temporary file is left beside them."""
    path = tmp_path / "new" / name
    write_table({"pid": np.array(["a", "b"], dtype=object), "x": np.array([1.5, np.nan])}, path)
    table = read_table(path)
    assert table.columns["pid"].tolist() == ["a", "b"]
    np.testing.assert_array_equal(table.columns["x"], [1.5, np.nan])
    assert [found.name for found in path.parent.iterdir()] == [name]


def test_a_failed_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that breaks off changes nothing and leaves nothing behind."""
    path = tmp_path / "t.csv"
    path.write_text("old", encoding="utf-8")

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", broken)
    with pytest.raises(OSError, match="disk full"):
        write_table({"pid": np.array(["a"], dtype=object)}, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["t.csv"]


def test_messages_hold_no_cell(tmp_path: Path) -> None:
    """Whatever is wrong with a file's form, no cell of it is quoted."""
    path = tmp_path / "t.csv"
    for text in ("pid,age\nZebedee-7731\n", 'pid,age\n"Zebedee-7731,40\n', "pid,age\nZebedee-7731,40,1\n"):
        path.write_text(text, encoding="utf-8")
        assert "Zebedee" not in refused(path)
    path.write_bytes("pid,name\n1,Zebedee-7731ñ\n".encode("latin-1"))
    assert "Zebedee" not in refused(path)
