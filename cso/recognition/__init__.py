"""Recognition: heroes, named with what they did."""
