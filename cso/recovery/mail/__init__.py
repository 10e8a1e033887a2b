"""Mistakes that are told by mail: read, threaded to their case, and polled from mailboxes."""
