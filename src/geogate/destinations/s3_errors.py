"""Turns the errors of botocore into geogate's: who must act, and whether trying again can help."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from botocore import exceptions as boto

from geogate.destinations.errors import (
    ForbiddenError,
    MisconfiguredError,
    PermanentError,
    StrangerError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.errors import ServiceError

PASSING: Final = frozenset(
    {
        "BadDigest",  # bytes that were damaged on the way
        "ConditionalRequestConflict",
        "ExpiredToken",
        "ExpiredTokenException",
        "IDPCommunicationError",
        "NoSuchUpload",  # another sending of the same key took our upload away
        "OperationAborted",
        "PreconditionFailed",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "XAmzContentSHA256Mismatch",
    }
)
ABSENT: Final = frozenset({"NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed"})


def code_of(error: boto.ClientError) -> str:
    """Return the store's own word for the error; of a HEAD request, which has no body, the number."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_of(error: boto.ClientError) -> int:
    """Return the HTTP number of the answer, 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Run the block; an error of botocore in it becomes a ``ServiceError`` about ``what``.

    The messages of botocore are kept as the cause only: they may name users and addresses.
    """
    try:
        yield
    except boto.ClientError as error:
        raise _answered(what, error) from error
    except boto.BotoCoreError as error:
        raise _unanswered(what, error) from error


def _answered(what: str, error: boto.ClientError) -> ServiceError:
    code, http = code_of(error), http_of(error)
    said = f"{what}: the store answers {code or http}"
    if code in ABSENT:
        return MisconfiguredError(said, hint="the bucket does not exist, or is in another region")
    if code in PASSING or http >= HTTPStatus.INTERNAL_SERVER_ERROR or http == HTTPStatus.TOO_MANY_REQUESTS:
        return UnavailableError(said)
    if http in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ForbiddenError(said, hint="look at the credentials, the releaser's permissions, and who owns the bucket")
    if http == HTTPStatus.NOT_FOUND:
        return MisconfiguredError(said, hint="the bucket or the role does not exist")
    return PermanentError(said)


def _unanswered(what: str, error: boto.BotoCoreError) -> ServiceError:
    if isinstance(error, boto.SSLError):
        return ForbiddenError(f"{what}: the store's certificate is not trusted")
    if isinstance(error, boto.NoCredentialsError):
        return StrangerError(f"{what}: there are no credentials for it")
    if isinstance(error, boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return ForbiddenError(f"{what}: there are no credentials for it")
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError | boto.IncompleteReadError):
        return UnavailableError(f"{what}: the store does not answer")
    return PermanentError(f"{what}: the client refuses ({type(error).__name__})")
