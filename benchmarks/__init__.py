"""The benchmark suite.

``python -m benchmarks`` prints import, open, search and batch, without and with probabilities, beside their floor;
``benchmarks.calibration`` compares predicted probabilities with the truth, ``benchmarks.estimation`` estimated
frequencies with those that made the persons, and ``benchmarks.peers`` holds other programs run side by side.
"""
