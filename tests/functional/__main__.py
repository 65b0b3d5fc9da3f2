"""`python -m tests.functional [FILE]`: score the suite as posts are scored, and print, or write, the table."""

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.commands import parts
from pipeline.screen.clean import clean
from pipeline.settings import Settings
from tests.functional.suite import evaded_cases, passes, read_cases, table


def main() -> None:
    """Score and print."""
    classifier = parts.classifier(Settings.read())
    cases = [replace(case, text=clean(case.text)) for case in (*read_cases(), *evaded_cases())]
    text = f"# The functional suite\n\n{len(cases)} cases, {classifier.model}, flagged at review level.\n\n"
    text += table(passes(cases, classifier)) + "\n"
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
