"""The REST API that hands requests over to private targets."""

import enum
import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from openapi.compiler import HOST_VARIABLE, LINK_VARIABLE

CANARY_SUFFIX = "/Canary"
"""API Gateway logs the canary's share of the traffic to groups of its own.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html
"""

ACCESS_LOG_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "extendedRequestId": "$context.extendedRequestId",
        "traceId": "$context.xrayTraceId",
        "time": "$context.requestTimeEpoch",
        "stage": "$context.stage",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "path": "$context.path",
        "protocol": "$context.protocol",
        "sourceIp": "$context.identity.sourceIp",
        "userAgent": "$context.identity.userAgent",
        "caller": "$context.identity.userArn",
        "apiKeyId": "$context.identity.apiKeyId",
        "status": "$context.status",
        "responseLength": "$context.responseLength",
        "latencyMs": "$context.responseLatency",
        "errorType": "$context.error.responseType",
        "errorMessage": "$context.error.message",
        "integrationStatus": "$context.integration.status",
        "integrationLatencyMs": "$context.integration.latency",
        "integrationError": "$context.integration.error",
        "integrationRequestId": "$context.integration.requestId",
    }
)
"""One JSON object a request; every variable is quoted, since a missing one prints as a dash.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""


class EndpointType(enum.StrEnum):
    """Where the API is reached: in its region, or through edge locations."""

    REGIONAL = "regional"
    EDGE = "edge"


class AccountLogging(enum.StrEnum):
    """The role that lets API Gateway log; it is one setting for the whole account and region."""

    CREATE = "create"
    EXISTING = "existing"
    OFF = "off"


class LinkTargetArgs(TypedDict):
    """What a stage can send to; exactly one of `load_balancer_arn` and `vpc_link_id`."""

    host: pulumi.Input[str]
    """Host for the integration, or host:port."""
    load_balancer_arn: NotRequired[pulumi.Input[str]]
    """Network Load Balancer that gets a new link."""
    vpc_link_id: NotRequired[pulumi.Input[str]]
    """Existing link."""


class ThrottleArgs(TypedDict):
    """Limits of a stage, or of the holders of its API keys."""

    rate_limit: pulumi.Input[float]
    """Requests a second, on average."""
    burst_limit: pulumi.Input[int]
    """Requests at once."""


class CanaryArgs(TypedDict):
    """A share of a stage's traffic that goes to another target."""

    target: str
    """Name of the target. Plain, because it picks a link."""
    percent: pulumi.Input[float]
    """Share of the traffic, 0 to 100."""


class QuotaArgs(TypedDict):
    """Requests that a holder of an API key has in a period."""

    limit: pulumi.Input[int]
    """Requests in a period."""
    period: pulumi.Input[str]
    """DAY, WEEK or MONTH."""


class ApiKeysArgs(TypedDict):
    """API keys of one stage, and what each of them may ask for."""

    names: Sequence[str]
    """One key a name. Plain, because each is a resource."""
    throttle: ThrottleArgs
    """Limits of one key."""
    quota: NotRequired[QuotaArgs]
    """Requests of one key in a period; unlimited by default."""


class StageArgs(TypedDict):
    """One stage of the API."""

    target: str
    """Name of the target. Plain, because it picks a link."""
    throttle: ThrottleArgs
    """Limits of every method."""
    log_retention_days: pulumi.Input[int]
    """How long the stage's logs are kept, in days."""
    variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Further stage variables that the definition uses."""
    canary: NotRequired[CanaryArgs]
    """A share of the traffic for another target."""
    api_keys: NotRequired[ApiKeysArgs]
    """Keys of this stage."""


class PrivateApiArgs(TypedDict):
    """Inputs of `PrivateApi`."""

    definition: str
    """OpenAPI 3.0 document, as canonical JSON. Plain, because its title names the API."""
    fingerprint: str
    """Hash of the definition. Plain, so that preview tells whether a deployment follows."""
    targets: Mapping[str, LinkTargetArgs]
    """What stages can send to, by name. Plain, because each is a link."""
    stages: Mapping[str, StageArgs]
    """Stages by name. Plain, because each is a resource."""
    endpoint_type: NotRequired[EndpointType]
    """Regional by default."""
    account_logging: NotRequired[AccountLogging]
    """Existing by default."""
    revision: NotRequired[pulumi.Input[int]]
    """Raise it to import and deploy the same definition again; 1 by default."""
    permissions_boundary: NotRequired[pulumi.Input[str] | None]
    """ARN of a policy that limits the account's role for logs."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child."""


class PrivateApi(pulumi.ComponentResource):
    """A REST API whose stages reach private targets through VPC links.

    A stage picks its target by stage variables, so that moving it is one update of the stage.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-with-private-integration.html
    """

    rest_api_id: pulumi.Output[str]
    """Id of the API."""
    execution_arn: pulumi.Output[str]
    """ARN to grant `execute-api:Invoke` on, with /stage/method/path appended."""
    invoke_urls: dict[str, pulumi.Output[str]]
    """URL of every stage, by its name."""
    vpc_link_ids: dict[str, pulumi.Output[str]]
    """Id of every target's link, by the target's name."""

    def __init__(
        self, name: str, args: PrivateApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:PrivateApi", name, {}, opts)
        tags = args.get("tags")
        self.vpc_link_ids = {
            target: self._link(f"{name}-{target}", spec, tags)
            for target, spec in args["targets"].items()
        }
        api, deployment = self._publish(name, args)
        account = self._let_account_log(name, api, args)
        stages = {
            stage: self._stage(f"{name}-{stage}", stage, args, api, deployment, account)
            for stage in args["stages"]
        }

        self.rest_api_id = api.id
        self.execution_arn = api.execution_arn
        self.invoke_urls = {stage: made.invoke_url for stage, made in stages.items()}
        self.register_outputs(
            {
                "rest_api_id": self.rest_api_id,
                "execution_arn": self.execution_arn,
                "invoke_urls": self.invoke_urls,
                "vpc_link_ids": self.vpc_link_ids,
            }
        )

    def _link(
        self, name: str, spec: LinkTargetArgs, tags: Mapping[str, str] | None
    ) -> pulumi.Output[str]:
        """The link of one target; a balancer takes one link, so it is never replaced on it."""
        if ("load_balancer_arn" in spec) == ("vpc_link_id" in spec):
            raise ValueError(f"{name}: give either load_balancer_arn or vpc_link_id")
        if "vpc_link_id" in spec:
            return pulumi.Output.from_input(spec["vpc_link_id"])
        link = aws.apigateway.VpcLink(
            f"{name}-link",
            target_arn=spec["load_balancer_arn"],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return link.id

    def _publish(
        self, name: str, args: PrivateApiArgs
    ) -> tuple[aws.apigateway.RestApi, aws.apigateway.Deployment]:
        """An empty API, the import of the definition, and its deployment.

        The import is a resource of its own: one that failed is not recorded, so that the next
        update imports again. As `RestApi(body=)` it would be saved as if it had worked.
        """
        child = pulumi.ResourceOptions(parent=self)
        revision = pulumi.Output.from_input(args.get("revision", 1)).apply(str)
        api = aws.apigateway.RestApi(
            f"{name}-api",
            # The import renames the API to the document's title.
            name=json.loads(args["definition"])["info"]["title"],
            endpoint_configuration={
                "types": args.get("endpoint_type", EndpointType.REGIONAL).upper()
            },
            tags=args.get("tags"),
            opts=child,
        )
        imported = aws.apigateway.RestApiPut(
            f"{name}-definition",
            rest_api_id=api.id,
            body=args["definition"],
            # Without it a wrong integration is imported as none, and the update is green.
            fail_on_warnings=True,
            triggers={"revision": revision},
            opts=child,
        )
        deployment = aws.apigateway.Deployment(
            f"{name}-deployment",
            rest_api=imported.rest_api_id,
            triggers={"definition": args["fingerprint"], "revision": revision},
            opts=child,
        )
        return api, deployment

    def _let_account_log(
        self, name: str, api: aws.apigateway.RestApi, args: PrivateApiArgs
    ) -> list[pulumi.Resource]:
        """The account's one role for logs, kept on destroy: every API of the region needs it.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        """
        if _logging(args) is not AccountLogging.CREATE:
            return []
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        role = aws.iam.Role(
            f"{name}-account-logs",
            description="Lets API Gateway write logs, for every API of the account and region.",
            assume_role_policy=json.dumps(_API_GATEWAY_TRUST),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=kept,
        )
        partition = api.arn.apply(lambda arn: arn.split(":")[1])
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-account-logs",
            role=role.name,
            policy_arn=pulumi.Output.concat(
                "arn:",
                partition,
                ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            ),
            opts=kept,
        )
        account = aws.apigateway.Account(
            f"{name}-account",
            cloudwatch_role_arn=role.arn,
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=True, depends_on=[attachment]
            ),
        )
        return [account]

    def _stage(
        self,
        name: str,
        stage_name: str,
        args: PrivateApiArgs,
        api: aws.apigateway.RestApi,
        deployment: aws.apigateway.Deployment,
        account: Sequence[pulumi.Resource],
    ) -> aws.apigateway.Stage:
        spec, tags = args["stages"][stage_name], args.get("tags")
        logs = self._log_groups(name, stage_name, args, api)
        stage = aws.apigateway.Stage(
            f"{name}-stage",
            rest_api=api.id,
            stage_name=stage_name,
            deployment=deployment.id,
            variables={**spec.get("variables", {}), **self._pointing_at(spec["target"], args)},
            canary_settings=self._canary(spec.get("canary"), args, deployment),
            access_log_settings={"destination_arn": logs[0].arn, "format": ACCESS_LOG_FORMAT}
            if logs
            else None,
            xray_tracing_enabled=True,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*account, *logs]),
        )
        aws.apigateway.MethodSettings(
            f"{name}-methods",
            rest_api=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "logging_level": "ERROR" if logs else "OFF",
                "data_trace_enabled": False,
                "metrics_enabled": True,
                "throttling_rate_limit": spec["throttle"]["rate_limit"],
                "throttling_burst_limit": spec["throttle"]["burst_limit"],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*account]),
        )
        if "api_keys" in spec:
            self._meter(name, spec["api_keys"], stage, tags)
        return stage

    def _pointing_at(self, target: str, args: PrivateApiArgs) -> dict[str, pulumi.Input[str]]:
        return {
            LINK_VARIABLE: self.vpc_link_ids[target],
            HOST_VARIABLE: args["targets"][target]["host"],
        }

    def _canary(
        self,
        canary: CanaryArgs | None,
        args: PrivateApiArgs,
        deployment: aws.apigateway.Deployment,
    ) -> aws.apigateway.StageCanarySettingsArgsDict | None:
        """The stage's own deployment for a share of the traffic, at another target."""
        if canary is None:
            return None
        return {
            "deployment_id": deployment.id,
            "percent_traffic": canary["percent"],
            "stage_variable_overrides": self._pointing_at(canary["target"], args),
        }

    def _log_groups(
        self, name: str, stage_name: str, args: PrivateApiArgs, api: aws.apigateway.RestApi
    ) -> list[aws.cloudwatch.LogGroup]:
        """The groups of a stage, the access log first; API Gateway would make them without end.

        Those of a canary are always there: made with it, they would take its logs away with it.
        """
        if _logging(args) is AccountLogging.OFF:
            return []
        title = json.loads(args["definition"])["info"]["title"]
        names: dict[str, pulumi.Input[str]] = {
            "access": f"/private-api/{title}/{stage_name}/access",
            "execution": pulumi.Output.concat(
                "API-Gateway-Execution-Logs_", api.id, f"/{stage_name}"
            ),
        }
        return [
            aws.cloudwatch.LogGroup(
                f"{name}-{kind}{suffix.replace('/', '-').lower()}",
                name=pulumi.Output.concat(group, suffix),
                retention_in_days=args["stages"][stage_name]["log_retention_days"],
                tags=args.get("tags"),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for kind, group in names.items()
            for suffix in ("", CANARY_SUFFIX)
        ]

    def _meter(
        self,
        name: str,
        keys: ApiKeysArgs,
        stage: aws.apigateway.Stage,
        tags: Mapping[str, str] | None,
    ) -> None:
        """API keys, and the plan that lets them in; without a plan a key opens nothing."""
        child = pulumi.ResourceOptions(parent=self)
        quota = keys.get("quota")
        plan = aws.apigateway.UsagePlan(
            f"{name}-plan",
            api_stages=[{"api_id": stage.rest_api, "stage": stage.stage_name}],
            throttle_settings={
                "rate_limit": keys["throttle"]["rate_limit"],
                "burst_limit": keys["throttle"]["burst_limit"],
            },
            quota_settings={"limit": quota["limit"], "period": quota["period"]} if quota else None,
            tags=tags,
            opts=child,
        )
        for key_name in keys["names"]:
            # A dot, which no name of a stage or a key has: `a` with `b-c` is not `a-b` with `c`.
            key = aws.apigateway.ApiKey(f"{name}.{key_name}", tags=tags, opts=child)
            aws.apigateway.UsagePlanKey(
                f"{name}.{key_name}",
                usage_plan_id=plan.id,
                key_id=key.id,
                key_type="API_KEY",
                opts=child,
            )


def _logging(args: PrivateApiArgs) -> AccountLogging:
    return args.get("account_logging", AccountLogging.EXISTING)


_API_GATEWAY_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
