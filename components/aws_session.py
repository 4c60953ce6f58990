"""A session with AWS that has the credentials of the stack's AWS provider."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.session


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
        external = {"ExternalId": role["externalId"]} if "externalId" in role else {}
        current = _assumed(current, "assume_role", {**_request(role), **external})
    return current


def _request(role: Mapping[str, Any]) -> dict[str, str]:
    return {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName", "pulumi")}


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
