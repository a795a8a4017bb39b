"""Call the WASI network APIs by hand, and see what the specification says should happen."""

__version__ = "0.1.0"
