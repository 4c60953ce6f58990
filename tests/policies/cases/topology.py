"""Cases of the rules about account and region."""

from tests.policies import parts as our
from tests.policies.case import absent, at_preview, ignores, ill_typed, of_rule, passes, violates
from tests.policies.cases.links import OTHER_NLB, SECOND_NLB, TWO_SERVICES, users
from tests.policies.changes import Part

ELSEWHERE_ARN = our.OTHER_ARN.replace("us-east-2", "eu-west-1")
LISTENER_ARN = our.OTHER_ARN.replace("loadbalancer", "listener")
OTHER_ACCOUNT_ARN = our.OTHER_ARN.replace("111122223333", "444455556666")
EXTERNAL = our.STAGE.set("variables.vpcLinkId", "abc123")
DECLARED = {"externalVpcLinks": {"abc123": {"nlbArn": our.OTHER_ARN}}}
NO_PRIVATE = (our.LINK.removed(), our.NO_DEFINITION, our.STAGE.set("variables", {}))

CASES = [
    *of_rule(
        "nlb-api-same-account-region",
        ill_typed(violates("", our.LINK.set("targetArn", [1]))),
        passes(),
        passes(our.LINK.set("targetArn", our.OTHER_ARN)),
        passes(EXTERNAL, **DECLARED),
        passes(EXTERNAL, unprovenAtUpdate="warn"),
        passes(expectedRegion="us-east-2", expectedAccountId="111122223333"),
        violates(
            "(its arn) and eu-west-1 (its region argument) at once",
            our.API.set("region", "eu-west-1"),
        ),
        violates("is in region eu-west-1 (targetArn)", our.LINK.set("targetArn", ELSEWHERE_ARN)),
        violates(
            "is in account 444455556666 (targetArn)", our.LINK.set("targetArn", OTHER_ACCOUNT_ARN)
        ),
        violates(
            "is in region eu-west-1 (its region argument)",
            our.DEPLOYMENT.set("region", "eu-west-1"),
        ),
        violates("uses VPC link 'abc123' (stage 'api-dev-stage')", EXTERNAL),
        passes(*SECOND_NLB, *TWO_SERVICES, *users()),
        *(
            violates(
                "is in region eu-west-1 (its region argument)",
                *SECOND_NLB,
                *TWO_SERVICES,
                *users(),
                elsewhere.set("region", "eu-west-1"),
            )
            for elsewhere in (OTHER_NLB, Part(our.LINK.type, "other"))
        ),
        violates("uses VPC link 'abc456' (stage", *TWO_SERVICES, *users(link="abc456")),
        violates(
            "uses VPC link 'abc456' (the canary of stage",
            *SECOND_NLB,
            *TWO_SERVICES,
            *users(),
            our.STAGE.set(
                "canarySettings.stageVariableOverrides",
                {"vpcLinkId_users": "abc456", "backendHost_users": "h"},
            ),
        ),
        violates("not the ARN of a load balancer", our.LINK.set("targetArn", "no ARN")),
        violates("(expectedRegion in", expectedRegion="eu-west-1"),
        violates("(expectedAccountId in", expectedAccountId="444455556666"),
        at_preview(violates("", our.NLB.set("region", "eu-west-1"))),
        at_preview(violates("", our.DEPLOYMENT.set("region", "eu-west-1"))),
        at_preview(passes(our.DEFINITION.unknown("body"))),
        at_preview(violates("", our.STAGE.set("variables", {"vpcLinkId": "a1", "host": "h"}))),
        absent(passes(our.NLB.unset("region"), our.API.unset("region"))),
        absent(passes(our.STAGE.removed())),
        ignores(*NO_PRIVATE),
    ),
    *of_rule(
        "nlb-api-location-proven",
        ill_typed(passes(our.LINK.set("targetArn", [1]))),  # nlb-api-same-account-region refuses it
        passes(),
        passes(EXTERNAL, **DECLARED),
        violates("so the load balancer behind it cannot be checked", EXTERNAL),
        at_preview(passes()),
        at_preview(passes(our.DEFINITION.unknown("body"))),
        at_preview(violates("", our.DEFINITION.unknown("body"), our.STAGE.removed())),
        at_preview(violates("", our.LINK.set("targetArn", our.OTHER_ARN))),
        absent(violates("", our.STAGE.removed())),
        ignores(*NO_PRIVATE),
    ),
    *of_rule(
        "vpclink-target-location",
        ill_typed(violates("", our.LINK.set("targetArn", [1]))),
        passes(),
        passes(our.integration(integrationTarget=our.OTHER_ARN)),
        violates("is in region eu-west-1 (targetArn)", our.LINK.set("targetArn", ELSEWHERE_ARN)),
        violates("not the ARN of a load balancer", our.LINK.set("targetArn", "no ARN")),
        violates("not the ARN", our.LINK.set("targetArn", LISTENER_ARN)),
        violates(
            "region eu-west-1 (integrationTarget)",
            our.integration(integrationTarget=ELSEWHERE_ARN, region="us-east-2"),
        ),
        at_preview(ignores()),
        at_preview(passes(our.LINK.unknown("region"), our.LINK.set("targetArn", ELSEWHERE_ARN))),
        at_preview(violates("", our.LINK.set("targetArn", ELSEWHERE_ARN))),
        absent(ignores(our.LINK.unset("targetArn"))),
        ignores(our.LINK.removed(), our.integration()),
    ),
]
