"""The figures of a unit's page, in words and links."""
