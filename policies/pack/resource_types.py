"""Type tokens of the resources that the rules read.

They are written out because importing pulumi_aws would add a second to every preview. A test
compares them with its classes. Source: https://www.pulumi.com/registry/packages/aws/api-docs/
"""

PROVIDER = "pulumi:providers:aws"

API_ACCOUNT = "aws:apigateway/account:Account"
AUTHORIZER = "aws:apigateway/authorizer:Authorizer"
BASE_PATH_MAPPING = "aws:apigateway/basePathMapping:BasePathMapping"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
DOMAIN_NAME = "aws:apigateway/domainName:DomainName"
INTEGRATION = "aws:apigateway/integration:Integration"
METHOD = "aws:apigateway/method:Method"
METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
PATH = "aws:apigateway/resource:Resource"
REST_API = "aws:apigateway/restApi:RestApi"
REST_API_POLICY = "aws:apigateway/restApiPolicy:RestApiPolicy"
REST_API_PUT = "aws:apigateway/restApiPut:RestApiPut"
STAGE = "aws:apigateway/stage:Stage"
USAGE_PLAN = "aws:apigateway/usagePlan:UsagePlan"
VPC_LINK = "aws:apigateway/vpcLink:VpcLink"
VPC_LINK_V2 = "aws:apigatewayv2/vpcLink:VpcLink"
VPC_LINKS = (VPC_LINK, VPC_LINK_V2)
DEFINITIONS = (REST_API, REST_API_PUT)
"""Types of a REST API that have an OpenAPI document in `body`."""
INTEGRATION_SOURCES = (INTEGRATION, *DEFINITIONS)
"""Types of a REST API that define integrations."""
HTTP_API = "aws:apigatewayv2/api:Api"
"""An HTTP API or a WebSocket API."""
APIS = (REST_API, HTTP_API)
HTTP_DEPLOYMENT = "aws:apigatewayv2/deployment:Deployment"
HTTP_INTEGRATION = "aws:apigatewayv2/integration:Integration"
HTTP_ROUTE = "aws:apigatewayv2/route:Route"
HTTP_STAGE = "aws:apigatewayv2/stage:Stage"
HTTP_SOURCES = (HTTP_INTEGRATION, HTTP_API)
"""Types of an HTTP or WebSocket API that define integrations."""
STAGES = (STAGE, HTTP_STAGE)
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
WEB_ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

LOAD_BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
CLASSIC_BALANCER = "aws:elb/loadBalancer:LoadBalancer"
LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
TARGET_GROUPS = ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup")
TARGET_ATTACHMENTS = (
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws:alb/targetGroupAttachment:TargetGroupAttachment",
)

CLOUD_MAP_SERVICE = "aws:servicediscovery/service:Service"
"""What an HTTP API may call in place of a listener."""

DEFAULT_ROUTE_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
DEFAULT_SUBNET = "aws:ec2/defaultSubnet:DefaultSubnet"
DEFAULT_VPC = "aws:ec2/defaultVpc:DefaultVpc"
EIP = "aws:ec2/eip:Eip"
EIP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
INTERNET_GATEWAY_ATTACHMENT = "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment"
MAIN_ROUTE_TABLE = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_LIST_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

FLEET = "aws:autoscaling/group:Group"
FLEET_ATTACHMENT = "aws:autoscaling/attachment:Attachment"
INSTANCE = "aws:ec2/instance:Instance"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SPOT_INSTANCE = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
VOLUME = "aws:ebs/volume:Volume"

GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
GROUP_POLICY_ATTACHMENT = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
EXCLUSIVE_ATTACHMENTS = (
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
)
IAM_POLICY = "aws:iam/policy:Policy"
POLICY_ATTACHMENT = "aws:iam/policyAttachment:PolicyAttachment"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
USER_POLICY = "aws:iam/userPolicy:UserPolicy"
USER_POLICY_ATTACHMENT = "aws:iam/userPolicyAttachment:UserPolicyAttachment"

LAMBDA_PERMISSION = "aws:lambda/permission:Permission"

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
