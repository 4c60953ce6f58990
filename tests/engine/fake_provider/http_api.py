"""The calls that the program itself makes to AWS, answered from a fake account over HTTP.

Sources: https://docs.aws.amazon.com/apigateway/latest/api/API_GetVpcLink.html,
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/vpclinks-vpclinkid.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account
from tests.engine.fake_provider.rejections import target_groups

Answer = dict[str, Any]


@contextmanager
def serve(account: Account, called: Event) -> Iterator[str]:
    """Answer at the URL that this yields; every call sets the event."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_v2 = self.path.startswith("/v2/")
            token = rt.VPC_LINK_V2 if is_v2 else rt.VPC_LINK
            link = account.resources.get((token, self.path.rpartition("/")[2]))
            status = "vpcLinkStatus" if is_v2 else "status"
            found = {} if link is None else {"id": link.id, status: link.status}
            if link is not None and link.status_message:
                found[f"{status}Message"] = link.status_message
            self._send(200 if link else 404, json.dumps(found or {"message": "Invalid Vpc Link"}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = {key: values[0] for key, values in parse_qs(body).items()}
            action = fields["Action"]
            root = ET.Element(f"{action}Response")
            _append(ET.SubElement(root, f"{action}Result"), _ACTIONS[action](account, fields))
            self._send(200, ET.tostring(root, encoding="unicode"))

        def _send(self, status: int, body: str) -> None:
            called.set()
            self.send_response(status)
            if status != 200:
                self.send_header("x-amzn-ErrorType", "NotFoundException")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _balancers(account: Account, fields: dict[str, str]) -> Answer:
    balancer = account.resources[rt.LOAD_BALANCER, fields["LoadBalancerArns.member.1"]]
    inputs = balancer.inputs
    described: Answer = {
        "LoadBalancerArn": balancer.id,
        "SecurityGroups": inputs.get("securityGroups", []),
        "State": {"Code": balancer.status},
    }
    enforced = inputs.get("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on")
    described["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = enforced
    return {"LoadBalancers": [described]}


def _fleets(account: Account, fields: dict[str, str]) -> Answer:
    fleet = account.resources.get((rt.FLEET, fields["AutoScalingGroupNames.member.1"]))
    if fleet is None:
        return {"AutoScalingGroups": []}
    instances = [
        {"InstanceId": instance, "LifecycleState": "InService"}
        for instance in account.instances(fleet)
    ]
    return {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": fleet.id,
                "MinSize": fleet.inputs["minSize"],
                "MaxSize": fleet.inputs["maxSize"],
                "DesiredCapacity": fleet.outputs["desiredCapacity"],
                "Instances": instances,
            }
        ],
    }


def _resize(account: Account, fields: dict[str, str]) -> Answer:
    fleet = account.resources[rt.FLEET, fields["AutoScalingGroupName"]]
    account.resize(fleet, int(fields["DesiredCapacity"]))
    return {}


def _health(account: Account, fields: dict[str, str]) -> Answer:
    group = fields["TargetGroupArn"]
    health = account.health(group)
    listeners = account.of_type(rt.LISTENER)
    if not any(group in target_groups(listener.inputs) for listener in listeners):
        health = dict.fromkeys(health, "unused")
    return {
        "TargetHealthDescriptions": [
            {"Target": {"Id": instance}, "TargetHealth": {"State": state}}
            for instance, state in health.items()
        ]
    }


_ACTIONS: dict[str, Callable[[Account, dict[str, str]], Answer]] = {
    "DescribeLoadBalancers": _balancers,
    "DescribeAutoScalingGroups": _fleets,
    "DescribeTargetHealth": _health,
    "SetDesiredCapacity": _resize,
}


def _append(parent: ET.Element, value: Any) -> None:
    """Write a value as the query protocol does, with a `member` for each item of a list."""
    if isinstance(value, dict):
        for key, item in value.items():
            _append(ET.SubElement(parent, key), item)
    elif isinstance(value, list):
        for item in value:
            _append(ET.SubElement(parent, "member"), item)
    else:
        parent.text = str(value)
