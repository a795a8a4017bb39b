"""What a guest may use: each limit with its option, its default and its words, written once."""

from __future__ import annotations

from collections.abc import Mapping

from wasinet.wit.data import Data

__all__ = ["LIMITS", "Limit", "Limits", "refusal"]


class Limit(Data):
    """One limit.

    Args:
        option: of ``run``, and the key of the configuration.
        what: what is limited, as in "100 tables".
        text: for the help.
        size: whether it counts bytes.
    """

    option: str
    what: str
    text: str
    size: bool = False


LIMITS: Mapping[str, Limit] = {
    "memory": Limit("max-memory", "of memory", "Most memory, all memories of the guest together.", True),
    "memories": Limit("max-memories", "memories", "Most memories."),
    "tables": Limit("max-tables", "tables", "Most tables."),
    "table_elements": Limit("max-table-elements", "elements in a table", "Most elements of each table."),
    "instances": Limit("max-instances", "core instances", "Most core instances."),
    "handles": Limit("max-handles", "handles", "Most live handles: sockets, streams, pollables, files."),
    "queued": Limit(
        "max-queued",
        "of queued data",
        "Most data held for the guest: written and not sent yet, received and not read.",
        True,
    ),
}
"""All limits of space, by the field of ``Limits``."""


# Bytes of this process at the most: a handle took 240 to 410 when measured, a reference to a function is a pointer.
_HANDLE = 1024
_ELEMENT = 8


class Limits(Data):
    """What a guest may use.

    Args:
        memory: bytes of all its memories together.
        memories: how many memories.
        tables: how many tables.
        table_elements: how many elements in each.
        instances: how many core instances.
        handles: how many live handles.
        queued: bytes that the engine holds for it: written and not taken by the peer, received and not read.
        fuel: how many instructions, roughly; None for any number.
    """

    memory: int = 1 << 30
    memories: int = 100
    tables: int = 100
    table_elements: int = 1_000_000
    instances: int = 1_000
    handles: int = 100_000
    queued: int = 1 << 30
    fuel: int | None = None

    @property
    def uncounted(self) -> int:
        """Bytes that this process may take for a guest that is within its limits, beside memories and queued data.

        Handles and tables have limits of their own, so their growth is no sign of memory that nobody counts.
        For that, such as handles of the guest's own resources, there is as much as for memories.
        """
        return self.memory + self.handles * _HANDLE + self.tables * self.table_elements * _ELEMENT

    def exceeded(self, name: str) -> str:
        """What to say of a guest that reached a limit."""
        limit = LIMITS[name]
        return f"the guest asked for more than {self.shown(name)} {limit.what} (--{limit.option})"

    def shown(self, name: str) -> str:
        """A limit's amount: ``16MiB``, ``1000``."""
        amount: int = getattr(self, name)
        return _show_size(amount) if LIMITS[name].size else str(amount)


# What Wasmtime says where a component needs more than it may have. Memory is counted here.
_REFUSALS: Mapping[str, str] = {
    "memory count too high": "memories",
    "table count too high": "tables",
    "exceeds table limits": "table_elements",
    "instance count too high": "instances",
}


def refusal(cause: str) -> str:
    """The limit that Wasmtime's words are about; empty for none."""
    return next((name for words, name in _REFUSALS.items() if words in cause), "")


def _show_size(size: int) -> str:
    """``16MiB``, ``1GiB``, ``1000B``: exact, in the largest unit that is."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size and size % scale == 0:
            return f"{size // scale}{unit}"
    return f"{size}B"
