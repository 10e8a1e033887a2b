"""From facts to cells: marks, recounts, rebuilds, and each tenant's turn of it."""
