"""SG407: what is fetched from the network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.paths import calls
from soorgeon_clone.lint.subject import Subject

_CALLS = (
    r"requests\.(?:get|post|put|delete|head|patch|request)|requests\.Session|httpx\.(?:get|post|put|delete|head|stream)|"
    r"urllib\.request\.(?:urlopen|urlretrieve)|urllib3\.PoolManager|wget\.download|gdown\.download|nltk\.download|"
    r"sklearn\.datasets\.fetch_\w+|seaborn\.load_dataset|statsmodels\.(?:api\.)?datasets\.get_rdataset|"
    r"datasets\.load_dataset|yfinance\.download|pandas_datareader\.\w+(?:\.\w+)*|kagglehub\.\w+|"
    r"statsmodels\.api\.datasets\.get_rdataset|torchvision\.datasets\.\w+|"
    r"(?:tensorflow\.)?keras\.datasets\.\w+\.load_data|tensorflow_datasets\.load|huggingface_hub\.\w+"
)
_READERS = r"(?:pandas|polars|geopandas|xarray|numpy)\.(?:read_\w+|open_\w+|loadtxt|genfromtxt|scan_\w+)"
_URL = r"(?:https?|ftp|s3|gs|gcs|hf)://"
_FETCHES = r"(?:^|[;&|]\s*)(?:wget|curl|git\s+clone|aws\s+s3|gsutil|kaggle|gdown|scp|rsync)\b"


class NetworkAccess:
    """A cell fetches something from the network.

    Why:
        The notebook works only while that server is up, gives what it gave, and can be reached. Keep a copy beside
        the notebook, or fetch it in a step of its own.

    Bad:
        df = pd.read_csv("https://example.com/data.csv")

    Good:
        df = pd.read_csv("data.csv")
    """

    code = "SG407"
    name = "network-access"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        hint = "Keep a copy beside the notebook."
        for call, path in calls(subject.names):
            if re.fullmatch(_CALLS, path) or (re.fullmatch(_READERS, path) and _names_url(call)):
                yield subject.at(call, f"`{path}` fetches from the network", rows=1, hint=hint)
        for cell in subject.script.cells:
            for magic in cell.magics:
                text = magic.line if magic.kind == "shell" else ""
                if re.search(_FETCHES, text.strip()):
                    yield Finding("fetches from the network", cell=cell.index, row=magic.row, column=1, hint=hint)


def _names_url(call: ast.Call) -> bool:
    texts = [
        node.value
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return any(re.match(_URL, text) for text in texts)
