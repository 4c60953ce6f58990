"""What the rules read: the resources of a stack, their values and their references."""
