"""What people do to a text so that filters miss it, undone: `undo` in `undo.py` is the door."""

from models.undoing.aligned import Undone
from models.undoing.cleaning import clean
from models.undoing.undo import undo

__all__ = ["Undone", "clean", "undo"]
