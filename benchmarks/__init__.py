"""The benchmark suite: ``python -m benchmarks`` prints import, open, search and batch beside their floor."""
