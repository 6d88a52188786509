"""Excel files, by openpyxl, which writes and reads a sheet row by row."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from ...errors import ConfigurationError
from ..ask import Failed
from .columns import Column, Values
from .writers import as_text

_MOST_ROWS = 1_048_576
_MOST_CHARACTERS = 32_767
"""Maximum length of a cell's text (Excel specifications and limits)."""

_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
"""Characters that XML can't hold or changes, and text that looks like their escapes."""

_WRITTEN = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""Escape of such a character (ECMA-376, ST_Xstring)."""

_EXACT = 15
"""Digits of a number that Excel keeps."""


class ExcelRows:
    """Writer of rows to the one sheet of a workbook.

    Booleans, and numbers that Excel keeps exactly, are stored as such; everything else is text, as
    it is in JSON, so nothing is lost and no text becomes a formula.

    Args:
        file: The file to write.
        columns: The columns that rows have.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._file = file
        self._columns = columns
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("rows")
        self._count = 0
        self._append([column.name for column in columns])

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows."""
        for row in rows:
            self._append([_to_cell(column, row.get(column.name)) for column in self._columns])

    def close(self) -> None:
        """Write the workbook."""
        self._book.save(self._file)

    def _append(self, cells: Sequence[Any]) -> None:
        self._count += 1
        if self._count > _MOST_ROWS:
            raise Failed(f"A sheet of Excel has at most {_MOST_ROWS} rows: choose another format")
        self._sheet.append([self._guard(cell) for cell in cells])

    def _guard(self, value: Any) -> Any:
        """Prevent a text from being taken for a formula or an error."""
        if not isinstance(value, str):
            return value
        if len(value) > _MOST_CHARACTERS:
            raise Failed(
                f"A text is longer than the {_MOST_CHARACTERS} characters of a cell of Excel's: "
                "choose another format"
            )
        value = _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
        if not value.startswith(("=", "#")):
            return value
        cell = WriteOnlyCell(self._sheet, value)
        cell.data_type = "s"
        return cell


def _to_cell(column: Column, value: Any) -> Any:
    if column.values is Values.DECIMAL and isinstance(value, str):
        digits = value.lstrip("-").replace(".", "").lstrip("0")
        return float(value) if len(digits) <= _EXACT and digits.isdecimal() else value
    if column.values is Values.INTEGER and isinstance(value, int):
        return value if len(str(abs(value))) <= _EXACT else str(value)
    if column.values in (Values.NUMBER, Values.BOOLEAN):
        return value
    return as_text(value)


def read_excel(file: IO[bytes]) -> Iterator[Sequence[Any]]:
    """Read the names of the columns of the first sheet, and then each row.

    Raises:
        ConfigurationError: It is no workbook.
    """
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError):
        raise ConfigurationError("That is no Excel file (.xlsx)") from None
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        named = ["" if name is None else str(name) for name in next(rows, ())]
        header = named[: max((i for i, name in enumerate(named, 1) if name), default=0)]
        yield header
        for row in rows:
            cells = [_unescape(cell) for cell in row[: len(header)]]
            yield (*cells, *[None] * (len(header) - len(cells)))
    finally:
        book.close()


def _unescape(value: Any) -> Any:
    if not isinstance(value, str) or "_x" not in value:
        return value
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), value)
