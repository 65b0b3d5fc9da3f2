"""The reference is that of the code as it is."""

import pytest

from tests.reference import FOLDER, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_of_the_reference_is_current(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run python -m tests.reference"


def test_the_reference_names_what_a_person_looks_for() -> None:
    assert "## `fanal score`" in pages()["commands.md"]
    assert "FANAL_KAFKA_BOOTSTRAP" in pages()["settings.md"]
    assert "`posts.rejected`" in pages()["topics.md"]
    assert "`priority`" in pages()["fields.md"]
    assert "| 2 | `ConfigurationError` |" in pages()["exit-codes.md"]


def test_every_page_but_the_decisions_stands_in_the_sites_contents() -> None:
    contents = (FOLDER.parent.parent / "mkdocs.yml").read_text(encoding="utf-8")
    pages_ = {str(page.relative_to(FOLDER.parent)) for page in FOLDER.parent.rglob("*.md")}
    left = {page for page in pages_ if page not in contents and not page.startswith(("decisions/", "runbooks/"))}
    assert left == set()
