"""Copy the figures of the executed solutions into docs/pictures/, where README shows them.

python tools/pictures.py
"""

import base64
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """One PNG a figure, named after its lesson and its place in it."""
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
        figures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        for number, figure in enumerate(figures, start=1):
            target = folder / f"{path.stem[:2]}-{number}.png"
            target.write_bytes(base64.b64decode(figure))
            print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
