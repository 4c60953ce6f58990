"""Recognizing secrets in text. The functions only answer yes or no, and never return the secret.

The patterns are keys of a fixed format, and assignments to names such as "password".
"""

import re

_KEY_FORMATS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access key ids
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"  # GitHub tokens
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"  # Slack tokens
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # JSON web tokens
    r"|://[^/\s:@$]+:[^/\s@$]+@"  # credentials in a URL
)
_WORDS = r"(?:passw(?:or)?d|passphrase|secret|credential|api_?key|access_?key|private_?key|token)"
_NAME = re.compile(_WORDS, re.IGNORECASE)
# A literal value, not a variable, a call or an attribute.
_ASSIGNMENT = re.compile(
    _WORDS + r"""\w*["']?\s*[:=]\s*["']?(?![$<{(])[A-Za-z0-9/+_=-]{8,}(?![\w.(\[{])""",
    re.IGNORECASE,
)


def holds_secret(text: str) -> bool:
    """Whether a text contains a key of a known format, or assigns a literal to such a name."""
    return bool(_KEY_FORMATS.search(text) or _ASSIGNMENT.search(text))


def names_secret(name: str) -> bool:
    """Whether a name suggests a secret, as "dbPassword" does."""
    return bool(_NAME.search(name.replace("-", "_")))
