"""The limits of a guest on the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from wasinet.cli.params import COUNT, SIZE
from wasinet.hosts.limits import LIMITS, Limits

__all__ = [
    "Fuel",
    "MaxHandles",
    "MaxInstances",
    "MaxMemories",
    "MaxMemory",
    "MaxQueued",
    "MaxTableElements",
    "MaxTables",
    "make_limits",
]


def _option(field: str) -> Any:
    limit = LIMITS[field]
    return typer.Option(
        parser=SIZE if limit.size else COUNT,
        metavar="SIZE" if limit.size else "N",
        help=f"{limit.text.removesuffix('.')}; {Limits().shown(field)} by default.",
    )


MaxMemory = Annotated[int | None, _option("memory")]
MaxMemories = Annotated[int | None, _option("memories")]
MaxTables = Annotated[int | None, _option("tables")]
MaxTableElements = Annotated[int | None, _option("table_elements")]
MaxInstances = Annotated[int | None, _option("instances")]
MaxHandles = Annotated[int | None, _option("handles")]
MaxQueued = Annotated[int | None, _option("queued")]
Fuel = Annotated[int | None, typer.Option(parser=COUNT, metavar="N", help="End the guest after about N instructions.")]


def make_limits(**given: int | None) -> Limits:
    """The limits of these options; the default where one is None."""
    return Limits(**{field: value for field, value in given.items() if value is not None})
