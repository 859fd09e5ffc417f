"""The clustered interval in NumPy: 10,000 resamples of 1,000 clusters, in blocks of 1,024 rows; prints its times as JSON."""

import json
import time

import numpy as np

CLUSTERS, ITERATIONS, BLOCK = 1000, 10_000, 1024
FRACTIONS = np.array([1.0, 0.5, 1.0 / 3.0, 0.0, 2.0 / 3.0, 0.25])


def interval(sums, counts):
    generator = np.random.default_rng(42)
    means = []
    for start in range(0, ITERATIONS, BLOCK):
        rows = min(BLOCK, ITERATIONS - start)
        index = generator.integers(0, len(sums), size=(rows, len(sums)))
        means.append(sums[index].sum(axis=1) / counts[index].sum(axis=1))
    return np.percentile(np.concatenate(means), [2.5, 97.5])


values = FRACTIONS[np.arange(CLUSTERS * 4) * 104_729 % len(FRACTIONS)].reshape(CLUSTERS, 4)
sums, counts = values.sum(axis=1), np.full(CLUSTERS, 4.0)
interval(sums, counts)
seconds = []
for _ in range(9):
    start = time.perf_counter()
    interval(sums, counts)
    seconds.append(time.perf_counter() - start)
print(json.dumps({"name": f"NumPy {np.__version__}", "seconds": seconds}))
