"""Components through Wasmtime's C API: loading, values and imports."""
