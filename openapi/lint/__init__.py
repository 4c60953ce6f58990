"""What API Gateway rejects in the extensions of a document, or would silently leave out."""

from itertools import chain

from openapi.document import Document
from openapi.lint import authorizers, extensions, integrations, responses, validators
from openapi.lint.integrations import StackOptions
from openapi.paths import Problems


def document_problems(document: Document, options: StackOptions) -> Problems:
    """Everything that is wrong with the extensions of a document."""
    yield from chain(
        extensions.problems(document),
        validators.problems(document),
        responses.problems(document),
        authorizers.problems(document),
        integrations.problems(document, options),
    )
