"""Dumb-rules committees: nominate, deliberate, vote, kill, and see whether it helped."""
