"""The parts of `bench_scale`: shops, loading, sizes, the figures at both ends, and a week of churn."""
