from __future__ import annotations

import pytest

from soorgeon_clone.refactor.imports import arrange

CASES = [
    # standard library first and sorted, libraries in their order, own modules last
    (["import pandas as pd", "import os", "from exported import f", "import json", "from math import pi"],
     "import json\nimport os\nfrom math import pi\n\nimport pandas as pd\n\nfrom exported import f"),
    (["import b", "import a"], "import b\nimport a"),
    (["import os", "import os"], "import os"),
    (["from a import x", "import c", "from a import y as z"], "from a import x, y as z\nimport c"),
    (["from a import x  # why", "from a import y"], "from a import x  # why\nfrom a import y"),
    (["import os; import sys"], "import os\nimport sys"),
    (["import pandas", "from __future__ import annotations"], "from __future__ import annotations\n\nimport pandas"),
    # one name, two meanings: the order decides
    (["import numpy", "import cloudpickle as pickle", "import pickle"],
     "import numpy\nimport cloudpickle as pickle\nimport pickle"),
    (["import b", "from a import *", "import os"], "import b\nfrom a import *\nimport os"),
    (["import b", "try:\n    import x\nexcept ImportError:\n    x = None", "import os"],
     "import b\ntry:\n    import x\nexcept ImportError:\n    x = None\nimport os"),
    (["import xml.dom", "import xml.sax"], "import xml.dom\nimport xml.sax"),
    (["from . import a"], "from . import a"),
    ([], ""),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "text"), CASES)
def test_arrange(statements: list[str], text: str) -> None:
    assert arrange(statements, ["exported"]) == text


def test_long_lists_of_names_take_several_lines() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(5)]
    expected = "from a import (\n" + "".join(f"    {name},\n" for name in names) + ")"
    assert arrange([f"from a import {name}" for name in names]) == expected
