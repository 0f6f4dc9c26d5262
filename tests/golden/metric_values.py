#!/usr/bin/env python3
"""The numbers that tests/test_metrics.cpp expects, by other means: NumPy and SciPy, in double, each measure as its paper or program writes it.
Prints them; nothing is written.   pip install numpy scipy; python3 tests/golden/metric_values.py"""
import numpy as np
from scipy import linalg


def values(n, d, seed, scale=1.0, shift=0.0):
    """The same numbers as values() of the test: 24 bits of a hash of (index, seed), so that float holds them exactly."""
    with np.errstate(over="ignore"):
        h = np.arange(1, n * d + 1, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503)
        for shift_by, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
            h = (h ^ (h >> np.uint32(shift_by))) * np.uint32(factor)
        h ^= h >> np.uint32(15)
    x = (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return (x * np.float32(scale) + np.float32(shift)).reshape(n, d)


def frechet(x, y):
    """As Heusel's program does it, by the root of a matrix that is not symmetric."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(a @ b)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(root))


def kid(x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    xx, yy, m, n = k(x, x), k(y, y), len(x), len(y)
    return (xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1)) - 2 * k(x, y).mean()


def score(p, splits=10):
    p, parts = p.astype(np.float64), []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]
        parts.append(np.exp(np.mean(np.sum(part * (np.log(part) - np.log(part.mean(0, keepdims=True))), 1))))
    return np.mean(parts), np.std(parts)


def prdc(real, fake, k=5):
    """As Naeem's program does it."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    dist = lambda a, b: np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    radius = lambda a: np.sort(dist(a, a), axis=1)[:, k]
    cross, rr, fr = dist(real, fake), radius(real), radius(fake)
    return ((cross < rr[:, None]).any(0).mean(), (cross < fr[None]).any(1).mean(), (cross < rr[:, None]).sum(0).mean() / k,
            (cross.min(1) < rr).mean())


def duplicates(samples, tests, train):
    near = lambda a: np.sqrt(((a.astype(np.float64)[:, None] - train.astype(np.float64)[None]) ** 2).sum(-1)).min(1)
    threshold = np.percentile(near(tests), 1)
    return threshold, (near(samples) < threshold).mean()


x, y = values(150, 7, 1), values(120, 7, 2, 1.25, -0.25)
p = values(95, 4, 3, 1, 0.01)
p = (p.astype(np.float64) / p.astype(np.float64).sum(1, keepdims=True)).astype(np.float32)
print("frechet", repr(float(frechet(x, y))))
print("kid", repr(float(kid(x, y))))
print("score", *(repr(float(v)) for v in score(p)))
print("prdc", *(repr(float(v)) for v in prdc(x[:120], y)))
print("prdc the other way", *(repr(float(v)) for v in prdc(y, x[:120])))
train = values(200, 3, 6)
samples = np.concatenate([train[:12] + np.float32(0.015625), values(60, 3, 4)])
print("duplicates", *(repr(float(v)) for v in duplicates(samples, values(90, 3, 5), train)))
