"""Signing in with an OpenID provider: discovery, the code flow with PKCE, and every check of the identity token.

Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import secrets
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from joserfc.jwt import decode as decode_token

from geogate.console.people import identified
from geogate.console.settings import require_safe_url
from geogate.console.store import digest
from geogate.model.authority import Identity, Source
from geogate.model.errors import RefusedError, ServiceError, UsageError

with warnings.catch_warnings():
    # Authlib asks for another HTTP library; the one that there is does. It turns its warnings on where it defines them.
    import authlib.deprecate

    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import OAuth2Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from geogate.console.settings import Provider
    from geogate.console.store import Store

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures with a public key; never ``none``, nor a secret that two know."""

WAITS: Final = timedelta(minutes=10)
SLACK_S: Final = 60
_TIMEOUT_S: Final = 10.0
_LARGEST: Final = 1_000_000
_LONGEST_NEXT: Final = 500
_UNVERIFIED: Final = "an administrator has it verified at the provider, or chooses another claim for names"
_AGAIN: Final = "sign in again; where that does not help, ask an administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where a browser goes to sign in, and the secret that its cookie keeps until it is back."""

    url: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Who has signed in, and the page of this console that was wanted."""

    identity: Identity
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """Signs people in with one provider; ``redirect`` is where the provider sends them back to."""

    provider: Provider
    redirect: str
    store: Store

    def depart(self, wanted: str, *, at: datetime) -> Departure:
        """Begin a sign-in, and say where the browser goes.

        Raises: ServiceError when the provider does not answer as it must.
        """
        endpoints = self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        row = (digest(state), nonce, verifier, own_page(wanted), at.timestamp())
        with self.store.transaction() as rows:
            rows.execute("DELETE FROM pending WHERE began < ?", ((at - WAITS).timestamp(),))
            rows.execute("INSERT INTO pending VALUES (?, ?, ?, ?, ?)", row)
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoints.authorization, state=state, code_verifier=verifier, nonce=nonce
            )
        return Departure(url=url, state=state)

    def arrive(self, query: Mapping[str, str], *, cookie: str, at: datetime) -> Arrival:
        """Take what the provider sends the browser back with; each sign-in is taken once.

        Raises: RefusedError when it is not the sign-in that this browser began, or the token is not good;
            ServiceError when the provider does not answer.
        """
        state, code = query.get("state", ""), query.get("code", "")
        if not cookie or not secrets.compare_digest(state.encode(), cookie.encode()):
            raise RefusedError("this browser did not begin the sign-in", hint=_AGAIN)
        nonce, verifier, wanted = self._pending(state, at=at)
        if "error" in query or not code:
            raise RefusedError("the provider did not sign you in", hint=_AGAIN)
        # RFC 9207: where the provider says who it is, it must be the one.
        if query.get("iss", self.provider.issuer) != self.provider.issuer:
            raise RefusedError("another provider has answered", hint=_AGAIN)
        endpoints = self._discover()
        token = self._exchange(endpoints, code=code, verifier=verifier)
        claims = self._claims(token, endpoints, nonce=nonce, at=at)
        if self.provider.name_claim == "email" and claims.get("email_verified") is not True:
            # Where nobody has verified it, people write there what they like.
            raise RefusedError("the provider has not verified your e-mail address", hint=_UNVERIFIED)
        try:
            identity = identified(
                claims.get(self.provider.name_claim), claims.get(self.provider.groups_claim), Source.OIDC
            )
        except UsageError as error:
            raise RefusedError(error.summary, hint=error.hint) from error
        return Arrival(identity=identity, next=wanted)

    def _pending(self, state: str, *, at: datetime) -> tuple[str, str, str]:
        with self.store.transaction() as rows:
            query = "DELETE FROM pending WHERE digest = ? RETURNING nonce, verifier, next, began"
            found = rows.execute(query, (digest(state),)).fetchone()
        if found is None or not found[3] - SLACK_S <= at.timestamp() < found[3] + WAITS.total_seconds():
            raise RefusedError("the sign-in took too long, or was used before", hint=_AGAIN)
        return found[0], found[1], found[2]

    def _discover(self) -> _Endpoints:
        found = self._get(f"{self.provider.issuer}/.well-known/openid-configuration")
        if found.get("issuer") != self.provider.issuer:
            raise ServiceError("the provider's discovery document names another issuer", hint="check the setting")
        try:
            named = [found[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            authorization, token, keys = (require_safe_url(str(each), what="an endpoint") for each in named)
        except (KeyError, UsageError) as error:
            raise ServiceError("the provider's discovery document cannot be used", hint="check the setting") from error
        return _Endpoints(authorization=authorization, token=token, keys=keys)

    def _exchange(self, endpoints: _Endpoints, *, code: str, verifier: str) -> str:
        try:
            with self._client() as client:
                answer = client.fetch_token(endpoints.token, code=code, code_verifier=verifier)
        except httpx.HTTPError as error:
            raise ServiceError("the provider does not answer", hint=_AGAIN) from error
        except (AuthlibBaseError, ValueError) as error:
            raise RefusedError("the provider did not take the code", hint=_AGAIN) from error
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > _LARGEST:
            raise RefusedError("the provider gave no identity token", hint=_AGAIN)
        return token

    def _claims(self, token: str, endpoints: _Endpoints, *, nonce: str, at: datetime) -> dict[str, Any]:
        registry = JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=SLACK_S,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(self._get(endpoints.keys))  # type: ignore[arg-type]  # it checks what it gets
            claims: dict[str, Any] = decode_token(token, keys, algorithms=list(ALGORITHMS)).claims
            registry.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise RefusedError("the identity token is not good", hint=_AGAIN) from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.provider.client_id) != self.provider.client_id:
            raise RefusedError("the identity token is for another application", hint=_AGAIN)
        return claims

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.provider.client_id,
            client_secret=self.provider.client_secret,
            scope=self.provider.scope,
            redirect_uri=self.redirect,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            follow_redirects=False,
        )

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False)
            document = answer.raise_for_status().json() if len(answer.content) <= _LARGEST else None
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceError("the provider does not answer as it must", hint=_AGAIN) from error
        if not isinstance(document, dict):
            raise ServiceError("the provider's answer cannot be read", hint=_AGAIN)
        return document


def own_page(wanted: str) -> str:
    """Give a page of this console, and never of another place: the queue where it is not one."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    bad = parts.scheme or parts.netloc or not wanted.startswith("/") or wanted.startswith(("//", "/\\", "/sign"))
    return "/" if bad or not wanted.isprintable() or "\\" in wanted or len(wanted) > _LONGEST_NEXT else wanted
