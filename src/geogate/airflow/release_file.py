"""The file ``release.yaml`` of a staged export: to whom it goes, where and what for; never by which policy."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from geogate.airflow.listings import RELEASE_FILE
from geogate.policy.declaration import DeclarationShape  # noqa: TC001 - read at run time
from geogate.policy.read import read_model
from geogate.policy.shape import Line, Shape, Slug
from geogate.policy.yaml_text import read_yaml

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class ReleaseShape(Shape):
    """What the people who stage an export say about it; a key that is not here is refused, above all ``policy``."""

    recipient: Slug = Field(description="The recipient's id in recipients.yaml.")
    destination: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="Where it goes: s3://bucket/prefix/ or file:folder/."
    )
    purpose: Line = Field(description="What the recipient will use it for.")
    assume_crs: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="The reference of layers that do not state one, for example EPSG:4326."
    )
    declaration: DeclarationShape | None = Field(
        default=None, description="What the data does not say; what is left out excuses from no rule."
    )
    files: Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="The files and folders beside release.yaml that go; all of them where this is left out.",
    )

    @field_validator("files")
    @classmethod
    def _beside(cls, files: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Refuse what does not lie beside the file, and names that stand twice."""
        for name in files or ():
            if name in {".", "..", RELEASE_FILE} or "\\" in name or PurePosixPath(name).parts != (name,):
                raise ValueError("a file must be the name of something beside release.yaml")
        if files and len(set(files)) != len(files):
            raise ValueError("a file stands twice")
        return files


def read_release(data: bytes, *, file: str) -> ReleaseShape:
    """Read the bytes of a release file.

    Raises: PolicyError naming file, line and key.
    """
    return read_model(read_yaml(data, file=file), ReleaseShape)
