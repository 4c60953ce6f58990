"""The balancer: Network Load Balancer, target group, listener, attached instances."""

from .ec2 import look
from .grants import Grant, Needs, Scope, both
from .roles import service_linked_role

SERVICE = "elasticloadbalancing"
BALANCER, GROUP, LISTENER = "loadbalancer/net/*", "targetgroup/*", "listener/net/*"


def needs(scope: Scope) -> dict[str, Needs]:
    """What a balancer takes, by resource type."""
    return {
        "aws:lb/loadBalancer:LoadBalancer": Needs(
            read=(
                _look(
                    scope,
                    "DescribeCapacityReservation",
                    "DescribeLoadBalancerAttributes",
                    "DescribeLoadBalancers",
                    "DescribeTags",
                ),
            ),
            write=(
                # What the service asks for in the caller's name, and the wait for a deletion.
                look(
                    scope,
                    "DescribeAccountAttributes",
                    "DescribeInternetGateways",
                    "DescribeNetworkInterfaces",
                    "DescribeSecurityGroups",
                    "DescribeSubnets",
                    "DescribeVpcs",
                ),
                *_made(scope, "CreateLoadBalancer", BALANCER),
                _kept(
                    scope,
                    BALANCER,
                    "DeleteLoadBalancer",
                    "ModifyLoadBalancerAttributes",
                    "SetSecurityGroups",
                    "SetSubnets",
                ),
                service_linked_role(scope, f"{SERVICE}.amazonaws.com"),
            ),
        ),
        "aws:lb/targetGroup:TargetGroup": Needs(
            read=(
                _look(
                    scope, "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups"
                ),
            ),
            write=(
                *_made(scope, "CreateTargetGroup", GROUP),
                _kept(
                    scope,
                    GROUP,
                    "DeleteTargetGroup",
                    "ModifyTargetGroup",
                    "ModifyTargetGroupAttributes",
                ),
            ),
        ),
        "aws:lb/listener:Listener": Needs(
            read=(_look(scope, "DescribeListenerAttributes", "DescribeListeners", "DescribeTags"),),
            write=(
                # A listener is made on its balancer, and tagged as itself.
                *_made(scope, "CreateListener", LISTENER),
                Grant(_actions("CreateListener"), scope.arns(SERVICE, BALANCER), scope.made),
                _kept(
                    scope, LISTENER, "DeleteListener", "ModifyListener", "ModifyListenerAttributes"
                ),
            ),
        ),
        "aws:lb/targetGroupAttachment:TargetGroupAttachment": Needs(
            read=(_look(scope, "DescribeTargetHealth"),),
            write=(_kept(scope, GROUP, "DeregisterTargets", "RegisterTargets"),),
        ),
    }


def _actions(*names: str) -> tuple[str, ...]:
    return tuple(f"{SERVICE}:{name}" for name in names)


def _look(scope: Scope, *actions: str) -> Grant:
    return Grant(_actions(*actions), ("*",), scope.in_region)


def _made(scope: Scope, action: str, resource: str) -> tuple[Grant, Grant]:
    created = {"StringEquals": {f"{SERVICE}:CreateAction": action}}
    arns = scope.arns(SERVICE, resource)
    return (
        Grant(_actions(action), arns, scope.made),
        Grant(_actions("AddTags"), arns, both(scope.made, created)),
    )


def _kept(scope: Scope, resource: str, *actions: str) -> Grant:
    return Grant(
        _actions(*actions, "AddTags", "RemoveTags"), scope.arns(SERVICE, resource), scope.ours
    )
