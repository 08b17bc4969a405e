"""Texts -> the rows that hold credentials, as detect-secrets finds them (its only door).

detect-secrets takes longer to import than most notebooks take to lint, and it is asked about one line at a time. So a
line is shown to it only if one pattern says that it may hold something: the forms of all the tokens that it
knows, or an assignment of a text to a name such as ``password``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

# Tokens without a fixed part (of Twilio, Telegram, Discord): only a word beside them tells that they may be some.
_LETTERS_ONLY = r"(?:AC|SK)[a-z0-9]{32}|\d{8,10}:[0-9A-Za-z_-]{35}|[MNO][a-zA-Z\d_-]{23,25}\.[a-zA-Z\d_-]{6}\."
# The forms of tokens: the words of which one, in small letters, is in whatever the pattern finds; the pattern.
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("akia", "abia", "acca", "asia", "a3t"), r"(?:A3T[A-Z0-9]|AKIA|ABIA|ACCA|ASIA)[0-9A-Z]{16}"),
    (("aws_", "softlayer", "cloudant", "ibm"), r"(?i:softlayer|cloudant|\bibm|aws_).*[A-Za-z0-9/+_-]{24}"),
    (("akc",), r"AKC[a-zA-Z0-9]{10}"),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9_]{36}"),
    (("glpat-", "gldt-", "glft-", "glsoat-", "glrt-"), r"gl(?:pat|dt|ft|soat|rt)-[A-Za-z0-9_\-]{20}"),
    (("accountkey=", "gr1348941", "t3blbkfj", "_live_"), r"AccountKey=|GR1348941|T3BlbkFJ|[sr]k_live_"),
    (("private key", "sq0csp", "_authtoken", "pypi-ag"), r"PRIVATE KEY|sq0csp|_authToken|pypi-Ag"),
    (("eyj",), r"eyJ[\w=-]+\.[\w=-]"),
    (("://",), r"://[^\s/@'\"<>:]+:[^\s/@'\"<>]+@"),
    (("xox", "hooks.slack.com"), r"(?i:xox[abposr]-\d|hooks\.slack\.com)"),
    (("sg.",), r"SG\.[A-Za-z0-9_-]{22}\."),
    (("-us",), r"[0-9a-z]{32}-us[0-9]"),
    (("twilio", "bot_token"), _LETTERS_ONLY),
)
# A text that is given to a name such as password.
_NAMED = (
    ("key", "pass", "pwd", "secret", "token", "credential"),
    r"(?i:(?:api_?key|auth_?key|service_?key|account_?key|db_?key|database_?key|priv_?key|private_?key|client_?key|"
    r"db_?pass|database_?pass|key_?pass|password|passwd|pwd|secret|token|credential)\w*['\"\]]*\s*(?:=|:|,|=>)\s*"
    rf"[rbu]?['\"])|{_LETTERS_ONLY}",
)
_MOST_LINES = 10_000  # of one notebook's code, or of its other texts, that are looked at for one form
_LONGEST_LINE = 2000

_STRUCTURED = (
    *("ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector"),
    *("DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector"),
    *("IbmCosHmacDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector"),
    *("PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SoftlayerDetector"),
    *("SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector"),
)
# What people write where a secret would stand.
_PLACEHOLDER = (
    r"(?i)x{3,}|\*{3,}|\.{3}|<[^>]*>|\{[^}]*\}|your[-_ ]?|example|placeholder|change_?me|dummy|fake|redacted|"
    r"my[-_]?(?:secret|password|token|key)|^(?:test|none|null|true|false|secret|password|passwd|token|admin|user)\w{0,4}$"
)


def can_find() -> bool:
    """Tell whether detect-secrets is installed; without it no credential is found."""
    from importlib.util import find_spec

    return find_spec("detect_secrets") is not None


def secrets_in(texts: Sequence[str], *, is_code: bool) -> Iterator[tuple[int, int, str]]:
    """Yield (number of the text, row in it, kind) of each credential; passwords by name are looked for in code only.

    Without detect-secrets, none.
    """
    if not can_find():
        return
    whole = "\n".join(texts)  # looking for thirty words in thousands of short texts takes several times as long
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    for start, line in _suspicious_lines(whole, (*_FORMS, _NAMED) if is_code else _FORMS):
        if kind := _kind(line, is_code):
            number = bisect_right(starts, start) - 1
            yield number, whole.count("\n", starts[number], start) + 1, kind


def _suspicious_lines(text: str, forms: Sequence[tuple[tuple[str, ...], str]]) -> list[tuple[int, str]]:
    """Return the lines that may hold one of the forms, each with its place, in order."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters become two
        lowered = text
    found: dict[int, str] = {}
    for words, pattern in forms:
        looked_at = 0
        for word in words:
            position = lowered.find(word)
            while position >= 0 and looked_at < _MOST_LINES:
                start, stop = text.rfind("\n", 0, position) + 1, text.find("\n", position)
                stop = len(text) if stop < 0 else stop
                line = text[start:stop] if stop - start <= _LONGEST_LINE else ""
                if start not in found and re.search(pattern, line):
                    found[start] = line
                looked_at += 1
                position = lowered.find(word, stop)
    return sorted(found.items())


def _kind(line: str, is_code: bool) -> str:
    structured, keyword = _detectors()
    for detector in structured:
        for found in detector.analyze_line(filename="cell", line=line, line_number=1):
            value = found.secret_value or ""  # of some kinds only the fixed part
            if not _is_placeholder(value if len(value) >= 8 else line):
                return str(found.type)
    if is_code:
        for found in keyword.analyze_line(filename="cell.py", line=line, line_number=1):
            value = found.secret_value or ""
            if len(value) >= 6 and not _is_placeholder(value) and f"{value}(" not in line:
                return str(found.type)
    return ""


def _is_placeholder(value: str) -> bool:
    return re.search(_PLACEHOLDER, value) is not None or len(set(value)) < 4


@cache
def _detectors() -> tuple[list[Any], Any]:
    """Return detect-secrets' detectors: those that know a token's form, and the one that looks at names."""
    import importlib
    import pkgutil

    from detect_secrets import plugins
    from detect_secrets.plugins.keyword import KeywordDetector

    found: list[Any] = []
    for module in pkgutil.iter_modules(plugins.__path__):
        if module.name in ("base", "high_entropy_strings", "ip_public", "keyword"):
            continue
        loaded = importlib.import_module(f"{plugins.__name__}.{module.name}")
        found += [value() for name, value in vars(loaded).items() if name in _STRUCTURED]
    return found, KeywordDetector()
