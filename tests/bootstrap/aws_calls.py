"""What pulumi-aws asks AWS for, by resource type, as read in the upstream provider's source.

Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service; for what
AWS services ask for in the caller's name, their developer guides.
"""

from dataclasses import dataclass

from tests.bootstrap.iam import Request, Touch

ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Calls:
    """The calls for one resource type."""

    read: tuple[Request, ...]
    write: tuple[Request, ...]


@dataclass(frozen=True)
class Caller:
    """Makes requests of one stack's program in one region."""

    stack: str = "dev"
    region: str = "us-east-2"
    project: str = "private-api"

    def look(self, *actions: str, at: str = "*") -> tuple[Request, ...]:
        """Requests on something without tags."""
        return tuple(Request(action, (self.bare(at),)) for action in actions)

    def on(self, *resources: str, do: str) -> tuple[Request, ...]:
        """Requests of some actions, by name, on things of the stack."""
        touches = tuple(self.own(resource) for resource in resources)
        return tuple(Request(action, touches) for action in do.split())

    def make(self, action: str, resource: str, *within: Touch, tag: str = "") -> list[Request]:
        """Creating a tagged thing; `tag` is what AWS asks for besides, to set the tags."""
        requests = [Request(action, (self.new(resource), *within))]
        if tag:
            service, name = action.split(":")
            created = {f"{service}:CreateAction": name}
            requests.append(Request(tag, (self.new(resource, **created),)))
        return requests

    def bare(self, resource: str, **context: str) -> Touch:
        return Touch(self.arn(resource), {"aws:RequestedRegion": self.region, **context})

    def new(self, resource: str, **context: str) -> Touch:
        return self.bare(resource, **self._tags("aws:RequestTag"), **context)

    def own(self, resource: str, **context: str) -> Touch:
        return self.bare(resource, **self._tags("aws:ResourceTag"), **context)

    def arn(self, resource: str) -> str:
        """The ARN of `service:rest`; API Gateway's and AWS's own name no account."""
        service, _, rest = resource.partition(":")
        region = "" if service in ("iam", "s3") else self.region
        nobody = service in ("apigateway", "s3", "ssm") or rest.startswith("image/")
        owner = "" if nobody else "aws" if rest.startswith("prefix-list/") else ACCOUNT
        return resource if resource == "*" else f"arn:aws:{service}:{region}:{owner}:{rest}"

    @property
    def boundary(self) -> dict[str, str]:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{self.project}-{self.stack}-role-boundary"
        return {"iam:PermissionsBoundary": arn}

    def _tags(self, key: str) -> dict[str, str]:
        return {f"{key}/project": self.project, f"{key}/stack": self.stack}


VPC, SUBNET, TABLE = "ec2:vpc/vpc-1", "ec2:subnet/subnet-1", "ec2:route-table/rtb-1"
ENDPOINT, FLOW_LOG = "ec2:vpc-endpoint/vpce-1", "ec2:vpc-flow-log/fl-1"
GROUP, RULE = "ec2:security-group/sg-1", "ec2:security-group-rule/sgr-1"
TEMPLATE, SERVICE = "ec2:launch-template/lt-1", "ec2:vpc-endpoint-service/vpce-svc-1"
ELB = "elasticloadbalancing"
BALANCER = f"{ELB}:loadbalancer/net/blue-nlb-1a2b3c4/50dc6c495c0c9188"
LISTENER = f"{ELB}:listener/net/blue-nlb-1a2b3c4/50dc6c495c0c9188/f2f7dc8efc522ab2"
TARGETS = f"{ELB}:targetgroup/blue-targets-1a2b3c4/73e2d6bc24d8a067"
FLEET = "autoscaling:autoScalingGroup:5a4b:autoScalingGroupName/blue-fleet-1a2b3c4"
FLOW_ROLE, LOG_ROLE = "iam:role/core-flows-1a2b3c4", "iam:role/api-account-logs-1a2b3c4"
EC2_TAGS, ELB_TAGS = "ec2:CreateTags ec2:DeleteTags", f"{ELB}:AddTags {ELB}:RemoveTags"
API, STAGE, LINK = "/restapis/a1b2c3", "/restapis/a1b2c3/stages/dev", "/vpclinks/d4e5f6"
KEY, PLAN = "/apikeys/g7h8i9", "/usageplans/j1k2l3"
IMAGE = "ssm:parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def calls(caller: Caller) -> dict[str, Calls]:
    """Every call, by the type it is made for."""
    return {
        **_network(caller),
        **_security_groups(caller),
        **_balancing(caller),
        **_fleet(caller),
        **_logging(caller),
        **_api(caller),
        **_metering(caller),
    }


def _network(c: Caller) -> dict[str, Calls]:
    within = c.own(VPC)
    association = "ec2:AssociateRouteTable ec2:DisassociateRouteTable"
    return {
        "aws:ec2/vpc:Vpc": Calls(
            read=(
                *c.look(
                    "ec2:DescribeVpcs",
                    "ec2:DescribeNetworkAcls",
                    "ec2:DescribeRouteTables",
                    "ec2:DescribeSecurityGroups",
                ),
                *c.on(VPC, do="ec2:DescribeVpcAttribute"),
            ),
            write=(
                *c.make("ec2:CreateVpc", VPC, tag="ec2:CreateTags"),
                *c.on(VPC, do=f"ec2:ModifyVpcAttribute ec2:DeleteVpc {EC2_TAGS}"),
            ),
        ),
        "aws:ec2/subnet:Subnet": Calls(
            read=c.look("ec2:DescribeSubnets"),
            write=(
                *c.look("ec2:DescribeNetworkInterfaces"),
                *c.make("ec2:CreateSubnet", SUBNET, within, tag="ec2:CreateTags"),
                *c.on(SUBNET, do=f"ec2:ModifySubnetAttribute ec2:DeleteSubnet {EC2_TAGS}"),
            ),
        ),
        "aws:ec2/routeTable:RouteTable": Calls(
            read=c.look("ec2:DescribeRouteTables"),
            write=(
                *c.make("ec2:CreateRouteTable", TABLE, within, tag="ec2:CreateTags"),
                *c.on(TABLE, do=f"ec2:DeleteRouteTable {EC2_TAGS}"),
            ),
        ),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": Calls(
            read=c.look("ec2:DescribeRouteTables"),
            write=c.on(TABLE, SUBNET, do=f"{association} ec2:ReplaceRouteTableAssociation"),
        ),
        "aws:ec2/vpcEndpoint:VpcEndpoint": Calls(
            read=c.look("ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists"),
            write=(
                *c.make(
                    "ec2:CreateVpcEndpoint", ENDPOINT, within, c.own(TABLE), tag="ec2:CreateTags"
                ),
                *c.on(ENDPOINT, TABLE, do="ec2:ModifyVpcEndpoint"),
                *c.on(ENDPOINT, do=f"ec2:DeleteVpcEndpoints {EC2_TAGS}"),
            ),
        ),
        "aws:ec2/flowLog:FlowLog": Calls(
            read=c.look("ec2:DescribeFlowLogs"),
            write=(
                *c.make("ec2:CreateFlowLogs", FLOW_LOG, within, tag="ec2:CreateTags"),
                *c.on(FLOW_LOG, do=f"ec2:DeleteFlowLogs {EC2_TAGS}"),
                _hand_over(c, FLOW_ROLE, "vpc-flow-logs.amazonaws.com"),
            ),
        ),
    }


def _security_groups(c: Caller) -> dict[str, Calls]:
    def rule(direction: str) -> Calls:
        authorize = f"ec2:AuthorizeSecurityGroup{direction}"
        return Calls(
            read=c.look("ec2:DescribeSecurityGroupRules"),
            write=(
                *c.make(authorize, RULE, c.own(GROUP), tag="ec2:CreateTags"),
                *c.on(GROUP, RULE, do="ec2:ModifySecurityGroupRules"),
                Request(
                    "ec2:ModifySecurityGroupRules",
                    (c.own(GROUP), c.own(RULE), c.bare("ec2:prefix-list/pl-1")),
                ),
                *c.on(GROUP, do=f"ec2:RevokeSecurityGroup{direction}"),
                *c.on(RULE, do=EC2_TAGS),
            ),
        )

    return {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Calls(
            read=c.look("ec2:DescribeSecurityGroups"),
            write=(
                # The provider tags first and empties then.
                Request("ec2:CreateTags", (c.new(GROUP),)),
                *c.look("ec2:DescribeSecurityGroupRules"),
                *c.on(
                    GROUP,
                    do=f"ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress {EC2_TAGS}",
                ),
            ),
        ),
        "aws:ec2/securityGroup:SecurityGroup": Calls(
            read=c.look("ec2:DescribeSecurityGroups"),
            write=(
                # In a network of the stack, and in one of others.
                *c.make("ec2:CreateSecurityGroup", GROUP, c.own(VPC), tag="ec2:CreateTags"),
                *c.make("ec2:CreateSecurityGroup", GROUP, c.bare(VPC)),
                *c.look("ec2:DescribeNetworkInterfaces"),
                *c.on(
                    GROUP, do=f"ec2:RevokeSecurityGroupEgress ec2:DeleteSecurityGroup {EC2_TAGS}"
                ),
            ),
        ),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rule("Ingress"),
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rule("Egress"),
    }


def _balancing(c: Caller) -> dict[str, Calls]:
    add = f"{ELB}:AddTags"
    return {
        "aws:lb/loadBalancer:LoadBalancer": Calls(
            read=c.look(
                f"{ELB}:DescribeLoadBalancers",
                f"{ELB}:DescribeLoadBalancerAttributes",
                f"{ELB}:DescribeCapacityReservation",
                f"{ELB}:DescribeTags",
            ),
            write=(
                *c.look(
                    "ec2:DescribeAccountAttributes",
                    "ec2:DescribeInternetGateways",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ),
                *c.make(f"{ELB}:CreateLoadBalancer", BALANCER, tag=add),
                *c.on(
                    BALANCER,
                    do=f"{ELB}:ModifyLoadBalancerAttributes {ELB}:SetSecurityGroups "
                    f"{ELB}:SetSubnets {ELB}:DeleteLoadBalancer {ELB_TAGS}",
                ),
                _service_role(c, f"{ELB}.amazonaws.com"),
            ),
        ),
        "aws:lb/targetGroup:TargetGroup": Calls(
            read=c.look(
                f"{ELB}:DescribeTargetGroups",
                f"{ELB}:DescribeTargetGroupAttributes",
                f"{ELB}:DescribeTags",
            ),
            write=(
                *c.make(f"{ELB}:CreateTargetGroup", TARGETS, tag=add),
                *c.on(
                    TARGETS,
                    do=f"{ELB}:ModifyTargetGroup {ELB}:ModifyTargetGroupAttributes "
                    f"{ELB}:DeleteTargetGroup {ELB_TAGS}",
                ),
            ),
        ),
        "aws:lb/listener:Listener": Calls(
            read=c.look(
                f"{ELB}:DescribeListeners",
                f"{ELB}:DescribeListenerAttributes",
                f"{ELB}:DescribeTags",
            ),
            write=(
                *c.make(f"{ELB}:CreateListener", LISTENER, c.new(BALANCER), tag=add),
                *c.on(
                    LISTENER,
                    do=f"{ELB}:ModifyListener {ELB}:ModifyListenerAttributes "
                    f"{ELB}:DeleteListener {ELB_TAGS}",
                ),
            ),
        ),
        "aws:lb/targetGroupAttachment:TargetGroupAttachment": Calls(
            read=c.look(f"{ELB}:DescribeTargetHealth"),
            write=c.on(TARGETS, do=f"{ELB}:RegisterTargets {ELB}:DeregisterTargets"),
        ),
    }


def _fleet(c: Caller) -> dict[str, Calls]:
    launch = Request(
        "ec2:RunInstances",
        (
            c.bare("ec2:image/ami-1", **{"ec2:Owner": "amazon"}),
            c.new("ec2:instance/*"),
            c.new("ec2:volume/*"),
            c.bare("ec2:network-interface/*"),
            c.bare(SUBNET),
            c.own(GROUP),
            c.own(TEMPLATE),
        ),
    )
    tags = [
        c.make("ec2:RunInstances", f"ec2:{kind}/*", tag="ec2:CreateTags")[1]
        for kind in ("instance", "volume")
    ]
    version = {"autoscaling:LaunchTemplateVersionSpecified": "true"}
    changes = (
        "UpdateAutoScalingGroup DeleteAutoScalingGroup CreateOrUpdateTags DeleteTags "
        "AttachLoadBalancerTargetGroups DetachLoadBalancerTargetGroups"
    )
    return {
        "aws:ec2/launchTemplate:LaunchTemplate": Calls(
            read=c.look("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"),
            write=(
                *c.look("ssm:GetParameters", at=IMAGE),
                *c.make("ec2:CreateLaunchTemplate", TEMPLATE, tag="ec2:CreateTags"),
                *c.on(
                    TEMPLATE,
                    do=f"ec2:CreateLaunchTemplateVersion ec2:DeleteLaunchTemplate {EC2_TAGS}",
                ),
            ),
        ),
        "aws:autoscaling/group:Group": Calls(
            read=c.look("autoscaling:DescribeAutoScalingGroups"),
            write=(
                Request("autoscaling:CreateAutoScalingGroup", (c.new(FLEET, **version),)),
                *c.on(FLEET, do=" ".join(f"autoscaling:{name}" for name in changes.split())),
                *c.look("autoscaling:DescribeScalingActivities", f"{ELB}:DescribeTargetHealth"),
                launch,
                *tags,
                *c.look(
                    "ec2:DescribeAvailabilityZones",
                    "ec2:DescribeInstanceTypes",
                    "ec2:DescribeLaunchTemplateVersions",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ),
                *c.look("ec2:GetSecurityGroupsForVpc", at=VPC),
                *c.look("ssm:GetParameters", at=IMAGE),
                _service_role(c, "autoscaling.amazonaws.com"),
            ),
        ),
    }


def _logging(c: Caller) -> dict[str, Calls]:
    title = f"{c.project}-{c.stack}"
    groups = [
        f"logs:log-group:{name}"
        for name in (
            "core-flows-1a2b3c4",
            f"/private-api/{title}/dev/access/Canary",
            "API-Gateway-Execution-Logs_a1b2c3/dev",
        )
    ]
    changes = (
        "logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:DeleteLogGroup "
        "logs:TagResource logs:UntagResource"
    )
    bound = c.boundary
    role_changes = (
        "iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription iam:DeleteRole "
        "iam:ListInstanceProfilesForRole iam:TagRole iam:UntagRole"
    )
    managed = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    attached = c.own(LOG_ROLE, **bound, **{"iam:PolicyARN": managed})
    reading = "iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies"
    return {
        "aws:cloudwatch/logGroup:LogGroup": Calls(
            read=(
                *c.look("logs:DescribeLogGroups"),
                *(r for group in groups for r in c.on(group, do="logs:ListTagsForResource")),
            ),
            write=tuple(
                request
                for group in groups
                for request in (
                    *c.make("logs:CreateLogGroup", group, tag="logs:TagResource"),
                    *c.on(group, do=changes),
                )
            ),
        ),
        "aws:iam/role:Role": Calls(
            read=tuple(r for role in (FLOW_ROLE, LOG_ROLE) for r in c.on(role, do=reading)),
            write=tuple(
                request
                for role in (FLOW_ROLE, LOG_ROLE)
                for request in (
                    Request("iam:CreateRole", (c.new(role, **bound),)),
                    Request("iam:TagRole", (c.new(role),)),
                    Request("iam:PutRolePermissionsBoundary", (c.own(role, **bound),)),
                    *c.on(role, do=role_changes),
                )
            ),
        ),
        "aws:iam/rolePolicy:RolePolicy": Calls(
            read=c.on(FLOW_ROLE, do="iam:GetRolePolicy"),
            write=tuple(
                Request(action, (c.own(FLOW_ROLE, **bound),))
                for action in ("iam:PutRolePolicy", "iam:DeleteRolePolicy")
            ),
        ),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Calls(
            read=c.on(LOG_ROLE, do="iam:ListAttachedRolePolicies"),
            write=tuple(
                Request(action, (attached,))
                for action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy")
            ),
        ),
    }


def _api(c: Caller) -> dict[str, Calls]:
    linking = (
        "ec2:CreateVpcEndpointServiceConfiguration",
        "ec2:ModifyVpcEndpointServicePermissions",
        "ec2:DeleteVpcEndpointServiceConfigurations",
    )
    service_tags = {"ec2:CreateAction": "CreateVpcEndpointServiceConfiguration"}
    return {
        "aws:apigateway/vpcLink:VpcLink": Calls(
            read=_http(c, LINK, "GET"),
            write=(
                *_tagged(c, "/vpclinks", LINK),
                *_http(c, LINK, "PATCH DELETE"),
                *c.look(
                    "ec2:DescribeVpcEndpointServiceConfigurations", f"{ELB}:DescribeLoadBalancers"
                ),
                *c.look(*linking, at=SERVICE),
                Request("ec2:CreateTags", (c.bare(SERVICE, **service_tags),)),
                _service_role(c, "ops.apigateway.amazonaws.com"),
            ),
        ),
        "aws:apigateway/restApi:RestApi": Calls(
            read=(*_http(c, API, "GET"), *_http(c, f"{API}/resources", "GET")),
            write=(
                *_tagged(c, "/restapis", API),
                *_http(c, API, "PATCH DELETE"),
                _service_role(c, "ops.apigateway.amazonaws.com"),
            ),
        ),
        "aws:apigateway/restApiPut:RestApiPut": Calls(
            read=_http(c, API, "GET"), write=_http(c, API, "PUT UpdateRestApiPolicy")
        ),
        "aws:apigateway/deployment:Deployment": Calls(
            read=_http(c, f"{API}/deployments/m4n5o6", "GET"),
            write=(
                *_http(c, f"{API}/deployments", "POST"),
                *_http(c, f"{API}/deployments/m4n5o6", "PATCH DELETE"),
            ),
        ),
        "aws:apigateway/stage:Stage": Calls(
            read=_http(c, STAGE, "GET"),
            write=(
                *_tagged(c, f"{API}/stages", STAGE),
                *_http(c, STAGE, "PATCH DELETE"),
            ),
        ),
        "aws:apigateway/methodSettings:MethodSettings": Calls(
            read=_http(c, STAGE, "GET"), write=_http(c, STAGE, "PATCH")
        ),
        "aws:apigateway/account:Account": Calls(
            read=c.look("apigateway:GET", at="apigateway:/account"),
            write=(
                *c.look("apigateway:PATCH", at="apigateway:/account"),
                _hand_over(c, LOG_ROLE, "apigateway.amazonaws.com"),
            ),
        ),
    }


def _metering(c: Caller) -> dict[str, Calls]:
    return {
        "aws:apigateway/apiKey:ApiKey": Calls(
            read=_http(c, KEY, "GET"),
            write=(*_tagged(c, "/apikeys", KEY), *_http(c, KEY, "PATCH DELETE")),
        ),
        "aws:apigateway/usagePlan:UsagePlan": Calls(
            read=_http(c, PLAN, "GET"),
            write=(*_tagged(c, "/usageplans", PLAN), *_http(c, PLAN, "PATCH DELETE")),
        ),
        "aws:apigateway/usagePlanKey:UsagePlanKey": Calls(
            read=_http(c, f"{PLAN}/keys/g7h8i9", "GET"),
            write=(
                *_http(c, f"{PLAN}/keys", "POST"),
                *_http(c, f"{PLAN}/keys/g7h8i9", "DELETE"),
            ),
        ),
    }


def _http(c: Caller, path: str, methods: str) -> tuple[Request, ...]:
    return c.on(f"apigateway:{path}", do=" ".join(f"apigateway:{m}" for m in methods.split()))


def _tagged(c: Caller, collection: str, made: str) -> tuple[Request, ...]:
    """Creating with tags, and changing the tags later."""
    encoded = c.arn(f"apigateway:{made}").replace(":", "%3A").replace("/", "%2F")
    tags = f"apigateway:/tags/{encoded}"
    return (
        *c.make("apigateway:POST", f"apigateway:{collection}"),
        Request("apigateway:PUT", (c.new(tags),)),
        *c.on(tags, do="apigateway:PUT apigateway:DELETE"),
    )


def _hand_over(c: Caller, role: str, service: str) -> Request:
    return Request("iam:PassRole", (c.bare(role, **{"iam:PassedToService": service}),))


def _service_role(c: Caller, service: str) -> Request:
    role = f"iam:role/aws-service-role/{service}/AWSServiceRole"
    context = {"iam:AWSServiceName": service}
    return Request("iam:CreateServiceLinkedRole", (c.bare(role, **context),))
