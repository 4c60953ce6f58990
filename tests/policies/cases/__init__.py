"""What is expected of every rule, by area."""

from tests.policies.cases import (
    api,
    authorizers,
    balancer,
    caching,
    compute,
    domains,
    iam,
    links,
    links_v2,
    listeners,
    logs,
    network,
    private,
    routes,
    security_groups,
    stages,
    topology,
)

AREAS = (
    *(topology, links, links_v2, api, domains, stages, caching, private, routes),
    *(authorizers, balancer),
    *(listeners, network, security_groups, compute, iam, logs),
)
CASES = [case for area in AREAS for case in area.CASES]
