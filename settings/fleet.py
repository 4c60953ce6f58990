"""The models of a fleet: its instances, their image, and what runs on them."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from openapi.model import Model

from .container import Container, Repository
from .instance_profile import Profile
from .logs import Logs
from .scaling import Scaling
from .secrets import SERVICES, Source, split
from .values import reject

Architecture = Literal["arm64", "x86_64"]
_GRAVITON = re.compile(r"^(a1|[a-z]+\d+g[a-z]*)\.")
# Names of another form, such as p6e-gb200, do not show the processor.
# Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
_REGULAR = re.compile(r"^[a-z]+\d+[a-z]*(-flex)?\.")
_IMAGE = re.compile(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?|/[\w./-]{1,1010}(?::[\w.-]{1,100})?")
_PARAMETER_WORDS = {"arm64": "arm64", "aarch64": "arm64", "x86_64": "x86_64", "amd64": "x86_64"}
_LATEST = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"


def _image(image: str) -> str:
    if not _IMAGE.fullmatch(image):
        reject("is neither the ID of an AMI nor the name of an SSM parameter that begins with /")
    return image


def _variable(name: str) -> str:
    if name == "PORT" or name.startswith("SERVICE_"):
        reject("is a name that the program sets itself: PORT, and all that begin with SERVICE_")
    return name


class Need(NamedTuple):
    """A service that instances have to reach."""

    key: str
    """The key of the fleet that needs it."""
    service: str
    """Its name in `network.endpoints.interfaces`; empty if it has none."""
    words: str


VariableName = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,127}$"), AfterValidator(_variable)]
VariableValue = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=2048)]


class Fleet(Model):
    """New instances in an Auto Scaling group (docs/your-service.md)."""

    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
    """EC2 instance type, such as t4g.micro."""
    min_size: Annotated[int, Field(ge=1, le=100)] = 2
    """Minimum number of instances, 1 to 100. An update waits until this many are healthy."""
    max_size: Annotated[int, Field(ge=1, le=100)] = 4
    """Maximum number of instances, 1 to 100. Only `scaling`, or somebody by hand, raises the size
    above `minSize`."""
    scaling: Scaling | None = None
    """What raises the size up to `maxSize`, and lowers it again: {cpuPercent: 60}, or
    {requestsPerInstance: 600}; by default nothing does."""
    image: Annotated[str, AfterValidator(_image)] | None = None
    """Image of the instances: the ID of an AMI, such as ami-0123456789abcdef0, or the name of an
    SSM parameter, such as /images/orders or /images/orders:3; by default the newest Amazon Linux
    2023."""
    root_device: Literal["/dev/xvda", "/dev/sda1"] | None = None
    """Root volume of `image`: `/dev/xvda`, as of Amazon Linux and by default, or `/dev/sda1`, as of
    Ubuntu."""
    architecture: Architecture | None = None
    """Architecture of the image; by default that of the instance type."""
    instance_profile: Profile | None = None
    """What the instances may do in AWS: the name of an existing instance profile, or
    `managedPolicies` and `statements` for a role that the stack creates; by default nothing."""
    ssm: bool = False
    """Whether people can log in through Session Manager, without an open port and a key pair. It
    adds AmazonSSMManagedInstanceCore to the role of the stack; the role of an existing profile is
    its owner's business. A new network needs `endpoints` with the service `ssm`, or `nat`."""
    user_data_file: str | None = None
    """File with the user data of the instances, relative to the project; by default the user data
    runs the sample service."""
    container: Container | None = None
    """A container image that runs in place of the sample service, on Amazon Linux. Its registry has
    to be reached: one of ECR through `network.endpoints` or `network.nat`, others through
    `network.nat`."""
    logs: Logs | None = None
    """Where the journal of the service goes: a log group of CloudWatch Logs, such as
    {retentionDays: 30}; by default it stays on the instance. Sending it costs 0.50 USD for each GB,
    and needs `network.endpoints` with `logs`, or `network.nat`. With `userDataFile`, it is the
    journal of the unit private-service.service."""
    environment: Annotated[dict[VariableName, VariableValue], Field(max_length=50)] = {}
    """Environment of the service, up to 50 variables such as {LOG_LEVEL: info}, each of one line
    and up to 2048 characters. Everyone who may describe the instances can read it. With
    `userDataFile` it is a file on the instance, /etc/private-service/environment, together with
    PORT."""

    secrets: Annotated[dict[VariableName, Source], Field(max_length=20)] = {}
    """Secrets of the service, up to 20 variables, each with its source: `secretsmanager:` or `ssm:`
    and the name or ARN of a secret or a parameter, such as {DB_PASSWORD: "ssm:/orders/db"}. The
    instances read them at every boot, with their role. With `userDataFile` they are in a file in
    memory, /run/private-service/secrets."""

    @property
    def needs(self) -> Iterator[Need]:
        """What the instances have to reach at their first boot."""
        if self.ssm:
            yield Need("ssm", "ssm", "Systems Manager")
        if self.logs:
            yield Need("logs", "logs", "CloudWatch Logs")
        for service in sorted({split(source)[0] for source in self.secrets.values()}):
            yield Need("secrets", service, SERVICES[service])

    @property
    def profile_name(self) -> str | None:
        """Name of the existing instance profile, if there is one."""
        return self.instance_profile if isinstance(self.instance_profile, str) else None

    @property
    def has_role(self) -> bool:
        """Whether the stack creates a role for the instances."""
        own = (self.instance_profile, self.ssm, self.secrets, self.logs, self.repository)
        return not self.profile_name and any(own)

    @property
    def repository(self) -> Repository | None:
        """The repository of ECR that the container is pulled from, if it is."""
        return self.container.repository if self.container else None

    @property
    def native(self) -> Architecture:
        """Architecture of the instance type, as far as its name shows it."""
        return "arm64" if _GRAVITON.match(self.instance_type) else "x86_64"

    @property
    def is_regular(self) -> bool:
        """Whether the name of the instance type shows its architecture."""
        return bool(_REGULAR.match(self.instance_type))

    @property
    def image_architecture(self) -> Architecture | None:
        """The architecture that the name of the image's parameter contains; None without one."""
        words = re.split(r"[/.:-]", self.image or "")
        found = {_PARAMETER_WORDS[word] for word in words if word in _PARAMETER_WORDS}
        return found.pop() if len(found) == 1 else None  # type: ignore[return-value]

    @property
    def image_id(self) -> str:
        """The image as EC2 takes it: the ID of an AMI, or `resolve:ssm:` with a parameter."""
        image = self.image or _LATEST + (self.architecture or self.native)
        return image if image.startswith("ami-") else f"resolve:ssm:{image}"
