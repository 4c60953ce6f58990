"""What AWS rejects of domain names and of the security policies of endpoints."""

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.values import Props


def mapping_of(account: Account, stage: str) -> Resource | None:
    """A path of a domain that leads to a stage."""
    for mapping in account.of_type(rt.BASE_PATH_MAPPING):
        if stage == f"ags-{mapping.inputs['restApi']}-{mapping.inputs['stageName']}":
            return mapping
    return None


def tls_policy(inputs: Props) -> str | None:
    """Of an API or a domain."""
    policy, mode = (inputs.get(key) for key in ("securityPolicy", "endpointAccessMode"))
    if str(policy).startswith("SecurityPolicy_") != bool(mode):
        return "BadRequestException: Endpoint access mode is required for the security policy"
    return None


def domain_name(account: Account, resource: Resource) -> str | None:
    """A certificate that is issued and where the endpoint needs it; a policy for mutual TLS."""
    inputs = resource.inputs
    is_edge = inputs["endpointConfiguration"]["types"] == "EDGE"
    arn = inputs["certificateArn" if is_edge else "regionalCertificateArn"]
    if is_edge and ":us-east-1:" not in arn:
        return "BadRequestException: The certificate must be in us-east-1"
    validated = (rt.CERTIFICATE_VALIDATION, arn) in account.resources
    if (rt.CERTIFICATE, arn) in account.resources and not validated:
        return f"BadRequestException: Certificate {arn} is not issued"
    if inputs.get("mutualTlsAuthentication") and inputs.get("securityPolicy") != "TLS_1_2":
        return "BadRequestException: Mutual TLS requires the security policy TLS_1_2"
    return tls_policy(inputs)


def base_path_mapping(account: Account, resource: Resource) -> str | None:
    """A domain and a stage that exist, unless the stage is of another stack."""
    inputs = resource.inputs
    if (rt.DOMAIN_NAME, inputs["domainName"]) not in account.resources:
        return "NotFoundException: Invalid domain name identifier specified"
    stage = f"ags-{inputs['restApi']}-{inputs['stageName']}"
    is_own = (rt.REST_API, inputs["restApi"]) in account.resources
    if is_own and (rt.STAGE, stage) not in account.resources:
        return "BadRequestException: Invalid stage identifier specified"
    return None
