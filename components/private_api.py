"""The REST API in front of private targets."""

import enum
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from components.api_logs import (
    ACCESS_LOG_FORMAT,
    AccountLogging,
    RemovedLogs,
    account_logging,
    log_groups,
)
from components.authorizers import FunctionArgs, invoke_permissions
from components.method_settings import RouteLimitsArgs, ThrottleArgs, method_settings
from components.proof import Proofs, keep_what_is_used
from openapi.variables import Pair


class EndpointType(enum.StrEnum):
    """Where clients reach the API: in its region, at edge locations, or in VPCs."""

    REGIONAL = "regional"
    EDGE = "edge"
    PRIVATE = "private"


class LinkTargetArgs(TypedDict):
    """A target of stages; exactly one of `load_balancer_arn` and `vpc_link_id`.

    The load balancer gets a link of its own, unless a link V2 reaches it.
    """

    host: pulumi.Input[str]
    """Host for the integration, or host:port."""
    load_balancer_arn: NotRequired[pulumi.Input[str]]
    """Load balancer of the target."""
    vpc_link_v2_id: NotRequired[pulumi.Input[str]]
    """Link V2 that reaches the load balancer."""
    link_of: NotRequired[str]
    """Another target whose link it shares, because they share the load balancer. Plain, because it
    selects a link."""
    vpc_link_id: NotRequired[pulumi.Input[str]]
    """Existing link."""
    evidence: NotRequired[Mapping[str, pulumi.Input[Any]]]
    """What has to work besides the link before a stage uses the target: see
    `components.health.Evidence`."""
    timeout_seconds: NotRequired[int]
    """How long an update waits until the target works; 900 by default."""


class CanaryArgs(TypedDict):
    """A share of a stage's traffic that goes to other targets."""

    target: NotRequired[str]
    """Name of the target. Plain, because it selects a link."""
    services: NotRequired[Mapping[str, str]]
    """Names of other targets of services; those that are not named keep theirs."""
    percent: pulumi.Input[float]
    """Share of the traffic, 0 to 100."""


class QuotaArgs(TypedDict):
    """Requests of one API key in a period."""

    limit: pulumi.Input[int]
    """Requests in a period."""
    period: pulumi.Input[str]
    """DAY, WEEK or MONTH."""


class ApiKeysArgs(TypedDict):
    """API keys of one stage, with the limits of each."""

    names: Sequence[str]
    """A name for each key. Plain, because each is a resource."""
    throttle: ThrottleArgs
    """Limits of one key."""
    quota: NotRequired[QuotaArgs]
    """Requests of one key in a period; unlimited by default."""


class StageArgs(TypedDict):
    """One stage of the API."""

    target: NotRequired[str]
    """Name of the target. Plain, because it selects a link."""
    services: NotRequired[Mapping[str, str]]
    """Names of the targets of services, each with stage variables of its own. Plain for the same
    reason."""
    throttle: ThrottleArgs
    """Limits of every method."""
    log_retention_days: pulumi.Input[int]
    """How long the stage's logs are kept, in days."""
    cache_size_gb: NotRequired[float]
    """Size of a cache for routes with `cache_seconds`; none by default."""
    logs: NotRequired[RemovedLogs]
    """Whether the log groups outlive the stage; deleted with it by default."""
    variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Additional stage variables that the definition uses."""
    canary: NotRequired[CanaryArgs]
    """A share of the traffic for another target."""
    api_keys: NotRequired[ApiKeysArgs]
    """Keys of this stage."""


def targets_of(spec: StageArgs | CanaryArgs) -> dict[str, str]:
    """The targets that a stage or a canary names, by service; `target` has an empty name."""
    unnamed = {"": spec["target"]} if "target" in spec else {}
    return {**unnamed, **spec.get("services", {})}


class PrivateApiArgs(TypedDict):
    """Inputs of `PrivateApi`."""

    title: str
    """Name of the API, which is the title of the definition. Plain, because log groups carry it."""
    definition: pulumi.Input[str]
    """OpenAPI 3.0 document, as JSON."""
    fingerprint: pulumi.Input[str]
    """Hash of the definition; another one makes another import and deployment."""
    integration_target: NotRequired[pulumi.Input[str]]
    """ARN of the load balancer that the definition names for a link V2, which may not be part of
    the hash; another one makes another import and deployment."""
    targets: Mapping[str, LinkTargetArgs]
    """Targets of stages by name. Plain, because each is a link."""
    stages: Mapping[str, StageArgs]
    """Stages by name. Plain, because each is a resource."""
    route_limits: NotRequired[Sequence[RouteLimitsArgs]]
    """Routes with limits of their own, in every stage."""
    authorizer_functions: NotRequired[Mapping[str, FunctionArgs]]
    """Functions that the API may call, by the name of the authorizer in the definition."""
    endpoint_type: NotRequired[EndpointType]
    """Regional by default."""
    vpc_endpoint_ids: NotRequired[Sequence[pulumi.Input[str]]]
    """Ids of the endpoints through which a private API is called. The definition states the same,
    and limits the API to them; others make another import and deployment."""
    security_policy: NotRequired[pulumi.Input[str]]
    """TLS versions and ciphers of the API's own endpoint, by AWS's name; AWS's default accepts TLS
    1.0. The definition states the same, or the import resets it."""
    endpoint_access_mode: NotRequired[pulumi.Input[str] | None]
    """BASIC or STRICT, with a policy that begins with SecurityPolicy_; likewise."""
    default_endpoint_disabled: NotRequired[pulumi.Input[bool]]
    """Whether only a domain name reaches the API; likewise."""
    account_logging: NotRequired[AccountLogging]
    """Existing by default."""
    revision: NotRequired[pulumi.Input[int]]
    """Increase it to import and deploy the same definition again; 1 by default."""
    permissions_boundary: NotRequired[pulumi.Input[str] | None]
    """ARN of a policy that limits the account's logging role."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child."""


class PrivateApi(pulumi.ComponentResource):
    """A REST API whose stages reach private targets through VPC links.

    Stage variables select the target, so that a move to another target updates only the stage.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-with-private-integration.html
    """

    rest_api_id: pulumi.Output[str]
    """Id of the API."""
    execution_arn: pulumi.Output[str]
    """ARN to grant `execute-api:Invoke` on, with /stage/method/path appended."""
    invoke_urls: dict[str, pulumi.Output[str]]
    """URL of every stage, by its name."""
    stage_arns: dict[str, pulumi.Output[str]]
    """ARN of every stage, by its name."""
    stage_names: dict[str, pulumi.Output[str]]
    """Name of every stage, for what has to wait for it."""
    vpc_link_ids: dict[str, pulumi.Output[str]]
    """Id of every target's link, by the target's name."""

    def __init__(
        self, name: str, args: PrivateApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:PrivateApi", name, {}, opts)
        self._prefix, self._args, self._tags = name, args, args.get("tags")
        self._child = pulumi.ResourceOptions(parent=self)
        self._logging = args.get("account_logging", AccountLogging.EXISTING)
        own = {
            target: self._vpc_link_id(f"{name}-{target}", spec)
            for target, spec in args["targets"].items()
            if "link_of" not in spec
        }
        self.vpc_link_ids = {
            target: own[spec.get("link_of", target)] for target, spec in args["targets"].items()
        }
        self._proofs = self._proven_targets()
        api = self._rest_api()
        deployment = self._deployment(api)
        before: list[pulumi.Resource] = []
        if self._logging is AccountLogging.CREATE:
            boundary = args.get("permissions_boundary")
            before += account_logging(
                name, api, permissions_boundary=boundary, tags=self._tags, parent=self
            )
        before += invoke_permissions(
            name, api, args.get("authorizer_functions", {}), options=self._child
        )
        stages = {
            stage: self._stage(stage, spec, api, deployment, before)
            for stage, spec in args["stages"].items()
        }

        self.rest_api_id = api.id
        self.execution_arn = api.execution_arn
        self.invoke_urls = {name: stage.invoke_url for name, stage in stages.items()}
        self.stage_arns = {name: stage.arn for name, stage in stages.items()}
        self.stage_names = {name: stage.stage_name for name, stage in stages.items()}
        self.register_outputs(
            {
                "rest_api_id": self.rest_api_id,
                "execution_arn": self.execution_arn,
                "invoke_urls": self.invoke_urls,
                "vpc_link_ids": self.vpc_link_ids,
            }
        )

    def _vpc_link_id(self, name: str, spec: LinkTargetArgs) -> pulumi.Output[str]:
        """The link of one target; AWS allows one link V1 on a balancer, so each has its own."""
        if ("load_balancer_arn" in spec) == ("vpc_link_id" in spec):
            raise ValueError(f"{name}: set either load_balancer_arn or vpc_link_id")
        if "vpc_link_v2_id" in spec:
            return pulumi.Output.from_input(spec["vpc_link_v2_id"])
        if "vpc_link_id" in spec:
            return pulumi.Output.from_input(spec["vpc_link_id"])
        return aws.apigateway.VpcLink(
            f"{name}-link",
            target_arn=spec["load_balancer_arn"],
            tags=self._tags,
            opts=self._child,
        ).id

    def _proven_targets(self) -> Proofs:
        """The proofs of the targets; an existing link without a stage needs none."""
        proofs, stages = Proofs(self._prefix, self), self._args["stages"].values()
        used = {target for stage in stages for target in targets_of(stage).values()}
        canaries = [stage["canary"] for stage in stages if "canary" in stage]
        used |= {target for canary in canaries for target in targets_of(canary).values()}
        for target, spec in self._args["targets"].items():
            if target in used or "vpc_link_id" not in spec:
                key = "vpc_link_v2_id" if "vpc_link_v2_id" in spec else "vpc_link_id"
                evidence = {key: self.vpc_link_ids[target], **spec.get("evidence", {})}
                seconds = spec.get("timeout_seconds", 900)
                proofs.add(target, evidence, seconds)
        return proofs

    def _rest_api(self) -> aws.apigateway.RestApi:
        """The API without its content; the import gives it the title of the definition as name."""
        return aws.apigateway.RestApi(
            f"{self._prefix}-api",
            name=self._args["title"],
            endpoint_configuration=self._endpoint(),
            security_policy=self._args.get("security_policy"),
            endpoint_access_mode=self._args.get("endpoint_access_mode"),
            disable_execute_api_endpoint=self._args.get("default_endpoint_disabled"),
            tags=self._tags,
            opts=self._child,
        )

    def _endpoint(self) -> aws.apigateway.RestApiEndpointConfigurationArgsDict:
        if "vpc_endpoint_ids" not in self._args:
            return {"types": self._endpoint_type()}
        ids = self._args["vpc_endpoint_ids"]
        return {"types": self._endpoint_type(), "vpc_endpoint_ids": ids}

    def _endpoint_type(self) -> str:
        """Type of the endpoint, as AWS spells it."""
        return self._args.get("endpoint_type", EndpointType.REGIONAL).upper()

    def _deployment(self, api: aws.apigateway.RestApi) -> aws.apigateway.Deployment:
        """The import of the definition, and a deployment of it.

        The import is a separate resource, so that a failed one is not saved in the state and the
        next update repeats it. As `RestApi(body=)` it would be saved as if it had worked.
        """
        triggers: dict[str, pulumi.Input[str]] = {
            "definition": self._args["fingerprint"],
            "revision": pulumi.Output.from_input(self._args.get("revision", 1)).apply(str),
            # AWS asks for a deployment after the type of the endpoint has changed.
            "endpointType": self._endpoint_type(),
        }
        if "integration_target" in self._args:
            triggers["integrationTarget"] = self._args["integration_target"]
        if "vpc_endpoint_ids" in self._args:
            ids = pulumi.Output.all(*self._args["vpc_endpoint_ids"])
            triggers["vpcEndpoints"] = ids.apply(",".join)
        imported = aws.apigateway.RestApiPut(
            f"{self._prefix}-definition",
            rest_api_id=api.id,
            body=self._args["definition"],
            # Otherwise the import drops a wrong integration, and the update succeeds.
            fail_on_warnings=True,
            triggers=triggers,
            opts=self._child,
        )
        return aws.apigateway.Deployment(
            f"{self._prefix}-deployment",
            rest_api=imported.rest_api_id,
            # Those of the import: an update that leaves it out (`--target`) must not be remembered
            # as a deployment of what was not imported.
            triggers=cast(pulumi.Output[Mapping[str, pulumi.Input[str]]], imported.triggers),
            opts=self._child,
        )

    def _stage(
        self,
        stage_name: str,
        spec: StageArgs,
        api: aws.apigateway.RestApi,
        deployment: aws.apigateway.Deployment,
        before: Sequence[pulumi.Resource],
    ) -> aws.apigateway.Stage:
        name = f"{self._prefix}-{stage_name}"
        logs = self._log_groups(stage_name, spec, api)
        stage = aws.apigateway.Stage(
            f"{name}-stage",
            rest_api=api.id,
            stage_name=stage_name,
            deployment=deployment.id,
            variables={**spec.get("variables", {}), **self._target_variables(spec)},
            canary_settings=self._canary_settings(spec["canary"], deployment)
            if "canary" in spec
            else None,
            cache_cluster_enabled=True if "cache_size_gb" in spec else None,
            cache_cluster_size=f"{spec['cache_size_gb']:g}" if "cache_size_gb" in spec else None,
            access_log_settings={"destination_arn": logs[0].arn, "format": ACCESS_LOG_FORMAT}
            if logs
            else None,
            xray_tracing_enabled=True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*before, *logs]),
        )
        in_definition = {"integration_target", "vpc_endpoint_ids"} & self._args.keys()
        needed = deployment.id if in_definition else None
        ways = [
            (self.vpc_link_ids[name], target["host"])
            for name, target in self._args["targets"].items()
        ]
        keep_what_is_used(stage_name, stage, ways, needed)
        method_settings(
            name,
            api.id,
            stage,
            spec["throttle"],
            self._args.get("route_limits", ()),
            logs=bool(logs),
            cache="cache_size_gb" in spec,
            options=pulumi.ResourceOptions(parent=self, depends_on=[*before]),
        )
        if "api_keys" in spec:
            self._api_keys(name, spec["api_keys"], stage)
        return stage

    def _target_variables(self, spec: StageArgs | CanaryArgs) -> dict[str, pulumi.Input[str]]:
        variables: dict[str, pulumi.Input[str]] = {}
        for service, target in targets_of(spec).items():
            pair = Pair(service)
            variables[pair.link] = self._proofs.before(target, self.vpc_link_ids[target])
            variables[pair.host] = self._args["targets"][target]["host"]
        return variables

    def _canary_settings(
        self, canary: CanaryArgs, deployment: aws.apigateway.Deployment
    ) -> aws.apigateway.StageCanarySettingsArgsDict:
        """The stage's own deployment, with other targets."""
        return {
            "deployment_id": deployment.id,
            "percent_traffic": canary["percent"],
            "stage_variable_overrides": self._target_variables(canary),
        }

    def _log_groups(
        self, stage_name: str, spec: StageArgs, api: aws.apigateway.RestApi
    ) -> list[aws.cloudwatch.LogGroup]:
        if self._logging is AccountLogging.OFF:
            return []
        keep = spec.get("logs") == RemovedLogs.KEEP
        return log_groups(
            self._prefix,
            self._args["title"],
            stage_name,
            api,
            spec["log_retention_days"],
            tags=self._tags,
            options=pulumi.ResourceOptions(parent=self, retain_on_delete=True if keep else None),
        )

    def _api_keys(self, name: str, keys: ApiKeysArgs, stage: aws.apigateway.Stage) -> None:
        """API keys, and the usage plan without which a key gives no access."""
        throttle, quota = keys["throttle"], keys.get("quota")
        plan = aws.apigateway.UsagePlan(
            f"{name}-plan",
            api_stages=[{"api_id": stage.rest_api, "stage": stage.stage_name}],
            throttle_settings={
                "rate_limit": throttle["rate_limit"],
                "burst_limit": throttle["burst_limit"],
            },
            quota_settings={"limit": quota["limit"], "period": quota["period"]} if quota else None,
            tags=self._tags,
            opts=self._child,
        )
        for key_name in keys["names"]:
            # A dot, which no name of a stage or a key has: `a` with `b-c` is not `a-b` with `c`.
            key = aws.apigateway.ApiKey(f"{name}.{key_name}", tags=self._tags, opts=self._child)
            aws.apigateway.UsagePlanKey(
                f"{name}.{key_name}",
                usage_plan_id=plan.id,
                key_id=key.id,
                key_type="API_KEY",
                # The provider marks the value of the key as secret, but not this copy of it.
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["value"]),
            )
