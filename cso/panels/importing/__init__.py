"""Responses that were given elsewhere: read by a code list, and loaded by the thousand."""
