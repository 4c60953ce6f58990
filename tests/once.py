"""Results that cost time, made once in a test run and shared by its processes."""

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_made: dict[str, object] = {}
_folder: Path | None = None


def share(folder: Path) -> None:
    """Keep the results in a folder, which is the same for all processes of the test run."""
    global _folder  # noqa: PLW0603 - one for the process, as the results are
    folder.mkdir(exist_ok=True)
    _folder = _folder or folder


def once(name: str, make: Callable[[], T]) -> T:
    """What `make` returned the first time, in whichever process that was; never to be changed."""
    if name not in _made:
        _made[name] = _from_file(_folder / name, make) if _folder else make()
    return _made[name]  # type: ignore[return-value]


def _from_file(file: Path, make: Callable[[], T]) -> T:
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            found: T = pickle.loads(file.read_bytes())  # noqa: S301 - written below
            return found
        made = make()
        file.write_bytes(pickle.dumps(made))
        return made
