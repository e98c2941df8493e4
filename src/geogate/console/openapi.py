"""The description of the REST API for programs, which a file in the docs keeps; it is not served to strangers."""

from __future__ import annotations

import json

from fastapi import FastAPI

from geogate.console.api import router


def openapi_text() -> str:
    """Write the OpenAPI document of the API."""
    app = FastAPI(
        title="geogate",
        version="1",
        description="All that the console does, for services. Send a token that geogate console token make has made.",
    )
    app.include_router(router)
    document = app.openapi()
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
