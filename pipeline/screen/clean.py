"""What the classifier reads of a post: without what people put into a text so that filters miss it.

The language is found on the same text. Analysts see the post as it was written (`pipeline.screen.masking`);
`models.undoing.undo` gives the way back to it.
"""

from models.undoing import undo


def clean(text: str) -> str:
    """Undo evasion, fold compatibility forms (NFKC), and collapse white space."""
    return undo(text).text
