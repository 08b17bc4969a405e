"""What looks like a credential, and what only resembles one."""

from __future__ import annotations

import pytest

from lint.notebooks import code, ipynb
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.credentials import secrets_in

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"


@pytest.mark.parametrize(
    "line",
    [
        f'token = "ghp_{LETTERS}"',
        'key = "AKIAIOSFODNN7ABCDEFG"',
        'requests.get("https://ann:h0rs3b4ttery@example.com/x")',
        f'slack = "xoxb-123456789012-1234567890123-{LETTERS[:24]}"',
        "-----BEGIN RSA PRIVATE KEY-----",
        f'stripe.api_key = "sk_live_{LETTERS[:24]}"',
        'db_password = "h0rs3b4ttery"',
        'config = {"api_key": "h0rs3-b4ttery-st4ple"}',
        f'"glpat-{LETTERS[:20]}"',
    ],
)
def test_found(line: str) -> None:
    assert [(number, row) for number, row, _ in secrets_in(["", f"x = 1\n{line}\ny = 2"], is_code=True)] == [(1, 2)]


@pytest.mark.parametrize(
    "line",
    [
        'password = os.environ["DB_PASSWORD"]',
        'password = getpass("Password: ")',
        'password = "********"',
        'token = "<your-token>"',
        'api_key = "YOUR_API_KEY"',
        'api_key = f"{prefix}"',
        'key = "AKIAIOSFODNN7EXAMPLE"',
        'url = "https://example.com/a:b@c"',
        'tokens = "one two three".split()',
        "tokenizer = Tokenizer(token='[MASK]')",
        'commit = "3f786850e387550fdab836ed7e6dc881de23001b"',
        "x = df['password_length'] > 3",
    ],
)
def test_not_found(line: str) -> None:
    assert not list(secrets_in([line], is_code=True))


def test_outputs_are_looked_at_and_the_value_is_not_shown() -> None:
    secret = f"ghp_{LETTERS}"
    output = {"output_type": "stream", "name": "stdout", "text": [f"token: {secret}\n"]}
    result = check_bytes(ipynb(code("print(token)", 1, output)), None, Settings(select=("SG406",)))
    assert [one.finding.message for one in result.diagnostics] == [
        "its outputs show what looks like a credential (GitHub Token)"
    ]
    assert secret not in repr(result)
