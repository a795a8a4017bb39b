"""Programs: small WASI guests in Python that run against any host. They yield events and never print."""
