"""In which languages a hit's text is read by an analyzer of that language, beside the folding one that reads every text."""

import json
from collections.abc import Mapping

import msgspec

from pipeline.posts import Document
from pipeline.resources import config_dir

_UNSPACED = frozenset({"zh", "ja", "ko"})


def language_analyzers() -> dict[str, str]:
    """The analyzer of each language: those of `config/elasticsearch/analyzers.json`."""
    read: dict[str, str] = json.loads((config_dir() / "elasticsearch" / "analyzers.json").read_text(encoding="utf-8"))
    return read


def with_words(document: Document, languages: Mapping[str, str]) -> Document:
    """The document as it is indexed: its text once more under its own language, where that has an analyzer.

    Every language's analyzer over every text took six tenths of what the index spends on a hit.
    """
    lang = "cjk" if document.lang in _UNSPACED else document.lang
    return msgspec.structs.replace(document, words={lang: document.text}) if lang in languages else document
