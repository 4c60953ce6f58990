"""The component resources, and the arguments that they get from the settings.

Nothing is imported here, so that `addressing` can be used without Pulumi.
"""
