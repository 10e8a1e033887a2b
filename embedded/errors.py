"""What can go wrong with the embedded servers, as sentences for the person at the terminal."""


class ServersError(Exception):
    """A server does not start."""


class InUseError(ServersError):
    """Another program holds the data folder."""
