"""A component's imports, answered by Python callables through Wasmtime's C API.

    imports = Imports(store)
    imports.interface("wasi:io/poll@0.2.0", functions, resources)
    instance = imports.instantiate(component)

No exception may cross a callback: ctypes would print it and tell the component that all went well.
Whatever an operation raises, interruptions included, is kept aside in ``raised``, and the component
is ended with an error; who called the component raises it again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wasmtime import Store, WasmtimeError, _bindings
from wasmtime.component import Component, Instance, ResourceType
from wasmtime.component import Linker as ComponentLinker

from wasinet.engine.faults import Trap
from wasinet.hosts.components.layout import SIZE, Handles, function
from wasinet.hosts.components.lifting import Lifting
from wasinet.hosts.components.lowering import Lowering
from wasinet.wit.declare import Function
from wasinet.wit.types import Resource
from wasinet.wit.values import Value

c: Any = _bindings

__all__ = ["Imports", "import_name"]

_size_t, _void_p, _u32 = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint32
# As the library declares them, with addresses as plain numbers.
_FUNCTION = ctypes.CFUNCTYPE(_size_t, _void_p, _void_p, _void_p, _void_p, _size_t, _void_p, _size_t)
_DESTRUCTOR = ctypes.CFUNCTYPE(_size_t, _void_p, _void_p, _u32)

_add_func = function(
    "wasmtime_component_linker_instance_add_func",
    _size_t, _void_p, ctypes.c_char_p, _size_t, _void_p, _void_p, _void_p,
)  # fmt: skip
_add_resource = function(
    "wasmtime_component_linker_instance_add_resource",
    _size_t, _void_p, ctypes.c_char_p, _size_t, _void_p, _void_p, _void_p, _void_p,
)  # fmt: skip
_error_new = function("wasmtime_error_new", _size_t, ctypes.c_char_p)


def import_name(declared: Function) -> str:
    """The name of a function in its instance: ``[method]tcp-socket.start-bind``, ``poll``."""
    return f"[method]{declared.name}" if declared.resource is not None else declared.name


class Imports:
    """What a component's imports are answered with.

    Args:
        store: the store that the component will live in.

    Attributes:
        raised: what an operation raised, for which the component was ended; None for nothing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._linker = ComponentLinker(store.engine)
        self._handles = Handles()
        self._lifting = Lifting(self._handles)
        self._lowering = Lowering(self._handles)
        self._callbacks: list[Any] = []
        self.raised: BaseException | None = None

    def interface(
        self,
        name: str,
        functions: Iterable[tuple[Function, Callable[..., Value]]],
        resources: Mapping[str, Callable[[int], None]],
    ) -> None:
        """Answer one imported interface.

        Args:
            name: as the component imports it: ``wasi:io/poll@0.2.0``.
            functions: the declarations and what answers them.
            resources: by name, what a drop calls with the handle.
        """
        with self._linker.root() as root, root.add_instance(name) as instance:
            at = ctypes.cast(instance.ptr(), _void_p).value
            for resource, drop in resources.items():
                self._add_resource(at, resource, drop)
            for declared, operation in functions:
                self._add_function(at, declared, operation)

    def instantiate(self, component: Component) -> Instance:
        """The component, linked. Raises WasmtimeError."""
        return self._linker.instantiate(self._store, component)

    def close(self) -> None:
        """Forget the callbacks; the component must not run any more."""
        self._linker.close()
        self._callbacks.clear()

    def _add_resource(self, at: int | None, name: str, drop: Callable[[int], None]) -> None:
        type_ = ResourceType.host(self._handles.type_number(Resource(name)))

        def destroy(data: int, context: int, handle: int) -> int:
            try:
                drop(handle)
            except BaseException as error:  # noqa: BLE001  # see the module's text
                return self._ended(error)
            return 0

        callback = _DESTRUCTOR(destroy)
        self._callbacks.append(callback)
        encoded = name.encode()
        _check(_add_resource(at, encoded, len(encoded), ctypes.cast(type_.ptr(), _void_p), callback, None, None))

    def _add_function(self, at: int | None, declared: Function, operation: Callable[..., Value]) -> None:
        callback = _FUNCTION(self._answer(declared, operation))
        self._callbacks.append(callback)
        encoded = import_name(declared).encode()
        _check(_add_func(at, encoded, len(encoded), callback, None, None))

    def _answer(self, declared: Function, operation: Callable[..., Value]) -> Callable[..., int]:
        handles = self._handles
        ended = self._ended
        lifts = [(self._lifting.lifter(type_), place * SIZE) for place, (_, type_) in enumerate(declared.arguments)]
        count = len(lifts)
        arguments_at = (ctypes.c_char * (SIZE * count)).from_address
        result_at = (ctypes.c_char * SIZE).from_address
        lower = None if declared.result is None else self._lowering.lowerer(declared.result)
        expected = 0 if lower is None else 1

        def answer(data: int, context: int, type_: int, given: int, many: int, results: int, wanted: int) -> int:
            try:
                if many != count or wanted != expected:
                    raise Trap(f"the component has another signature for {declared.name}")  # noqa: TRY301
                handles.context = context
                buffer = arguments_at(given)
                if lower is None:
                    operation(*[lift(buffer, at) for lift, at in lifts])
                else:
                    lower(operation(*[lift(buffer, at) for lift, at in lifts]), result_at(results), 0)
            except BaseException as error:  # noqa: BLE001  # see the module's text
                return ended(error)
            return 0

        return answer

    def _ended(self, error: BaseException) -> int:
        """Keep an exception; the address of an error that ends the component."""
        if self.raised is None:
            self.raised = error
        address: int = _error_new(str(error).encode(errors="replace").replace(b"\0", b"?"))
        return address


def _check(error: int) -> None:
    if error:
        raise WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(c.wasmtime_error_t)))
