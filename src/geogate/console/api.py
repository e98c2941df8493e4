"""The REST API: all that the console does, for services with a token."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1")
