"""A session with AWS that has the credentials of the stack's AWS provider."""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
import botocore.session


def session(config: Mapping[str, Any]) -> boto3.Session:
    """A session for the `aws:` configuration of a stack, and the environment where that is silent.

    `config` has the provider's keys without `aws:`: region, profile, accessKey, secretKey, token,
    sharedConfigFiles, sharedCredentialsFiles, assumeRoles. Raises botocore's errors.
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
    for role in _roles(config):
        current = _assumed(current, role)
    return current


def _roles(config: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    roles: Sequence[Mapping[str, Any]] = config.get("assumeRoles") or []
    return [role for role in roles if role.get("roleArn")]


def _assumed(current: boto3.Session, role: Mapping[str, Any]) -> boto3.Session:
    """The session of a role; the next role of a chain is assumed from it."""
    request = {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName", "pulumi")}
    if "externalId" in role:
        request["ExternalId"] = role["externalId"]
    credentials = _client(current, "sts").assume_role(**request)["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region_name=current.region_name,
    )


def _client(current: boto3.Session, service: str) -> Any:
    return current.client(service)
