"""The pages of the committees: from a nomination to the effect of a kill."""
