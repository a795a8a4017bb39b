"""The engine: a table of handles, machines that enforce the documented transitions, and their effects."""
