"""The servers of a document, in whose place the stages of the API are."""

import re
from typing import Any

from openapi.document import mapping, sequence
from openapi.endpoint import CONFIGURATION, DISABLED
from openapi.findings import Findings
from openapi.paths import Steps


def base_path(content: Any, findings: Findings, *, prepend: bool, closed: bool = False) -> str:
    """The path that goes before all others; empty unless `prepend`.

    `closed` says that the stack disables the API's own endpoint, as a server may.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html
    """
    servers = content.get("servers")
    if servers is None:
        return ""
    if not isinstance(servers, list):
        findings.refuse(("servers",), "is not a list. Correct it.")
    findings.leave_out("servers", ("servers",))
    paths: dict[str, Steps] = {}
    for position, server in enumerate(sequence(servers)):
        steps: Steps = ("servers", position)
        endpoint = mapping(server).get(CONFIGURATION)
        _check_endpoint((*steps, CONFIGURATION), endpoint, findings, closed=closed)
        paths.setdefault(_path(server), (*steps, "url"))
    found = [path for path in paths if path]
    if not prepend:
        for path in found:
            findings.advise(
                "servers",
                f"have the path {path}, which is not part of the API's URLs, nor of the requests "
                "to the service. With `basePath: prepend` it goes before every path.",
            )
        return ""
    if len(paths) > 1:
        listed = ", ".join(path or "/" for path in paths)
        text = f"have several paths ({listed}), and one can be prepended. Keep one server."
        findings.refuse(("servers",), text)
    return found[0] if found else ""


def _path(server: Any) -> str:
    """The path of a server's URL, its variables replaced by their defaults."""
    url = str(mapping(server).get("url", ""))
    if ".execute-api." in url:  # its path is a stage
        return ""
    variables = mapping(mapping(server).get("variables"))
    url = re.sub(r"\{(\w+)\}", lambda m: str(mapping(variables.get(m[1])).get("default", "")), url)
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", url).strip("/")
    return f"/{path}" if path else ""


def _check_endpoint(steps: Steps, value: Any, findings: Findings, *, closed: bool) -> None:
    """Refuse what would close a door that stays open here."""
    endpoint = mapping(value)
    if endpoint.get(DISABLED) not in (None, False, closed):
        findings.refuse(
            (*steps, DISABLED),
            "closes the API's own endpoint, which the stack leaves open. Set `defaultEndpoint: "
            "disabled` there, or remove it.",
        )
    if endpoint.get("vpcEndpointIds"):
        findings.refuse(
            (*steps, "vpcEndpointIds"),
            "belongs to the stack. Set `endpointType: private` and `vpcEndpoints` there, and "
            "remove it here.",
        )
    for key in endpoint.keys() - {DISABLED, "vpcEndpointIds"}:
        findings.refuse((*steps, key), "is not an option of an endpoint. Remove it.")
