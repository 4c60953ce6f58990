"""An account of the fake provider with one published API, for tests without a CLI."""

import json
from typing import Any

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.rejections import create_error

REGION = "us-east-2"


def calling(**more: str) -> str:
    """A definition with one private integration."""
    uri, link = "http://${stageVariables.backendHost}/", "${stageVariables.vpcLinkId}"
    integration = {"uri": uri, "connectionId": link, **more}
    return json.dumps({"paths": {"/": {"get": {"x-amazon-apigateway-integration": integration}}}})


class Example:
    """An account with NLB, target group, listener, link, API, deployment and stage."""

    def __init__(self) -> None:
        self.account = Account()
        self.balancer = self.add(rt.LOAD_BALANCER, name="nlb")
        self.group = self.add(rt.TARGET_GROUP, name="group")
        self.listener = self.add(rt.LISTENER, **self.listening(self.balancer, 80))
        self.link = self.add(rt.VPC_LINK, targetArn=self.balancer.id, name="link")
        self.api = self.add(rt.REST_API, name="api")
        self.definition = self.add(rt.REST_API_PUT, restApiId=self.api.id, body=calling())
        self.deployment = self.add(rt.DEPLOYMENT, restApi=self.api.id)
        variables = {"vpcLinkId": self.link.id, "backendHost": "host"}
        self.stage = self.add(rt.STAGE, **self.published(variables=variables))

    def build(self, token: str, /, **inputs: Any) -> Resource:
        urn = f"urn:pulumi:s::p::{token}::{len(self.account.resources)}"
        return self.account.build(token, urn, inputs, REGION)

    def add(self, token: str, /, status: str = "", **inputs: Any) -> Resource:
        resource = self.build(token, **inputs)
        resource.status = status
        assert create_error(self.account, resource) is None
        self.account.add(resource)
        return resource

    def listening(self, balancer: Resource, port: int) -> dict[str, Any]:
        forward = [{"targetGroupArn": self.group.id}]
        return {"loadBalancerArn": balancer.id, "port": port, "defaultActions": forward}

    def published(self, **inputs: Any) -> dict[str, Any]:
        base = {"restApi": self.api.id, "stageName": "dev", "deployment": self.deployment.id}
        return {**base, **inputs}
