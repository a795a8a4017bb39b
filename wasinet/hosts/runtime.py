"""One instance of the forwarder in Wasmtime: blocks of bytes in and out, and nothing else.

The library's own calls look at the function's type each time and convert element by element, so the
calls here go to its C API with structures that are made once.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any

from wasinet import wit
from wasinet.hosts import HostError, HostStarved
from wasinet.hosts.forwarder import forwarder
from wasinet.oscalls.files import descriptor_limit, has_descriptors

__all__ = ["MISSING", "Forward", "Instance", "RuntimeTrap", "runtime_version"]

Forward = Callable[[bytes], bytes]
"""A forwarder: the block of the arguments in, that of the result out. Raises RuntimeTrap."""

MISSING = frozenset({"network-error-code"})
"""Functions of the world that Wasmtime 47 does not link: this one is unstable."""

_STRING = 12
"""The kind of a string among the C API's values (component/val.h, WASMTIME_COMPONENT_STRING)."""

_DESCRIPTORS = 3
"""What the runtime opens at the first call and keeps: where it cannot, it aborts the process."""


class RuntimeTrap(Exception):
    """Wasmtime trapped, and ended the instance. ``text`` says why in its words."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _String(ctypes.Structure):
    """A component value that is a string (``wasmtime_component_val_t``)."""

    _fields_ = (
        ("kind", ctypes.c_uint8),
        ("size", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("rest", ctypes.c_uint64),
    )


class _Given(ctypes.Structure):
    """The same for what is given: the data is borrowed from the bytes object that it was set to."""

    _fields_ = (
        ("kind", ctypes.c_uint8),
        ("size", ctypes.c_size_t),
        ("data", ctypes.c_char_p),
        ("rest", ctypes.c_uint64),
    )


def runtime_version() -> str:
    """The version of the Wasmtime that is installed, empty without one."""
    # Takes 15 ms to import, and is asked for in failures only.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wasmtime")
    except PackageNotFoundError:
        return ""


@cache
def _compiled() -> tuple[Any, Any, Any]:
    """The engine, the compiled forwarder and the linker: of all that starting costs, most is this."""
    try:
        from wasmtime import Engine, _ffi
        from wasmtime.component import Component, Linker
    except ImportError as error:
        raise HostError(f"the host wasmtime needs the Python package wasmtime 47: {error}") from None
    if ctypes.sizeof(_ffi.wasmtime_component_val_t) != ctypes.sizeof(_String) or (
        _ffi.WASMTIME_COMPONENT_STRING.value != _STRING
    ):
        raise HostError(f"wasmtime {runtime_version()} has other C structures than wasmtime 47, which is needed")
    engine = _kept(Engine)()
    if not has_descriptors(_DESCRIPTORS):
        raise HostStarved(f"the host wasmtime needs {_DESCRIPTORS} more file descriptors; {descriptor_limit()}")
    component = _kept(Component)(engine, forwarder(wit.load("0.2"), MISSING))
    linker = _kept(Linker)(engine)
    linker.add_wasip2()
    return engine, component, linker


def _kept(cls: type[Any]) -> type[Any]:
    """A class of the library whose objects live as long as the process.

    Its own way to free them fails, aloud, once the interpreter has begun to take its modules apart.
    """
    return type(cls.__name__, (cls,), {"__del__": lambda self: None})


def _grant(config: Any) -> None:
    """Allow all of the network; the library's Python classes have no way to say it."""
    from wasmtime import _bindings

    try:
        _bindings.wasi_config_inherit_network(config.ptr())
        _bindings.wasi_config_allow_ip_name_lookup(config.ptr(), True)
    except AttributeError:
        raise HostError(
            f"wasmtime {runtime_version()} gives its embedder no way to allow the network; install wasmtime 47"
        ) from None


class Instance:
    """A store with one instance in it.

    Raises:
        HostError: there is no Wasmtime, or none that can be used.
    """

    def __init__(self) -> None:
        self._store, self._instance = self._instantiate()
        from wasmtime import WasmtimeError, _ffi

        self._ffi = _ffi
        self._error = WasmtimeError
        self._functions: dict[str, Forward] = {}
        self._given = _Given(kind=_STRING)
        self._result = _String()
        # Function objects of our own: the arguments are addresses, which take no conversion.
        call, delete = _ffi.dll["wasmtime_component_func_call"], _ffi.dll["wasmtime_component_val_delete"]
        address, size = ctypes.c_void_p, ctypes.c_size_t
        call.restype, call.argtypes = address, (address, address, address, size, address, size)
        delete.restype, delete.argtypes = None, (address,)
        self._call, self._delete = call, delete

    def _instantiate(self) -> tuple[Any, Any]:
        """A new store, and the instance in it."""
        engine, component, linker = _compiled()
        from wasmtime import Store, WasiConfig, WasmtimeError

        config = WasiConfig()
        _grant(config)
        store = Store(engine)
        self._closing = weakref.finalize(self, store.close)
        store.set_wasi(config)
        try:
            return store, linker.instantiate(store, component)
        except WasmtimeError as error:
            self.close()
            raise HostError(f"wasmtime {runtime_version()} does not run the forwarder: {_reason(error)}") from None

    def function(self, export: str) -> Forward:
        """The forwarder of this name (``wasinet.hosts.forwarder``)."""
        known = self._functions.get(export)
        if known is not None:
            return known
        found = self._instance.get_func(self._store, export)
        assert found is not None, export
        raw = found._func
        function = ctypes.addressof(raw)
        context = ctypes.cast(self._store._context(), ctypes.c_void_p).value
        given, result = self._given, self._result
        given_at, result_at = ctypes.addressof(given), ctypes.addressof(result)
        call, delete, trap = self._call, self._delete, self._trap
        string_at = ctypes.string_at

        # ``raw`` is a default so that what ``function`` is the address of lives as long as this does.
        def forward(arguments: bytes, raw: Any = raw) -> bytes:
            # Most blocks are ASCII, which is the same in both encodings.
            text = arguments if arguments.isascii() else arguments.decode("latin-1").encode()
            given.size = len(text)
            given.data = text
            error = call(function, context, given_at, 1, result_at, 1)
            if error:
                raise trap(error)
            found = string_at(result.data, result.size)
            delete(result_at)
            return found if found.isascii() else found.decode().encode("latin-1")

        self._functions[export] = forward
        return forward

    def _trap(self, error: int) -> RuntimeTrap:
        pointer = ctypes.cast(error, ctypes.POINTER(self._ffi.wasmtime_error_t))
        return RuntimeTrap(_reason(self._error._from_ptr(pointer)))

    def close(self) -> None:
        """End the instance: its sockets are closed."""
        self._closing()


def _reason(error: Exception) -> str:
    """What an error says in one line, without the addresses of its backtrace."""
    _, caused, causes = str(error).rpartition("Caused by:\n")
    if not caused:
        return " ".join(str(error).split())
    # Several causes are numbered: ``0: failed to ...``.
    lines = [line.strip() for line in causes.splitlines() if line.strip()]
    return ": ".join(line.partition(": ")[2] if line.partition(": ")[0].isdecimal() else line for line in lines)
