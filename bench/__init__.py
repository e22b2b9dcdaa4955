"""`make bench`: lambdaplay beside bare floors and peers, as ratios taken in one run. Reasons: docs/benchmarks.md."""
