"""Mail to people outside and inside: written in the transaction of the act, sent after it, at least once."""
