"""Scorecards: what each leader is accountable for, how far they got, and what anybody saw of it when."""
