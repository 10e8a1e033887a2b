"""What leaders are scored by, and their scores."""
