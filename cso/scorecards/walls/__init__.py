"""Screens that everybody in a place passes."""
