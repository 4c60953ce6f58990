"""A container image in place of a program: the model, and what runs it on an instance."""

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from openapi.model import Model

from .boot import Boot, File
from .units import assignments, quoted, service
from .values import reject

STOP_SECONDS = 140
"""Seconds that a container has to finish: less than a target drains, so that the connections of an
instance that leaves are served to their end."""
_PULL = "/usr/local/lib/private-service/pull.sh"
_DOCKER = "/usr/bin/docker"
# Source: https://github.com/distribution/reference/blob/main/reference.go
_REFERENCE = re.compile(
    r"(?:(?P<registry>[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::[0-9]+)?|[a-zA-Z0-9-]+:[0-9]+|localhost)/)?"
    r"(?P<name>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<cn>\.cn)?"
)


class Repository(NamedTuple):
    """A repository of ECR."""

    account: str
    region: str
    partition: str
    name: str

    @property
    def arn(self) -> str:
        """ARN of the repository."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.name}"


def _image(image: str) -> str:
    parts = _REFERENCE.fullmatch(image)
    if not parts or len(image) > 512:  # noqa: PLR2004
        reject("is not a valid reference to a container image")
    if not parts["digest"] and parts["tag"] in (None, "latest"):
        reject("names no version, so that instances of one fleet may run different ones")
    return image


Argument = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=1024)]


class Container(Model):
    """A container that runs in place of the sample service."""

    image: Annotated[str, AfterValidator(_image)]
    """Image of the container with a tag or a digest, such as
    public.ecr.aws/docker/library/nginx:1.28 or
    111122223333.dkr.ecr.us-east-2.amazonaws.com/orders:1.4, for the architecture of the instance
    type. The role of the stack may pull from its repository, if that is in ECR."""
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Port that the service listens on in the container, 1 to 65535; by default `port` of the
    target. The container gets it as PORT."""
    command: Annotated[tuple[Argument, ...], Field(max_length=50)] = ()
    """Arguments in place of the image's own, such as [node, server.js]."""

    @property
    def registry(self) -> str:
        """Host of the image's registry."""
        parts = _REFERENCE.fullmatch(self.image)
        return (parts and parts["registry"]) or "docker.io"

    @property
    def repository(self) -> Repository | None:
        """The repository of ECR that the image is in; None if it is in another registry."""
        parts, host = _REFERENCE.fullmatch(self.image), _ECR.fullmatch(self.registry)
        if not parts or not host:
            return None
        region = host["region"]
        partition = "aws-cn" if host["cn"] else "aws-us-gov" if "us-gov-" in region else "aws"
        return Repository(host["account"], region, partition, parts["name"])


def running(
    container: Container, port: int, environment: Mapping[str, str], secrets: Mapping[str, str]
) -> Boot:
    """What runs a container on Amazon Linux, with `port` of the instance as its own.

    Only names are arguments of the command: the values are in the environment of the unit.
    """
    inner = container.port or port
    environment = {"PORT": str(inner), **environment}
    names = sorted({*environment, *secrets})
    run = [
        *(_DOCKER, "run", "--rm", "--name=private-service", "--log-driver=none"),
        *("--security-opt=no-new-privileges", f"--publish={port}:{inner}"),
        *(f"--env={name}" for name in names),
        *(container.image, *(quoted(word).replace("$", "$$") for word in container.command)),
    ]
    unit = service(
        after=["docker.service"],
        secrets=bool(secrets),
        lines=[
            *assignments(environment),
            f"ExecStartPre=/bin/bash {_PULL}",
            f"ExecStartPre=-{_DOCKER} rm --force private-service",
            f"ExecStart={' '.join(run)}",
            f"ExecStop=-{_DOCKER} stop --time={STOP_SECONDS} private-service",
            "SuccessExitStatus=143",
            "Restart=always",
            "RestartSec=5",
            # A registry that cannot be reached at first is asked again, for as long as it takes.
            "TimeoutStartSec=900",
            f"TimeoutStopSec={STOP_SECONDS + 10}",
        ],
    )
    install = (
        f"[ -x {_DOCKER} ] || for n in 1 2 3 4 5; do dnf install -y docker && break; sleep 10; done"
    )
    return Boot(
        (File(_PULL, _pull(container)), unit),
        (install, "systemctl daemon-reload", "systemctl enable --now docker.service"),
    )


def _pull(container: Container) -> str:
    lines = [
        "#!/bin/bash",
        "# Gets the image of the service, once.",
        "set -euo pipefail",
        # The credentials of the registry stay in memory.
        "export DOCKER_CONFIG=/run/private-service-registry",
        f"docker image inspect {container.image} > /dev/null 2>&1 && exit",
    ]
    if repository := container.repository:
        lines.append(
            f"aws ecr get-login-password --region {repository.region} |"
            f" docker login {container.registry} --username AWS --password-stdin"
        )
    return "\n".join([*lines, f"docker pull --quiet {container.image}", ""])
