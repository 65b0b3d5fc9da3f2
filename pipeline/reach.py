"""Whether somebody listens at an address: the name is looked up and the port is opened, and what fails is said."""

import socket

from pipeline.errors import FanalError
from pipeline.tls import PATIENCE_S


def opened(host: str, port: int, away: type[FanalError]) -> socket.socket:
    """A connection to a port, given up after five seconds. Close it.

    Raises:
        away: nobody is there; the message says what follows `HOST:PORT`.
    """
    try:
        return socket.create_connection((host, port), PATIENCE_S)
    except socket.gaierror:
        raise away(
            f"{host}:{port}: the host's name is not known here; is it written right, and does DNS know it?"
        ) from None
    except ConnectionRefusedError:
        raise away(f"{host}:{port}: nobody listens there; is it up, and is the port right?") from None
    except TimeoutError:
        raise away(f"{host}:{port}: no answer within {PATIENCE_S:.0f} s; does a firewall stand between?") from None
    except (OSError, UnicodeError, OverflowError) as error:
        raise away(f"{host}:{port}: cannot be reached ({type(error).__name__})") from None
