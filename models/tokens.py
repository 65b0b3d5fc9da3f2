"""Turn text into the token ids of the base encoder (a SentencePiece unigram vocabulary, as XLM-RoBERTa's)."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import Unigram

START, PAD, END, UNKNOWN = 0, 1, 2, 3
PREFIX = "query: "

_SURROGATES = range(0xD800, 0xE000)  # half characters, which JSON can carry and UTF-8 cannot
_CHARACTERS_A_TOKEN = 16  # more than any text needs to fill the longest input, so that a huge post costs no more


def build_tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """Build the tokenizer of a unigram vocabulary whose ids are the positions in `pieces`."""
    tokenizer = Tokenizer(Unigram(pieces, unk_id=UNKNOWN, byte_fallback=False))
    marked = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), marked])
    return tokenizer


class Tokens:
    """The tokenizer together with the code point map that its vocabulary was learnt under.

    The map is applied here, after composition (NFC), because SentencePiece's own form of it is a compiled trie that
    the published weights do not carry. Composed and decomposed accents come out alike.
    """

    def __init__(self, tokenizer: Tokenizer, normal_forms: dict[int, str], longest: int) -> None:
        self._tokenizer = tokenizer
        self._normal_forms = {**normal_forms, **dict.fromkeys(_SURROGATES, "")}
        self._longest = longest

    @classmethod
    def load(cls, folder: Path, longest: int) -> "Tokens":
        """Load `tokenizer.json` and `normal_forms.json` from a converted base folder."""
        forms = json.loads((folder / "normal_forms.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return cls(tokenizer, {int(point): form for point, form in forms.items()}, longest)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Give each text's ids, with the prefix and between the start and end tokens, cut to the longest length."""
        prepared = [self._normalise(PREFIX + text) for text in texts]
        found = self._tokenizer.encode_batch_fast(prepared, add_special_tokens=False)
        room = self._longest - 2
        return [[START, *one.ids[:room], END] for one in found]

    def _normalise(self, text: str) -> str:
        text = text[: self._longest * _CHARACTERS_A_TOKEN]
        return unicodedata.normalize("NFC", text).translate(self._normal_forms)
