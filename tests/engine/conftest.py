"""The bench of the tests that need a world whose operations begin and finish in one call."""

from tests.worlds.conftest import bench

__all__ = ["bench"]
