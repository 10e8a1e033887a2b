"""A seeded story in two tenants, told through the same doors as real data."""
