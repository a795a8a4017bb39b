"""Tables: drawn by rich on a terminal, plain aligned columns anywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from wasinet.render.printable import Printable, cells, lines, padded, printed
from wasinet.render.theme import STYLES, Painter
from wasinet.wit.data import Data

__all__ = ["Cell", "Column", "Table", "table_text"]

_GAP = Printable("  ")


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


def table_text(table: Table, *, drawn: bool, color: bool, width: int) -> Printable:
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
        return Cell(printed(cell.text), cell.role or column.role)
    return Cell(printed(cell), column.role)


def _plain(table: Table, paint: Painter) -> Printable:
    rows = [[_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    head = [Cell(column.heading, "heading") for column in table.columns]
    widths = [max(cells(row[index].text) for row in (head, *rows)) for index in range(len(table.columns))]
    shown = [table.title] if table.title else []
    for row in (head, *rows):
        pieces = [
            padded(paint(cell.role, cell.text), width, right=column.right)
            for cell, column, width in zip(row, table.columns, widths, strict=True)
        ]
        shown.append(_GAP.join(pieces).rstrip())
    return lines(shown)


def _drawn(table: Table, color: bool, width: int) -> Printable:
    from io import StringIO

    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawing = RichTable(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title=printed(table.title) or None,
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
    return Printable("\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n"))
