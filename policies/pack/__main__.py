"""Print the documentation of the rules."""

import sys
from pathlib import Path

from .framework.documentation import page, read_configs
from .rules import AREAS

sys.stdout.write(page(AREAS, read_configs(Path(__file__).parent.parent)))
