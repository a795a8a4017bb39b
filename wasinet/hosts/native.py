"""The native host: the engine over the operating system's sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from wasinet import worlds
from wasinet.engine.domain import Domain
from wasinet.engine.engine import Engine, Operation
from wasinet.engine.network import Network
from wasinet.engine.policy import ALLOW_ALL, Policy
from wasinet.engine.poller import subscribe_duration
from wasinet.engine.records import Reader
from wasinet.engine.sockets import Socket
from wasinet.engine.streams import FileOwner, InputStream, OutputStream, Writer
from wasinet.engine.streams import Reader as ReadDirection
from wasinet.hosts import HandleInfo, network_policy
from wasinet.hosts.recording import Recording, drop_function
from wasinet.oscalls import Found, Os
from wasinet.wit import DEFAULT_WORLD

__all__ = ["NativeHost", "drop_function"]


class NativeHost(Recording):
    """See ``Host``.

    Args:
        policy: of the default network.
        os: the operating system, or a stand-in.
        resolver: how names are looked up, see ``Os.look_up``.
        world: the world's name.
    """

    name = "native"

    def __init__(
        self,
        policy: Policy = ALLOW_ALL,
        os: Os | None = None,
        resolver: Callable[[str], list[Found]] | None = None,
        world: str = DEFAULT_WORLD,
    ) -> None:
        binding = worlds.load(world)
        self.world = binding.WORLD
        self.engine = Engine(
            self.world.machines, policy, os, resolver, streams_are_children=binding.STREAMS_ARE_CHILDREN
        )
        super().__init__(self._operations_of(binding), self.engine.os.monotonic)
        # Not a method: one call less for each drop while nobody reads the records.
        self.drop: Callable[[int], None] = self.engine.drop

    def _operations_of(self, binding: worlds.Binding) -> dict[str, Operation]:
        """What answers each function; for worlds that need more than an engine, their hosts know what."""
        return binding.operations(self.engine)

    def attach(self, reader: Reader) -> None:
        super().attach(reader)
        self.drop = self._recorded_drop

    def detach(self, reader: Reader) -> None:
        super().detach(reader)
        if not self._readers:
            self.drop = self.engine.drop

    def _recorded_drop(self, handle: int) -> None:
        self._record(drop_function(self.kind(handle) or "resource"), self.engine.drop, (handle,))

    # Beside the world

    def open_input(self, fd: int, *, own: bool = False) -> int:
        file = self.engine.os.open_stream(fd, writable=False, own=own)
        return InputStream(self.engine, ReadDirection(self.engine, file, FileOwner(file))).handle

    def open_output(self, fd: int, *, own: bool = False) -> int:
        file = self.engine.os.open_stream(fd, writable=True, own=own)
        return OutputStream(self.engine, Writer(self.engine, file, FileOwner(file))).handle

    def abandon(self, handle: int) -> None:
        resource = self.engine.table.get(handle)
        if isinstance(resource, OutputStream):
            resource.writer.abandon()

    def timer(self, seconds: float) -> int:
        return subscribe_duration(self.engine, round(seconds * 1e9))

    def make_network(self, name: str, rules: Iterable[str]) -> int:
        return Network(self.engine, Domain(name, network_policy(rules))).handle

    def wait(self, handle: int, timeout: float) -> bool:
        resource = self.engine.table.get(handle)
        return resource is not None and self.engine.wait(resource, self.engine.os.monotonic() + timeout)

    def state(self, handle: int) -> str:
        resource = self.engine.table.get(handle)
        return "" if resource is None else resource.state

    def kind(self, handle: int) -> str:
        resource = self.engine.table.get(handle)
        return "" if resource is None else resource.kind

    def follow(self, changed: Callable[[int], None]) -> None:
        self.engine.changed = changed

    def handles(self) -> Iterator[HandleInfo]:
        now = self.engine.os.monotonic()
        received: dict[int, int] = {}
        sent: dict[int, int] = {}
        resources = list(self.engine.table.values())
        for resource in resources:
            counted = getattr(resource, "count", None)
            if counted is not None:
                side = received if resource.kind.startswith("in") else sent
                side[resource.handle] = counted
                if isinstance(resource.parent, Socket):
                    side[resource.parent.handle] = counted
        for resource in resources:
            yield HandleInfo(
                resource.handle,
                resource.kind,
                resource.state,
                resource.local,
                resource.remote,
                None if resource.parent is None else resource.parent.handle,
                received.get(resource.handle),
                sent.get(resource.handle),
                now - resource.created,
            )

    def close(self, timeout: float = 0.0) -> bool:
        return self.engine.close(timeout)
