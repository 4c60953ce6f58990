"""The parts of our own stack that the cases change, and what they add to it."""

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies.changes import Change, Part, added

API = Part(types.REST_API)
DEFINITION = Part(types.REST_API_PUT)
DEPLOYMENT = Part(types.DEPLOYMENT)
STAGE = Part(types.STAGE)
SETTINGS = Part(types.METHOD_SETTINGS)
ACCOUNT = Part(types.API_ACCOUNT)
LINK = Part(types.VPC_LINK)
NLB = Part(types.LOAD_BALANCERS[0])
LISTENER = Part(types.LISTENERS[0])
TARGET_GROUP = Part(types.TARGET_GROUPS[0])
VPC = Part(types.VPC)
FLOW_LOG = Part(types.FLOW_LOG)
SUBNET_A = Part(types.SUBNET, "core-private-us-east-2a")
ROUTE_TABLE_A = Part(types.ROUTE_TABLE, SUBNET_A.name)
ASSOCIATION_A = Part(types.ROUTE_TABLE_ASSOCIATION, SUBNET_A.name)
ZONE_B = Part(types.SUBNET, "core-private-us-east-2b").set("availabilityZone", "us-east-2a")
DEFAULT_GROUP = Part(types.DEFAULT_SECURITY_GROUP)
FLEET_GROUP = Part(types.SECURITY_GROUP, "blue-fleet")
NLB_GROUP = Part(types.SECURITY_GROUP, "blue-nlb")
RULE = Part(types.INGRESS_RULE)
EGRESS = Part(types.EGRESS_RULE, "blue-fleet-to-s3")
ENDPOINT = Part(types.VPC_ENDPOINT)
TEMPLATE = Part(types.LAUNCH_TEMPLATE)
FLEET = Part(types.FLEET)
ROLE = Part(types.ROLE, "api-account-logs")
POLICY = Part(types.ROLE_POLICY)
ATTACHED = Part(types.ROLE_POLICY_ATTACHMENT)
LOG_GROUP = Part(types.LOG_GROUP, "api-dev-access")

NO_DEFINITION = DEFINITION.removed()
ROOT = ("paths", "/", "get")
ORDERS = ("paths", "/orders/{id}", "get")
INTEGRATION = "x-amazon-apigateway-integration"
OTHER_ARN = (
    "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/other/0123456789abcdef"
)


def method(**props: object) -> Change:
    """A method of the API's root, as a separate resource."""
    given = {"restApi": UNKNOWN, "resourceId": UNKNOWN, "httpMethod": "GET", **props}
    return added(types.METHOD, "root", given, {"restApi": API, "resourceId": API})


def integration(**props: object) -> Change:
    """An integration as a separate resource."""
    given = {"restApi": UNKNOWN, "connectionType": "VPC_LINK", **props}
    return added(types.INTEGRATION, "own", given, {"restApi": API})
