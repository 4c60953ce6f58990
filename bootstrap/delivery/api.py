"""The REST API: links, the API with its definition, deployments, stages, keys, account logging."""

from .grants import Grant, Permissions, Scope, actions
from .roles import ACCOUNT_LOG_ROLE, create_service_linked_role, pass_role
from .services import ec2, load_balancing


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What an API needs, by resource type.

    API Gateway's actions are the methods of its own REST API. Resources below an API or a usage
    plan count as tagged like it.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    """
    apis, stages = "/restapis/*", "/restapis/*/stages/*"
    deployments, keys = "/restapis/*/deployments", "/usageplans/*/keys"
    read_api = (_call(scope, "GET", apis),)
    read_plan = (_call(scope, "GET", "/usageplans/*"),)
    service_role = create_service_linked_role(scope, "ops.apigateway.amazonaws.com")
    return {
        "aws:apigateway/vpcLink:VpcLink": Permissions(
            read=(_call(scope, "GET", "/vpclinks/*"),),
            write=(*_manage(scope, "/vpclinks"), *_link(scope), service_role),
        ),
        "aws:apigateway/restApi:RestApi": Permissions(
            read=read_api, write=(*_manage(scope, "/restapis"), service_role)
        ),
        "aws:apigateway/restApiPut:RestApiPut": Permissions(
            # The second action is for a definition that contains a resource policy.
            read=read_api,
            write=(_change(scope, "PUT UpdateRestApiPolicy", apis),),
        ),
        "aws:apigateway/deployment:Deployment": Permissions(
            read=read_api,
            write=(
                _change(scope, "POST", deployments),
                _change(scope, "DELETE PATCH", f"{deployments}/*"),
            ),
        ),
        "aws:apigateway/stage:Stage": Permissions(
            read=read_api, write=_manage(scope, "/restapis/*/stages")
        ),
        "aws:apigateway/methodSettings:MethodSettings": Permissions(
            read=read_api, write=(_change(scope, "PATCH", stages),)
        ),
        "aws:apigateway/account:Account": Permissions(
            read=(_call(scope, "GET", "/account"),),
            write=(
                _call(scope, "PATCH", "/account"),
                pass_role(scope, ACCOUNT_LOG_ROLE, "apigateway.amazonaws.com"),
            ),
        ),
        "aws:apigateway/apiKey:ApiKey": Permissions(
            read=(_call(scope, "GET", "/apikeys/*"),), write=_manage(scope, "/apikeys")
        ),
        "aws:apigateway/usagePlan:UsagePlan": Permissions(
            read=read_plan, write=_manage(scope, "/usageplans")
        ),
        "aws:apigateway/usagePlanKey:UsagePlanKey": Permissions(
            read=read_plan,
            write=(_change(scope, "POST", keys), _change(scope, "DELETE", f"{keys}/*")),
        ),
    }


def _call(scope: Scope, method: str, path: str) -> Grant:
    return Grant((f"apigateway:{method}",), scope.api(path))


def _change(scope: Scope, methods: str, path: str) -> Grant:
    return Grant(actions("apigateway", methods), scope.api(path), scope.owns)


def _manage(scope: Scope, collection: str) -> tuple[Grant, ...]:
    """Creating, changing and deleting tagged resources.

    AWS authorizes the tags of a creation as a second call, `PUT /tags/...`. It does not document
    whether it takes them as tags of the request or of the resource; its own policy below creates
    under a condition on those of the resource. So either is allowed.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSMigrationHubRefactorSpacesFullAccess.html
    """
    return (
        Grant(("apigateway:POST",), scope.api(collection), scope.creates),
        _change(scope, "POST", collection),
        Grant(("apigateway:PUT",), scope.api("/tags/*"), scope.claims),
        _change(scope, "DELETE PUT", "/tags/*"),
        _change(scope, "DELETE PATCH", f"{collection}/*"),
    )


def _link(scope: Scope) -> tuple[Grant, ...]:
    """What API Gateway does on the caller's behalf: a link is an endpoint service of the caller's.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html
    """
    service, kind = ec2(scope), "vpc-endpoint-service"
    creation = {"StringEquals": {"ec2:CreateAction": "CreateVpcEndpointServiceConfiguration"}}
    return (
        service.describe("DescribeVpcEndpointServiceConfigurations"),
        load_balancing(scope).describe("DescribeLoadBalancers"),
        service.allow(
            "CreateVpcEndpointServiceConfiguration DeleteVpcEndpointServiceConfigurations "
            "ModifyVpcEndpointServicePermissions",
            kind,
        ),
        # The endpoint service gets the tags of the link.
        service.allow("CreateTags", kind, when=creation),
    )
