"""How far a leader got: the arithmetic, whose days, and what was seen when."""
