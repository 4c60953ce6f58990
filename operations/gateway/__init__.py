"""A stack's API served on this machine by an emulated API Gateway."""
