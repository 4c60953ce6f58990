"""The domain name of an API."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.private_api import EndpointType

EDGE_REGION = "us-east-1"
"""Where the certificate of an edge endpoint is.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-edge-optimized-custom-domain-name.html
"""


class MutualTlsArgs(TypedDict):
    """Which certificates clients have to present."""

    truststore_uri: pulumi.Input[str]
    """File in S3 with the certificates of the authorities that are trusted."""
    truststore_version: NotRequired[pulumi.Input[str]]
    """Version of the file."""


class ApiDomainArgs(TypedDict):
    """Inputs of `ApiDomain`."""

    domain_name: pulumi.Input[str]
    """Name under which clients reach the API."""
    rest_api_id: pulumi.Input[str]
    """API that the paths lead to; another one changes the mappings in place."""
    paths: Mapping[str, pulumi.Input[str]]
    """Stage by base path: / or one segment, such as /orders. Plain, because each is a resource."""
    endpoint_type: NotRequired[EndpointType]
    """Regional by default."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """Existing certificate; without it, one is requested and validated through the zone."""
    hosted_zone_id: NotRequired[pulumi.Input[str]]
    """Hosted zone that gets the record of the name."""
    security_policy: NotRequired[pulumi.Input[str]]
    """TLS versions and ciphers, by AWS's name; TLS 1.2 and 1.3 by AWS's default."""
    endpoint_access_mode: NotRequired[pulumi.Input[str]]
    """BASIC or STRICT, with a policy that begins with SecurityPolicy_."""
    mutual_tls: NotRequired[MutualTlsArgs]
    """Clients have to present a certificate; for a regional endpoint."""
    ownership_certificate_arn: NotRequired[pulumi.Input[str]]
    """Public certificate that proves the ownership of the name, with mutual TLS and a certificate
    that was imported or is of a private authority."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child."""


class ApiDomain(pulumi.ComponentResource):
    """A domain name with its certificate, its record, and the base paths of the stages.

    A mapping has the name of its path, so that a path moves to another stage, or to another API,
    by one update in place.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
    """

    urls: dict[str, pulumi.Output[str]]
    """URL of every base path."""
    target: dict[str, pulumi.Output[str]]
    """What the record of the name has to point to: `name`, and for an alias the `zone_id`."""

    def __init__(
        self, name: str, args: ApiDomainArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:ApiDomain", name, {}, opts)
        self._prefix, self._args, self._tags = name, args, args.get("tags")
        self._child = pulumi.ResourceOptions(parent=self)
        self._is_edge = args.get("endpoint_type") is EndpointType.EDGE
        domain = self._domain(args.get("certificate_arn") or self._requested_certificate())
        mappings = [self._mapping(domain, path, stage) for path, stage in args["paths"].items()]
        self.target = (
            {"name": domain.cloudfront_domain_name, "zone_id": domain.cloudfront_zone_id}
            if self._is_edge
            else {"name": domain.regional_domain_name, "zone_id": domain.regional_zone_id}
        )
        if "hosted_zone_id" in args:
            self._record(args["hosted_zone_id"], mappings)
        self.urls = {
            path: pulumi.Output.concat("https://", domain.domain_name, path.rstrip("/"))
            for path in args["paths"]
        }
        self.register_outputs({"urls": self.urls, "target": self.target})

    def _domain(self, certificate_arn: pulumi.Input[str]) -> aws.apigateway.DomainName:
        args, mutual_tls = self._args, self._args.get("mutual_tls")
        return aws.apigateway.DomainName(
            f"{self._prefix}-name",
            domain_name=args["domain_name"],
            endpoint_configuration={"types": "EDGE" if self._is_edge else "REGIONAL"},
            certificate_arn=certificate_arn if self._is_edge else None,
            regional_certificate_arn=None if self._is_edge else certificate_arn,
            security_policy=args.get("security_policy"),
            endpoint_access_mode=args.get("endpoint_access_mode"),
            mutual_tls_authentication={**mutual_tls} if mutual_tls else None,
            ownership_verification_certificate_arn=args.get("ownership_certificate_arn"),
            tags=self._tags,
            opts=self._child,
        )

    def _requested_certificate(self) -> pulumi.Output[str]:
        """ARN of a new certificate, known once it is validated: AWS refuses others."""
        if "hosted_zone_id" not in self._args:
            raise ValueError(f"{self._prefix}: set certificate_arn or hosted_zone_id")
        region = EDGE_REGION if self._is_edge else None
        certificate = aws.acm.Certificate(
            f"{self._prefix}-certificate",
            domain_name=self._args["domain_name"],
            validation_method="DNS",
            region=region,
            tags=self._tags,
            opts=self._child,
        )
        option = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{self._prefix}-validation",
            zone_id=self._args["hosted_zone_id"],
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=300,
            # All certificates of an account for one name share the record.
            allow_overwrite=True,
            opts=self._child,
        )
        return aws.acm.CertificateValidation(
            f"{self._prefix}-validated",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=region,
            opts=self._child,
        ).certificate_arn

    def _mapping(
        self, domain: aws.apigateway.DomainName, path: str, stage: pulumi.Input[str]
    ) -> pulumi.Resource:
        return aws.apigateway.BasePathMapping(
            f"{self._prefix}{path}",
            domain_name=domain.domain_name,
            rest_api=self._args["rest_api_id"],
            stage_name=stage,
            base_path=path.removeprefix("/") or None,
            opts=self._child,
        )

    def _record(self, zone_id: pulumi.Input[str], mappings: list[pulumi.Resource]) -> None:
        """The record of the name, which appears when the paths lead somewhere."""
        aws.route53.Record(
            f"{self._prefix}-record",
            zone_id=zone_id,
            name=self._args["domain_name"],
            type="A",
            aliases=[
                {
                    "name": self.target["name"],
                    "zone_id": self.target["zone_id"],
                    "evaluate_target_health": False,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=mappings),
        )
