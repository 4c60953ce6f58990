"""A stack as it would be published: the recorded program, and who stands behind which host."""

from pathlib import Path

from operations import stack_file
from operations.recording import Phase, Recording
from operations.rehearse import ROOT, run
from operations.site import Publication
from settings import FleetTarget, InstancesTarget, Settings

_TARGET = "privateapi:index:NlbTarget"


def load(stack: str, root: Path = ROOT) -> Publication:
    """What a stack publishes; raises StackFileError or ConfigError."""
    file = stack_file.read(root, stack)
    settings = Settings.read(
        file.config, title=f"{file.project}-{stack}", secret_keys=file.secret_keys
    )
    recording = run(file, Phase.UPDATE)
    promised = {
        f"{route.method} {route.path}": route.backend_path or route.path.replace("+}", "}")
        for route in settings.routes
    }
    cors = settings.api.cors
    return Publication.of(
        recording,
        _hosts(settings, recording),
        backend_paths=promised,
        allow_origin=cors.allow_origin if cors else "",
    )


def _hosts(settings: Settings, recording: Recording) -> dict[str, str]:
    """Name of the target by its host."""
    return {
        recording.one(_TARGET, name).outputs["host"]
        if isinstance(target, FleetTarget | InstancesTarget)
        else target.address: name
        for name, target in settings.targets.items()
    }
