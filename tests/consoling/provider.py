"""A small OpenID provider for tests: discovery, codes with PKCE, and identity tokens that a test can spoil."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT, SECRET = "geogate-console", "not-a-secret-but-long-enough-to-sign-with-it-all-the-same"


@dataclass(slots=True)
class OpenIdProvider:
    """The provider; ``claims`` are of whoever signs in next, ``spoil`` changes them, ``key`` signs."""

    url: str = ""
    name: str = "ada"
    groups: list[str] = field(default_factory=lambda: ["reviewers"])
    spoil: Callable[[dict[str, Any]], None] | None = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | OctKey | None = None
    algorithm: str = "RS256"
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[dict[str, str]] = field(default_factory=list)

    def app(self, url: str) -> FastAPI:
        """Make the provider's application."""
        self.url = url
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self.discovery)
        app.get("/authorize")(self.authorize)
        app.post("/token")(self.token)
        app.get("/keys")(self.keys)
        return app

    def discovery(self) -> JSONResponse:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return JSONResponse({"issuer": self.issuer or self.url, **{k: f"{self.url}/{v}" for k, v in ends.items()}})

    def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.seen.append(query)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return RedirectResponse(f"{query['redirect_uri']}?{back}", 303)

    async def token(self, request: Request) -> Response:
        form = dict(await request.form())
        asked = self.codes.pop(str(form.get("code")), None)
        user = base64.b64decode(request.headers.get("authorization", "Basic Og==").split()[1]).decode()
        challenge = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        proved = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if asked is None or user != f"{CLIENT}:{SECRET}" or asked.get("code_challenge") != proved:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": self.identity(asked)})

    def identity(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": f"sub-{self.name}",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": self.name,
            "groups": self.groups,
        }
        if self.spoil is not None:
            self.spoil(claims)
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.signs_with or self.key, algorithms=[self.algorithm])

    def keys(self) -> JSONResponse:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})
