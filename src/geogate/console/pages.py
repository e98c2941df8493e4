"""All pages, by what they are about; each module says for each of its routes which action it is."""

from __future__ import annotations

from fastapi import APIRouter

from geogate.console import (
    pages_ledger,
    pages_map,
    pages_policies,
    pages_proofs,
    pages_queue,
    pages_release,
    pages_waivers,
)

router = APIRouter()
for each in (pages_queue, pages_release, pages_map, pages_waivers, pages_ledger, pages_proofs, pages_policies):
    router.include_router(each.router)
