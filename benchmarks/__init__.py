"""How fast wasinet is, as ratios against references measured in the same run: ``python -m benchmarks``.

These are no tests: they print what they measured and whether it is within the bounds.
"""
