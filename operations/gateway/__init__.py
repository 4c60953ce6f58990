"""A stack's API served on this machine by an emulated API Gateway."""


class GatewayError(Exception):
    """The emulated gateway or a service could not be started, or the gateway rejected a call."""
