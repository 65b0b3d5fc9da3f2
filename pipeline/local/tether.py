"""Become a program that Linux ends when its parent ends: `tether.py PARENT PROGRAM [ARGUMENT ...]`.

A program of its own, with nothing but the standard library, since the alternative (code between fork and exec in a
process that has threads) can deadlock. The wish survives the exec; the process id stays the same.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask for SIGTERM at the parent's end, see whether it has ended already, and become the program."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606  # a list, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
