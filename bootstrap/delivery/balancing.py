"""Load balancing: Network Load Balancer, target group, listener, attached instances."""

from .grants import Permissions, Scope
from .roles import create_service_linked_role
from .services import ec2, load_balancing

BALANCER, GROUP, LISTENER = "loadbalancer/net", "targetgroup", "listener/net"


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What a balancer needs, by resource type."""
    service = load_balancing(scope)
    return {
        "aws:lb/loadBalancer:LoadBalancer": Permissions(
            read=(
                service.describe(
                    "DescribeCapacityReservation DescribeLoadBalancerAttributes "
                    "DescribeLoadBalancers DescribeTags"
                ),
            ),
            write=(
                # The service makes these calls on the caller's behalf; the provider makes some of
                # them too, while it waits for a deletion.
                ec2(scope).describe(
                    "DescribeAccountAttributes DescribeInternetGateways DescribeNetworkInterfaces "
                    "DescribeSecurityGroups DescribeSubnets DescribeVpcs"
                ),
                *service.create("CreateLoadBalancer", BALANCER),
                service.change(
                    BALANCER,
                    "DeleteLoadBalancer ModifyLoadBalancerAttributes SetSecurityGroups SetSubnets",
                ),
                create_service_linked_role(scope, "elasticloadbalancing.amazonaws.com"),
            ),
        ),
        "aws:lb/targetGroup:TargetGroup": Permissions(
            read=(
                service.describe("DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups"),
            ),
            write=(
                *service.create("CreateTargetGroup", GROUP),
                service.change(
                    GROUP, "DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes"
                ),
            ),
        ),
        "aws:lb/listener:Listener": Permissions(
            read=(service.describe("DescribeListenerAttributes DescribeListeners DescribeTags"),),
            write=(
                # AWS checks the balancer's ARN for the call, and the listener's for the tags.
                *service.create("CreateListener", LISTENER, BALANCER),
                service.change(LISTENER, "DeleteListener ModifyListener ModifyListenerAttributes"),
            ),
        ),
        "aws:lb/targetGroupAttachment:TargetGroupAttachment": Permissions(
            read=(service.describe("DescribeTargetHealth"),),
            write=(service.change(GROUP, "DeregisterTargets RegisterTargets"),),
        ),
    }
