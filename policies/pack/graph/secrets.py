"""Recognising text that should not lie in the open. It only ever says yes or no.

The patterns are those of keys with a fixed shape, and of assignments to telling names.
"""

import re

_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access key ids
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"  # GitHub tokens
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"  # Slack tokens
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # JSON web tokens
    r"|://[^/\s:@$]+:[^/\s@$]+@"  # credentials in a URL
)
_TELLING = r"(?:passw(?:or)?d|passphrase|secret|credential|api_?key|access_?key|private_?key|token)"
_NAME = re.compile(_TELLING, re.IGNORECASE)
# A literal value, not a variable, a call or an attribute.
_ASSIGNMENT = re.compile(
    _TELLING + r"""\w*["']?\s*[:=]\s*["']?(?![$<{(])[A-Za-z0-9/+_=-]{8,}(?![\w.(\[{])""",
    re.IGNORECASE,
)


def holds_secret(text: str) -> bool:
    """Whether a text holds a key of a known shape, or assigns a literal to a telling name."""
    return bool(_SHAPES.search(text) or _ASSIGNMENT.search(text))


def names_secret(name: str) -> bool:
    """Whether a name promises a secret, as "dbPassword" does."""
    return bool(_NAME.search(name.replace("-", "_")))
