"""Moto's server with the additions, as a program of Moto's own environment.

Listens on a port of loopback and ends by itself when its folder is deleted, so that nothing is left
behind by whoever deletes the folder, or forgets to stop it.
"""

import os
import sys
import threading
import time
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

import operations.local_aws.additions  # noqa: F401 - importing it changes Moto

_CHECK_SECONDS = 0.2


def _follow(folder: Path) -> None:
    while folder.exists():
        time.sleep(_CHECK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_follow, args=[Path(sys.argv[1])], daemon=True).start()
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[2]), application, threaded=True)
