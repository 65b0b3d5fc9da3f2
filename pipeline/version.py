"""The version, from the installed package."""

from importlib.metadata import version as _installed

VERSION = _installed("fanal")
