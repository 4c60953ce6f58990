"""The REST API: links, the API with its definition, deployments, stages, keys, account logging."""

from .ec2 import look
from .grants import Grant, Needs, Scope
from .roles import ACCOUNT_LOG_ROLE, handing_over, service_linked_role


def needs(scope: Scope) -> dict[str, Needs]:
    """What an API takes, by resource type.

    API Gateway's actions are the methods of its own REST API, and what lies below an API or a
    usage plan counts as tagged like it.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    """
    apis, stages = "/restapis/*", "/restapis/*/stages/*"
    return {
        "aws:apigateway/vpcLink:VpcLink": Needs(
            read=(_call(scope, "GET", "/vpclinks/*"),),
            write=(*_made(scope, "/vpclinks"), _kept(scope, "/vpclinks/*"), *_linking(scope)),
        ),
        "aws:apigateway/restApi:RestApi": Needs(
            read=(_call(scope, "GET", apis),),
            write=(
                *_made(scope, "/restapis"),
                _kept(scope, apis),
                service_linked_role(scope, "ops.apigateway.amazonaws.com"),
            ),
        ),
        "aws:apigateway/restApiPut:RestApiPut": Needs(
            read=(_call(scope, "GET", apis),),
            write=(
                # The second is for a definition that holds a resource policy.
                Grant(
                    ("apigateway:PUT", "apigateway:UpdateRestApiPolicy"),
                    scope.api(apis),
                    scope.ours,
                ),
            ),
        ),
        "aws:apigateway/deployment:Deployment": Needs(
            read=(_call(scope, "GET", apis),),
            write=(
                Grant(("apigateway:POST",), scope.api("/restapis/*/deployments"), scope.ours),
                _kept(scope, "/restapis/*/deployments/*"),
            ),
        ),
        "aws:apigateway/stage:Stage": Needs(
            read=(_call(scope, "GET", apis),),
            write=(*_made(scope, "/restapis/*/stages"), _kept(scope, stages)),
        ),
        "aws:apigateway/methodSettings:MethodSettings": Needs(
            read=(_call(scope, "GET", apis),),
            write=(Grant(("apigateway:PATCH",), scope.api(stages), scope.ours),),
        ),
        "aws:apigateway/account:Account": Needs(
            read=(_call(scope, "GET", "/account"),),
            write=(
                _call(scope, "PATCH", "/account"),
                handing_over(scope, ACCOUNT_LOG_ROLE, "apigateway.amazonaws.com"),
            ),
        ),
        "aws:apigateway/apiKey:ApiKey": Needs(
            read=(_call(scope, "GET", "/apikeys/*"),),
            write=(*_made(scope, "/apikeys"), _kept(scope, "/apikeys/*")),
        ),
        "aws:apigateway/usagePlan:UsagePlan": Needs(
            read=(_call(scope, "GET", "/usageplans/*"),),
            write=(*_made(scope, "/usageplans"), _kept(scope, "/usageplans/*")),
        ),
        "aws:apigateway/usagePlanKey:UsagePlanKey": Needs(
            read=(_call(scope, "GET", "/usageplans/*"),),
            write=(
                Grant(("apigateway:POST",), scope.api("/usageplans/*/keys"), scope.ours),
                Grant(("apigateway:DELETE",), scope.api("/usageplans/*/keys/*"), scope.ours),
            ),
        ),
    }


def _call(scope: Scope, method: str, path: str) -> Grant:
    return Grant((f"apigateway:{method}",), scope.api(path))


def _made(scope: Scope, path: str) -> tuple[Grant, ...]:
    """Making a tagged thing; its tags are set by a call of their own, in the same request."""
    return (
        Grant(("apigateway:POST",), scope.api(path), scope.made),
        Grant(("apigateway:PUT",), scope.api("/tags/*"), scope.claimed),
        Grant(("apigateway:DELETE", "apigateway:PUT"), scope.api("/tags/*"), scope.ours),
    )


def _kept(scope: Scope, path: str) -> Grant:
    return Grant(("apigateway:DELETE", "apigateway:PATCH"), scope.api(path), scope.ours)


def _linking(scope: Scope) -> tuple[Grant, ...]:
    """What API Gateway does in the caller's name: a link is an endpoint service of the caller's.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html
    """
    services = scope.ec2("vpc-endpoint-service")
    creation = {"StringEquals": {"ec2:CreateAction": "CreateVpcEndpointServiceConfiguration"}}
    return (
        look(scope, "DescribeVpcEndpointServiceConfigurations"),
        Grant(("elasticloadbalancing:DescribeLoadBalancers",), ("*",), scope.in_region),
        Grant(
            (
                "ec2:CreateVpcEndpointServiceConfiguration",
                "ec2:DeleteVpcEndpointServiceConfigurations",
                "ec2:ModifyVpcEndpointServicePermissions",
            ),
            services,
        ),
        # The service gets the tags of the link.
        Grant(("ec2:CreateTags",), services, creation),
        service_linked_role(scope, "ops.apigateway.amazonaws.com"),
    )
