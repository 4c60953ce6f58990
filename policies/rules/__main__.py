"""Print the documentation of the rules."""

import sys
from pathlib import Path

from . import AREAS
from .page import page, read_configs

sys.stdout.write(page(AREAS, read_configs(Path(__file__).parent.parent)))
