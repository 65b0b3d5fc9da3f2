"""Writes the dashboards that are committed beside it: `python -m grafana.dashboards`."""

from pathlib import Path

from grafana.boards import model, offers, pipeline, sources
from grafana.building import as_json
from grafana.panels import Choice

FOLDER = Path(__file__).resolve().parent / "dashboards"
BOARDS = (pipeline.BOARD, model.BOARD, sources.BOARD, offers.BOARD)
KNOWN_BY = Choice("job", "Job", "fanal_build_info")
"""Every process of Fanal has it."""


def rendered() -> dict[Path, str]:
    """The text of every dashboard by the file that holds it."""
    return {FOLDER / f"{board.title.lower()}.json": as_json(board, KNOWN_BY) for board in BOARDS}


def main() -> None:
    """Write them all; a file of a dashboard that is no more goes."""
    FOLDER.mkdir(exist_ok=True)
    texts = rendered()
    for path in set(FOLDER.glob("*.json")) - texts.keys():
        path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
