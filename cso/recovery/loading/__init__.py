"""Many cases at once: lines of a file or a request become cases, set by set."""
