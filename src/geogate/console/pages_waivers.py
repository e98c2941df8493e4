"""The pages of waivers."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
