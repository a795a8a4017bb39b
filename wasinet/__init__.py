"""Call the WASI network APIs by hand, and see what the specification says should happen."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasinet.api import CallError, Handle, Session, Trap

__all__ = ["CallError", "Handle", "Session", "Trap", "__version__"]


def __getattr__(name: str) -> "Any":
    # The command imports this package first, and needs none of it.
    if name in __all__:
        from wasinet import api

        return getattr(api, name)
    raise AttributeError(f"module 'wasinet' has no attribute {name!r}")
