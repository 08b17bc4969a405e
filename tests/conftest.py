"""Makes `oracle` importable from every test file: what shows the same is asked in several rooms."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
