"""Strategy: the outcomes that the office serves, what is done for them, and what stands in the way."""
