"""A Jetstream of our own on loopback, and events for it."""

from tests.fakes_jetstream.answers import Behaviour
from tests.fakes_jetstream.events import Happened, Synthetic, seen_as
from tests.fakes_jetstream.server import FakeJetstream

__all__ = ["Behaviour", "FakeJetstream", "Happened", "Synthetic", "seen_as"]
