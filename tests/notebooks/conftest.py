"""Makes tools/ importable: the tests read the sources with the same code that builds the notebooks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
