"""PostgreSQL and Redis as child processes, for `./dev up`, the tests and the benchmarks.

Stands beside the product: nothing of the product imports it.
"""
