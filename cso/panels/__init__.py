"""Feedback panels: customers whom leaders listen to, what they say, and what leaders do about it."""
