"""The system's end of the connection: one frame out, one frame back, within a time."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Final

from ..model.errors import InvalidConfiguration
from .wire import HEAD, LONGEST, FromSystem, FromVenue, Garbled, Refusal, framed, from_venue, length_of

_PORTS: Final = 65_535


class LinkDown(Exception):
    """The venue could not be reached, did not answer in time, or said what cannot be. It never leaves remote/."""


def address_of(value: object) -> tuple[str, int]:
    """Take HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        InvalidConfiguration: for anything else.
    """
    rule = "must be HOST:PORT"
    if type(value) is not str:
        raise InvalidConfiguration.of("address", value, rule)
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and len(port) <= len(str(_PORTS))):
        raise InvalidConfiguration.of("address", value, rule)
    if int(port) > _PORTS:
        raise InvalidConfiguration.of("address", value, f"must have a port of at most {_PORTS}")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Link:
    """One connection at a time to one venue; used by one thread at a time, but for close().

    Args:
        host, port: where the venue listens.
        timeout: seconds in which a connection must stand, and in which an answer must have come.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._address = (host, port)
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect anew.

        Raises:
            LinkDown: when nobody answers.
        """
        self.close()
        try:
            connected = socket.create_connection(self._address, self._timeout)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise LinkDown(_told(error)) from error
        self._socket = connected

    def ask(self, message: FromSystem) -> FromVenue:
        """Send a frame and return the one that answers it.

        Raises:
            LinkDown: when none comes in time, or none that can be trusted; the connection has ended.
        """
        connected = self._socket
        if connected is None:
            msg = "there is no connection"
            raise LinkDown(msg)
        end = time.monotonic() + self._timeout
        try:
            connected.settimeout(self._timeout)
            connected.sendall(framed(message))
            answer = from_venue(self._read(connected, length_of(self._read(connected, HEAD, end), LONGEST), end))
        except (OSError, Garbled) as error:
            self.close()
            raise LinkDown(_told(error)) from error
        if isinstance(answer, Refusal):
            self.close()
            raise LinkDown(answer.text)
        return answer

    def _read(self, connected: socket.socket, count: int, end: float) -> bytes:
        read = bytearray()
        while len(read) < count:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connected.settimeout(left)
            part = connected.recv(min(count - len(read), 1 << 20))
            if not part:
                msg = "the venue has closed the connection"
                raise ConnectionError(msg)
            read += part
        return bytes(read)

    def close(self) -> None:
        """Disconnect; also from another thread, which ends what waits for an answer."""
        connected, self._socket = self._socket, None
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
            connected.close()


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the venue has not answered in time"
    text = str(error) or type(error).__name__
    return text if text.isprintable() else ascii(text)[1:-1]
