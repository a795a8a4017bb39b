"""Tables: drawn by rich on a terminal, plain aligned columns anywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.render.theme import STYLES, Painter
from wasinet.wit.data import Data

__all__ = ["Cell", "Column", "Table", "table_text"]

_GAP = "  "


class Cell(Data):
    """A text, and its role in the theme where the column's is not right."""

    text: str
    role: str = ""


class Column(Data):
    """A column's heading, its role in the theme, whether it holds numbers, and whether it may be wrapped."""

    heading: str
    role: str = "value"
    right: bool = False
    wrap: bool = False


class Table(Data):
    """Rows under headings; a cell is a text, or a ``Cell`` with a role of its own."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    title: str = ""


def table_text(table: Table, *, drawn: bool, color: bool, width: int) -> str:
    """The table as text without a last line end.

    Args:
        table: what to show.
        drawn: for a terminal: with lines, fitted to the width. Without, every row is one line.
        color: with the theme's colours.
        width: the page's columns.
    """
    return _drawn(table, color, width) if drawn else _plain(table, Painter(color))


def _cell(cell: str | Cell, column: Column) -> Cell:
    if isinstance(cell, Cell):
        return cell if cell.role else Cell(cell.text, column.role)
    return Cell(cell, column.role)


def _plain(table: Table, paint: Painter) -> str:
    rows = [[_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    head = [Cell(column.heading, "heading") for column in table.columns]
    widths = [max(len(row[index].text) for row in (head, *rows)) for index in range(len(table.columns))]
    lines = [table.title] if table.title else []
    for row in (head, *rows):
        pieces = []
        for index, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            space = " " * (widths[index] - len(cell.text))
            text = paint(cell.role, cell.text)
            pieces.append(space + text if column.right else text + ("" if index == len(row) - 1 else space))
        lines.append(_GAP.join(pieces).rstrip())
    return "\n".join(lines)


def _drawn(table: Table, color: bool, width: int) -> str:
    from io import StringIO

    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawing = RichTable(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title=table.title or None,
        title_justify="left",
        title_style="bold",
    )
    wrapping = any(column.wrap for column in table.columns)
    for column in table.columns:
        drawing.add_column(
            Text(column.heading, style="bold"),
            justify="right" if column.right else "left",
            no_wrap=wrapping and not column.wrap,
            overflow="fold",
        )
    for row in table.rows:
        cells = [_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        drawing.add_row(*(Text(cell.text, style=STYLES[cell.role]) for cell in cells))
    file = StringIO()
    console = Console(
        file=file, width=width, force_terminal=True, color_system="standard" if color else None, legacy_windows=False
    )
    console.print(drawing)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")
