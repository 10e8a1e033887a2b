"""The accountability metrics: defined once, computed incrementally, opened to the cases behind them."""
