"""What can be done with a case: one form an act, by theme."""
