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
_WORDS = (
    r"(?:passw(?:or)?d|passphrase|secret|credential|api_?key|access_?key|private_?key|token"
    r"|(?<![a-z])(?:pwd|pass)(?![a-z]))"
)
_NAME = re.compile(_WORDS, re.IGNORECASE)
# Names that continue like these hold a reference to a secret, or say something about one.
_REFERENCE = (
    r"(?![\w-]{0,40}?(?:arn|id|name|path|file|dir|ur[il]|host|length|count|ttl|type|version"
    r"|expir\w*|seconds|days|policy|header|prefix|suffix)(?![a-z]))"
)
_QUOTE = r"\\?[\"']"
# Neither a variable, a call nor a placeholder, nor a path, an address or a word of a language.
_NO_LITERAL = (
    r"(?![$<{(`%~/.]|[\w-]+:/|arn:"
    r"|(?:true|false|none|null|nil|yes|no|str|string|required|optional|enabled|disabled)\b)"
)
_ASSIGNMENT = re.compile(
    rf"{_WORDS}{_REFERENCE}\w{{0,40}}(?:"
    # PASSWORD=text, as in a shell, an environment file or a connection string
    rf"=(?!=){_NO_LITERAL}[^\s\"'\\;&,)(\[\]{{}}]{{6,}}(?![\w.(\[{{])"
    # "password": "text", password = 'text', --password "text"
    rf"|(?:{_QUOTE})?\s*(?::=|=>|[:=\s])\s*{_QUOTE}{_NO_LITERAL}[^\"'\\\r\n]{{5,}}{_QUOTE}"
    # password: text, password = text
    rf"|(?:{_QUOTE})?\s*(?::=|=>|[:=])\s*{_NO_LITERAL}[A-Za-z0-9/+_=!@#^*-]{{8,}}(?![\w.(\[{{])"
    r")",
    re.IGNORECASE,
)
_ARNS = re.compile(r"arn:[\w-]+:[^\s\"'\\,;]+")
_OPTION = re.compile(
    rf"-[\w-]{{0,40}}{_WORDS}{_REFERENCE}[\w-]{{0,40}}[ =]{_NO_LITERAL}(?!-)[^\s\"']{{5,}}",
    re.IGNORECASE,
)


def holds_secret(text: str) -> bool:
    """Whether a text contains a key of a known format, or assigns a literal to such a name."""
    text = _ARNS.sub("arn", text)  # "secret:name" in one is not an assignment
    return any(found.search(text) for found in (_KEY_FORMATS, _ASSIGNMENT, _OPTION))


def names_secret(name: str) -> bool:
    """Whether a name suggests a secret, as "dbPassword" does."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("-", "_"))
    return bool(_NAME.search(words) or _NAME.search(name))
