"""The three component resources, and the pure modules they are made of.

Nothing is imported here, so that the pure modules can be used without Pulumi.
"""
