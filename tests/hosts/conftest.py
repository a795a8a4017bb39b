"""What tests of guests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.guests.wat import guest
from wasinet import wit
from wasinet.hosts.components.component import Component
from wasinet.hosts.guest import GuestHost
from wasinet.hosts.limits import Limits
from wasinet.wit.declare import World

Make = Callable[..., GuestHost]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes hosts of guests from their core code, or from a whole component; they are closed at the end."""
    with ExitStack() as stack:

        def make_guest(
            body: str, world: World | None = None, *, text: dict[str, Any] | None = None, **options: Any
        ) -> GuestHost:
            path = tmp_path / "guest.wat"
            whole = body.startswith("(component")
            path.write_text(body if whole else guest(world or wit.load("0.2"), body, **(text or {})))
            host = GuestHost(Component(str(path), fuel=options.get("limits", Limits()).fuel is not None), **options)
            stack.callback(host.close)
            return host

        yield make_guest
