"""What the user data of an instance contains, however it is encoded."""

import base64
import binascii
import gzip
import re
import zlib
from email import message_from_string


def decode(text: str) -> str:
    """Decode user data: text, or base64 of text or gzip, with MIME parts and encoded files."""
    found = [_unpacked(text)]
    if _MIME.match(found[0]):
        parts = [part.get_payload(decode=True) for part in message_from_string(found[0]).walk()]
        found += [_text(part, "") for part in parts if isinstance(part, bytes)]
    return "\n".join([*found, *(_unpacked(file) for t in found for file in _FILE.findall(t))])


_MIME = re.compile(r"(?:[\w-]+:.*\n)*?(?:content-type:\s*multipart/|mime-version:)", re.IGNORECASE)
_FILE = re.compile(r"[A-Za-z0-9+/]{24,}(?:\s+[A-Za-z0-9+/]{24,})*(?:\s+[A-Za-z0-9+/]+(?==))?={0,2}")
"""A file in base64, as in `write_files`, that may be cut into lines."""


def _unpacked(text: str) -> str:
    """Text from base64; the text itself if it is not base64."""
    try:
        return _text(base64.b64decode("".join(text.split()), validate=True), text)
    except (binascii.Error, ValueError):
        return text


def _text(raw: bytes, otherwise: str) -> str:
    """Text from bytes, which may be compressed; another one if they are broken."""
    try:
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error):
        return otherwise
    return raw.decode(errors="replace")
