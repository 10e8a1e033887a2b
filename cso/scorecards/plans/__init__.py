"""What a leader is scored by: versions of plans, the categories and measures they are made of."""
