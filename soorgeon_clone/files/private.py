"""The names under which people keep keys and passwords -> files that never leave this machine with a project.

One list for all that packs a project: the image of an export, the sources that are sent to a cluster.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

# Of a file or a folder, wherever it lies.
NAMES = (
    *(".env", ".env.*", "*.env", ".envrc"),
    *("*.key", "*.pem", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*"),
    *(
        "credentials*",
        "*credentials.json",
        "*service-account*.json",
        "*service_account*.json",
        "client_secret*.json",
        "gha-creds-*.json",
    ),
    *("secrets.toml", "secrets.yaml", "secrets.yml", "secrets.json", "secrets.ini"),
    *(
        ".netrc",
        "_netrc",
        ".pypirc",
        ".npmrc",
        ".pgpass",
        ".my.cnf",
        ".htpasswd",
        ".git-credentials",
        ".s3cfg",
        ".boto",
    ),
    *(".aws", ".ssh", ".gnupg", ".kube", ".docker", ".dockercfg", ".azure", "gcloud", "kubeconfig"),
)
# Keys of SSH have names of people's own: id_work, id_github.pub; but not id_map.csv, and no folder id_maps/.
_SSH_KEY = re.compile(r"id_[^.]+(\.pub)?|id_\.[^.]*")
_SSH_PATTERNS = ("**/id_?*", "!**/id_?*/**", "**/id_?*/**/id_?*", "!**/id_?*.*", "**/id_?*.pub")


def is_private(path: str) -> bool:
    """Return whether a file (a path with forward slashes) is one that stays, by its name or that of a folder."""
    parts = path.split("/")
    return bool(_SSH_KEY.fullmatch(parts[-1])) or any(fnmatchcase(part, name) for part in parts for name in NAMES)


def docker_patterns() -> tuple[str, ...]:
    """Return the same as lines of .dockerignore; what comes after them must not take one of them back."""
    return (*_SSH_PATTERNS, *(f"**/{name}" for name in NAMES))
