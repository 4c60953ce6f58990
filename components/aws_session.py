"""A session with AWS that has the credentials of the stack's AWS provider."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

_REQUESTED = {
    "roleArn": "RoleArn",
    "sessionName": "RoleSessionName",
    "externalId": "ExternalId",
    "policy": "Policy",
    "sourceIdentity": "SourceIdentity",
    "transitiveTagKeys": "TransitiveTagKeys",
}
"""Names in a request to STS, by the provider's keys for a role."""


def clients(config: Mapping[str, Any]) -> Callable[[str], Any]:
    """A function that makes the client of a service, and keeps it."""
    current, retries = session(config), Config(retries={"mode": "standard", "max_attempts": 10})
    return cache(lambda service: current.client(service, config=retries))


def session(config: Mapping[str, Any]) -> boto3.Session:
    """A session for the `aws:` configuration of a stack, and the environment where that is silent.

    `config` has the provider's keys without `aws:`: region, profile, accessKey, secretKey, token,
    sharedConfigFiles, sharedCredentialsFiles, assumeRoleWithWebIdentity, assumeRoles. Raises
    botocore's errors.
    Source: https://www.pulumi.com/registry/packages/aws/installation-configuration/
    """
    core = botocore.session.Session(profile=config.get("profile"))
    for key, variable in (
        ("sharedConfigFiles", "config_file"),
        ("sharedCredentialsFiles", "credentials_file"),
    ):
        if files := config.get(key):
            core.set_config_variable(variable, files[0])
    current = boto3.Session(
        config.get("accessKey"),
        config.get("secretKey"),
        config.get("token"),
        region_name=config.get("region"),
        botocore_session=core,
    )
    if identity := config.get("assumeRoleWithWebIdentity"):
        token = identity.get("webIdentityToken")
        token = token or Path(identity["webIdentityTokenFile"]).read_text(encoding="utf-8")
        request = {**_request(identity), "WebIdentityToken": token}
        current = _assumed(current, "assume_role_with_web_identity", request)
    # The next role of a chain is assumed from the one before.
    for role in config.get("assumeRoles") or []:
        current = _assumed(current, "assume_role", _request(role))
    return current


def _request(role: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a role; credentials that expire are asked for again, whatever `duration`.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    request: dict[str, Any] = {
        "RoleSessionName": "pulumi",
        **{name: role[key] for key, name in _REQUESTED.items() if key in role},
    }
    if "policyArns" in role:
        request["PolicyArns"] = [{"arn": arn} for arn in role["policyArns"]]
    if "tags" in role:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in role["tags"].items()]
    return request


def _assumed(current: boto3.Session, operation: str, request: Mapping[str, str]) -> boto3.Session:
    credentials = getattr(_client(current, "sts"), operation)(**request)["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region_name=current.region_name,
    )


def _client(current: boto3.Session, service: str) -> Any:
    return current.client(service)
