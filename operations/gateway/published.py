"""A stack as it would be published: the run program, and who stands behind which host."""

import re
from pathlib import Path

from operations.gateway.site import Publication
from settings import FleetTarget, InstancesTarget, Settings
from simulation import stack_file
from simulation.engine import Phase, Run
from simulation.rehearsal import ROOT, run_stack

_TARGET = "privateapi:index:NlbTarget"


def load(stack: str, root: Path = ROOT, run: Run | None = None) -> Publication:
    """What a stack publishes; raises StackFileError or ConfigError.

    `run` is its program run at update, if there is such a run already.
    """
    file = stack_file.read(root, stack)
    settings = Settings.read(
        file.config, title=f"{file.project}-{stack}", secret_keys=file.secret_keys
    )
    run = run or run_stack(file, Phase.UPDATE)
    promised = {f"{route.method} {route.path}": route.service_path for route in settings.routes}
    cors = settings.api.cors
    return Publication.of(
        run,
        _hosts(settings, run),
        backend_paths=promised,
        allow_origin=cors.allow_origin if cors else "",
    )


def read_from(stack: str, root: Path = ROOT) -> list[Path]:
    """The files that a stack is read from, those its configuration names included."""
    text = stack_file.read(root, stack).config.get("private-api:api", "")
    # The configuration may still be wrong here: it is only searched for names of files.
    named = re.findall(r'"(?:definitionFile|resourcePolicyFile)":"([^"]+)"', text)
    own = [root / "Pulumi.yaml", stack_file.path_of(root, stack)]
    return own + [root / name for name in named]


def _hosts(settings: Settings, run: Run) -> dict[str, str]:
    """Name of the target by its host."""
    return {
        run.one(_TARGET, name).outputs["host"]
        if isinstance(target, FleetTarget | InstancesTarget)
        else target.address: name
        for name, target in settings.targets.items()
    }
