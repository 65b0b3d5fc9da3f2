"""Add to a bill of materials (CycloneDX) what no package manager knows: the jars of the embedded servers and the base weights.

`python requirements/bom.py PYTHON.json` prints the whole. Run by `requirements/release` in an environment that holds Fanal alone.
"""

import json
import sys
from pathlib import Path
from typing import Any

from models.published import PACKAGE, VERSION, WEIGHTS_SHA256
from pipeline.local.jars import LICENCES, Jar, locked


def component(jar: Jar) -> dict[str, Any]:
    """A jar, fetched by the user's machine when it first starts embedded servers."""
    return {
        "type": "library",
        "bom-ref": f"jar:{jar.coordinates}",
        "group": jar.group,
        "name": jar.artifact,
        "version": jar.version,
        "purl": f"pkg:maven/{jar.group}/{jar.artifact}@{jar.version}",
        "hashes": [{"alg": "SHA-256", "content": jar.sha256}],
        "scope": "optional",
        "properties": [
            {"name": "fanal:bundle", "value": jar.bundle},
            {"name": "fanal:terms", "value": LICENCES[jar.bundle]},
        ],
    }


def weights() -> dict[str, Any]:
    """The base encoder that is fetched unless another is named."""
    return {
        "type": "machine-learning-model",
        "bom-ref": "weights:base",
        "name": "multilingual-e5-small",
        "version": f"{PACKAGE} {VERSION}",
        "hashes": [{"alg": "SHA-256", "content": WEIGHTS_SHA256}],
        "licenses": [{"license": {"id": "MIT"}}],
        "scope": "optional",
    }


def main(path: str) -> None:
    """Print the bill of materials of a file with what is missing."""
    bill = json.loads(Path(path).read_text(encoding="utf-8"))
    bill["components"] = [*bill.get("components", []), *map(component, locked()), weights()]
    json.dump(bill, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
