"""Every shipped stack with the real AWS plugin, in Moto."""

from collections.abc import Mapping

import pytest

from tests.bootstrap.documents import DEPLOY, actions
from tests.once import once
from tests.provider.lives import NAMES, Life, live
from tests.provider.stack import Call

pytestmark = pytest.mark.provider
GRANTED = {action for document in DEPLOY for action in actions(document)}
WITHOUT_PERMISSION = {"sts:GetCallerIdentity"}
"""Calls that AWS allows everybody."""
UNCALLED: Mapping[str, str] = {
    "AWS checks it when it gets another call": (
        "apigateway:UpdateRestApiPolicy ec2:CreateVpcEndpointServiceConfiguration "
        "ec2:DeleteVpcEndpointServiceConfigurations ec2:DescribeAccountAttributes "
        "ec2:DescribeAvailabilityZones ec2:DescribeInstanceTypes "
        "ec2:DescribeVpcEndpointServiceConfigurations ec2:GetSecurityGroupsForVpc "
        "ec2:ModifyVpcEndpointServicePermissions ec2:RunInstances iam:CreateServiceLinkedRole "
        "iam:PassRole iam:TagInstanceProfile route53:AssociateVPCWithHostedZone ssm:GetParameters"
    ),
    "the state of these stacks is in a file, not in a bucket": (
        "kms:Decrypt kms:GenerateDataKey s3:DeleteObject s3:GetObject s3:ListBucket s3:PutObject"
    ),
    "domain names are not in Moto": (
        "acm:AddTagsToCertificate acm:DeleteCertificate acm:DescribeCertificate "
        "acm:ListTagsForCertificate acm:RemoveTagsFromCertificate acm:RequestCertificate "
        "apigateway:AddCertificateToDomain apigateway:RemoveCertificateFromDomain "
        "route53:ChangeResourceRecordSets route53:GetChange route53:GetHostedZone "
        "route53:ListResourceRecordSets s3:GetObjectVersion"
    ),
    "somebody replaces a route table or a NAT gateway by hand, with `pulumi up --replace`": (
        "ec2:ReplaceRoute ec2:ReplaceRouteTableAssociation"
    ),
    "`ssm`, or a tag, is removed from a stack with a role for its instances": (
        "iam:DetachRolePolicy iam:UntagInstanceProfile"
    ),
    "the fleet that is rolled has grown, or stops counting its instances": (
        "autoscaling:DisableMetricsCollection autoscaling:SetDesiredCapacity"
    ),
}
"""What is granted for something that happens in no life, and why."""


def life_of(name: str, factory: pytest.TempPathFactory) -> Life:
    life = once(f"life-{name}", lambda: live(name, factory.mktemp(name)))
    if life.failure:
        pytest.fail(f"{name}: {life.failure}")
    return life


def made_in(life: Life) -> set[str]:
    """The permissions that its calls need."""
    return {call.permission for calls in (*life.calls.values(), life.others) for call in calls}


@pytest.fixture
def lived(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Life:
    return life_of(request.param, tmp_path_factory)


every = pytest.mark.parametrize("lived", NAMES, indirect=True)


@every
def test_a_second_preview_shows_no_change(lived: Life) -> None:
    assert lived.preview == ""


@every
def test_a_refresh_finds_no_change(lived: Life) -> None:
    assert lived.refresh == ""


@every
def test_the_policies_report_what_the_rehearsal_reports(lived: Life) -> None:
    assert lived.findings == lived.rehearsed


@every
def test_destroying_leaves_nothing(lived: Life) -> None:
    assert lived.left == []


@every
def test_the_deployer_may_make_every_call(lived: Life) -> None:
    made = made_in(lived)
    assert made
    assert made - GRANTED - WITHOUT_PERMISSION == set()


def changing(calls: list[Call]) -> list[str]:
    """What changes something, in order; of API Gateway, with the first part of the path."""
    return [
        f"{call.action} {call.path.split('/')[1]}" if call.service == "apigateway" else call.action
        for call in calls
        if not call.action.startswith(("Describe", "Get", "List", "GET"))
    ]


prod, dev, canary = (
    pytest.mark.parametrize("lived", [name], indirect=True) for name in ("prod", "dev", "canary")
)


@prod
def test_a_switch_is_one_call(lived: Life) -> None:
    assert changing(lived.calls["switch"]) == ["PATCH restapis"]


@canary
@pytest.mark.parametrize("change", ["percent", "end"])
def test_a_change_of_a_canary_is_one_call(lived: Life, change: str) -> None:
    assert changing(lived.calls[change]) == ["PATCH restapis"]


@dev
def test_a_roll_makes_the_new_fleet_first_and_leaves_the_stage_alone(lived: Life) -> None:
    made = changing(lived.calls["roll"])
    assert made.index("CreateAutoScalingGroup") < made.index("DeleteAutoScalingGroup")
    assert not [call for call in made if "restapis" in call]


@dev
def test_an_edit_in_place_creates_only_the_new_zone_and_deletes_nothing(lived: Life) -> None:
    made = changing(lived.calls["edit"])
    assert "SetSubnets" in made
    created = {call for call in made if call.startswith(("Create", "POST"))}
    changes = {"CreateTags", "CreateOrUpdateTags", "CreateLaunchTemplateVersion"}
    assert created - changes == {"CreateSubnet", "CreateRouteTable"}
    assert [call for call in made if call.startswith(("Delete", "DELETE"))] == []


@dev
def test_a_new_port_is_served_before_the_old_one_goes(lived: Life) -> None:
    made = changing(lived.calls["port"])
    moved = made.index("PATCH restapis")
    new = ("CreateLoadBalancer", "CreateListener", "CreateAutoScalingGroup", "POST vpclinks")
    assert max(made.index(call) for call in new) < moved
    old = ("DELETE vpclinks", "DeleteListener", "DeleteLoadBalancer", "DeleteAutoScalingGroup")
    assert min(made.index(call) for call in old) > moved


@dev
def test_what_was_changed_by_hand_is_put_back(lived: Life) -> None:
    assert changing(lived.calls["repair"])
    assert lived.repaired == ""


@pytest.fixture
def unused(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is granted, and what no life calls."""
    made = set().union(*(made_in(life_of(name, tmp_path_factory)) for name in NAMES))
    assert made
    return GRANTED - made


EXPLAINED = {action for actions in UNCALLED.values() for action in actions.split()}


def test_no_grant_is_left_unused_without_a_reason(unused: set[str]) -> None:
    assert unused - EXPLAINED == set()


def test_nothing_has_a_reason_that_is_called_or_not_granted(unused: set[str]) -> None:
    assert EXPLAINED - unused == set()
