"""Turn text into the token ids of the base encoder (a SentencePiece unigram vocabulary, as XLM-RoBERTa's)."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, pre_tokenizers, processors
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
    ends = [("<s>", START), ("</s>", END)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return tokenizer


class Tokens:
    """A tokenizer and, where its vocabulary comes without a normaliser of its own, the code point map instead.

    The packed base is such a case: SentencePiece's own form of the map is a compiled trie that the published weights do
    not carry. The map is applied here, after composition (NFC), so composed and decomposed accents come out alike.
    A tokenizer that brings its normaliser is used as it is: the ids are those that `transformers` gives.
    """

    def __init__(self, tokenizer: Tokenizer, normal_forms: dict[int, str], longest: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._start, self._end = tokenizer.encode("").ids
        self._tokenizer = tokenizer
        self._composes = bool(normal_forms)
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
        return [[self._start, *one.ids[:room], self._end] for one in found]

    def _normalise(self, text: str) -> str:
        text = text[: self._longest * _CHARACTERS_A_TOKEN]
        if self._composes:
            text = unicodedata.normalize("NFC", text)
        return text.translate(self._normal_forms)
