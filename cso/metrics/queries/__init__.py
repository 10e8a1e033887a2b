"""From cells and facts to what people read: figures, times, states, standings, and the cases behind them."""
