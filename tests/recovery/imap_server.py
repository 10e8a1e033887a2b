"""A small IMAP server on a real socket: one mailbox, as much of RFC 3501 as a poll needs."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """`mails` by their UID; a mail of None is named and not sent. `log` holds every line that a client sent."""

    password: str = "secret"
    mails: dict[int, bytes | None] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    # What is said instead of the size of each mail, as a hostile server would.
    claimed_size: int | None = None


class _Client(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline():
            said = line.decode().strip()
            self.server.mailbox.log.append(said)
            tag, _, rest = said.partition(" ")
            command = rest.upper()
            if command.startswith("LOGOUT"):
                self.say("* BYE bye")
                self.say(f"{tag} OK bye")
                return
            self.say(f"{tag} {self.answer(command, rest)}")

    def answer(self, command: str, rest: str) -> str:
        mailbox = self.server.mailbox
        if command.startswith("CAPABILITY"):
            self.say("* CAPABILITY IMAP4rev1")
        elif command.startswith("LOGIN"):
            return "OK in" if rest.endswith(f'"{mailbox.password}"') else "NO [AUTHENTICATIONFAILED] wrong password"
        elif command.startswith("SELECT"):
            if rest.split(" ", 1)[1] != '"INBOX"':
                return "NO no such folder"
            self.say(f"* {len(mailbox.mails)} EXISTS")
        elif command.startswith("UID SEARCH UNSEEN"):
            self.say("* SEARCH " + " ".join(str(uid) for uid in mailbox.mails if uid not in mailbox.seen))
        elif command.startswith("UID FETCH"):
            self.fetch(int(rest.split()[2]))
        elif command.startswith("UID STORE"):
            mailbox.seen.add(int(rest.split()[2]))
        else:
            return "BAD unknown"
        return "OK done"

    def fetch(self, uid: int) -> None:
        mailbox = self.server.mailbox
        raw = mailbox.mails[uid]
        if raw is None:
            return
        limit = re.search(r"<0\.(\d+)>", mailbox.log[-1])
        sent = raw[: int(limit[1])] if limit else raw
        size = mailbox.claimed_size or len(sent)
        self.say(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{size}}}")
        self.wfile.write(sent)
        self.say(")")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    mailbox: Mailbox


@contextmanager
def imap_server() -> Iterator[tuple[Mailbox, int]]:
    """The mailbox, and the port on which it is served."""
    with _Server(("127.0.0.1", 0), _Client) as server:
        server.mailbox = Mailbox()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.mailbox, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
