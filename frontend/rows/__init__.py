"""Rows of tables, ready to be shown on a page or written to a file."""
