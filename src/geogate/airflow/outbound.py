"""The table of operators that send data out, by the names of their classes, so that no provider has to be imported.

Read from the providers amazon 9.39, google 22.8, microsoft-azure, sftp, ftp, http, smtp and common.io. A class counts
by its name and by those of its bases, in every package. Transfers that the table does not know send out, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """How an operator sends: fields are named as its constructor and its instances do.

    ``to`` is the place, with fields in braces; one that ends in ``?`` may be empty. ``via`` is the field of the
    connection, ``usual`` the connection where none is named. ``source`` is the field of the local files that go, empty
    where the bytes cannot be seen before they have left. With a value of ``harmless`` nothing leaves. A field of
    ``plain`` that is filled changes the bytes, opens them to others or hides where they go. ``names`` are attributes
    that are called otherwise than the argument of the constructor.
    """

    to: str
    via: str = ""
    usual: str = ""
    source: str = ""
    harmless: tuple[str, frozenset[str]] | None = None
    default: str = ""
    plain: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


AWS: Final = "aws_default"
GOOGLE: Final = "google_cloud_default"
_PUT_ONLY: Final = frozenset({"get", "delete"})
_READING: Final = frozenset({"get", "head", "options"})


def _s3(bucket: str, key: str, *, via: str = "aws_conn_id", source: str = "", plain: tuple[str, ...] = ()) -> Sends:
    return Sends(to=f"s3://{{{bucket}}}/{{{key}}}", via=via, usual=AWS, source=source, plain=plain)


def _s3_url(key: str, *, via: str) -> Sends:
    return Sends(to=f"{{{key}}}", via=via, usual=AWS)


def _gcs(bucket: str, name: str, *, source: str = "", plain: tuple[str, ...] = ()) -> Sends:
    return Sends(to=f"gs://{{{bucket}}}/{{{name}?}}", via="gcp_conn_id", usual=GOOGLE, source=source, plain=plain)


def _gcs_url(url: str) -> Sends:
    return Sends(to=f"{{{url}}}", via="gcp_conn_id", usual=GOOGLE)


def _wasb(blob: str, *, source: str = "") -> Sends:
    to = f"wasb://{{container_name}}/{{{blob}?}}"
    return Sends(to=to, via="wasb_conn_id", usual="wasb_default", source=source)


def _drive(to: str, *, source: str = "") -> Sends:
    return Sends(to=to, via="gcp_conn_id", usual=GOOGLE, source=source)


def _ftp(scheme: str) -> Sends:
    return Sends(
        to=f"{scheme}://{{remote_filepath}}",
        via="ftp_conn_id",
        usual="ftp_default",
        source="local_filepath",
        harmless=("operation", _PUT_ONLY),
        default="put",
    )


def _http(to: str, *, via: str, usual: str, default: str = "GET") -> Sends:
    return Sends(to=to, via=via, usual=usual, harmless=("method", _READING), default=default)


def _mail() -> Sends:
    return Sends(to="mailto:{to}", via="conn_id", usual="smtp_default", harmless=("files", frozenset({""})))


def _grant(to: str) -> Sends:
    return Sends(to=f"share:{to}", via="gcp_conn_id", usual=GOOGLE)


TABLE: Final[Mapping[str, Sends]] = {
    # S3
    "LocalFilesystemToS3Operator": _s3("dest_bucket", "dest_key", source="filename", plain=("gzip", "acl_policy")),
    "S3CopyObjectOperator": _s3("dest_bucket_name", "dest_bucket_key"),
    "S3CopyPrefixOperator": _s3("dest_bucket_name", "dest_bucket_prefix"),
    "S3CreateObjectOperator": _s3("s3_bucket", "s3_key"),
    "S3FileTransformOperator": _s3_url("dest_s3_key", via="dest_aws_conn_id"),
    "SqlToS3Operator": _s3("s3_bucket", "s3_key"),
    "RedshiftToS3Operator": _s3("s3_bucket", "s3_key"),
    "MongoToS3Operator": _s3("s3_bucket", "s3_key"),
    "HttpToS3Operator": _s3("s3_bucket", "s3_key"),
    "SFTPToS3Operator": _s3("s3_bucket", "s3_key"),
    "FTPToS3Operator": _s3("s3_bucket", "s3_key"),
    "ImapAttachmentToS3Operator": _s3("s3_bucket", "s3_key"),
    "SalesforceToS3Operator": _s3("s3_bucket_name", "s3_key"),
    "ExasolToS3Operator": _s3("bucket_name", "key"),
    "DynamoDBToS3Operator": _s3("s3_bucket_name", "s3_key_prefix", via="dest_aws_conn_id"),
    "GoogleApiToS3Operator": _s3_url("s3_destination_key", via="aws_conn_id"),
    "GCSToS3Operator": _s3_url("dest_s3_key", via="dest_aws_conn_id"),
    "AzureBlobStorageToS3Operator": _s3_url("dest_s3_key", via="aws_conn_id"),
    "GlacierUploadArchiveOperator": Sends(to="glacier:{vault_name}", via="aws_conn_id", usual=AWS),
    # SFTP and FTP
    "SFTPOperator": Sends(
        to="sftp://{remote_host?}{remote_filepath}",
        via="ssh_conn_id",
        usual="sftp_default",
        source="local_filepath",
        harmless=("operation", _PUT_ONLY),
        default="put",
        plain=("sftp_hook",),
    ),
    "S3ToSFTPOperator": Sends(to="sftp://{sftp_remote_host?}{sftp_path}", via="sftp_conn_id", usual="ssh_default"),
    "GCSToSFTPOperator": Sends(to="sftp://{destination_path}", via="sftp_conn_id", usual="ssh_default"),
    "FTPFileTransmitOperator": _ftp("ftp"),
    "FTPSFileTransmitOperator": _ftp("ftps"),
    "S3ToFTPOperator": Sends(to="ftp://{ftp_path}", via="ftp_conn_id", usual="ftp_default"),
    # Google
    "LocalFilesystemToGCSOperator": _gcs("bucket", "dst", source="src", plain=("gzip",)),
    "S3ToGCSOperator": _gcs_url("dest_gcs"),
    "ADLSToGCSOperator": _gcs_url("dest_gcs"),
    "AzureFileShareToGCSOperator": _gcs_url("dest_gcs"),
    "GCSToGCSOperator": _gcs("destination_bucket", "destination_object"),
    "GCSSynchronizeBucketsOperator": _gcs("destination_bucket", "destination_object"),
    "GCSFileTransformOperator": _gcs("destination_bucket", "destination_object"),
    "GCSTimeSpanFileTransformOperator": Sends(
        to="gs://{destination_bucket}/{destination_prefix?}", via="destination_gcp_conn_id", usual=GOOGLE
    ),
    "SFTPToGCSOperator": _gcs("destination_bucket", "destination_path"),
    "GoogleSheetsToGCSOperator": _gcs("destination_bucket", "destination_path"),
    "GoogleCalendarToGCSOperator": _gcs("destination_bucket", "destination_path"),
    "AzureBlobStorageToGCSOperator": _gcs("bucket_name", "object_name"),
    "HttpToGCSOperator": _gcs("bucket_name", "object_name"),
    "GlacierToGCSOperator": _gcs("bucket_name", "object_name"),
    "GoogleDriveToGCSOperator": _gcs("bucket_name", "object_name"),
    "SalesforceToGcsOperator": _gcs("bucket_name", "object_name"),
    "FacebookAdsReportToGcsOperator": _gcs("bucket_name", "object_name"),
    "BaseSQLToGCSOperator": _gcs("bucket", "filename"),
    "CassandraToGCSOperator": _gcs("bucket", "filename"),
    "GoogleAdsToGcsOperator": _gcs("bucket", "obj"),
    "BigQueryToGCSOperator": _gcs_url("destination_cloud_storage_uris"),
    "GCSToGoogleDriveOperator": _drive("gdrive:{destination_folder_id?}/{destination_object?}"),
    "LocalFilesystemToGoogleDriveOperator": _drive("gdrive:{folder_id?}/{drive_folder}", source="local_paths"),
    "GCSToGoogleSheetsOperator": _drive("gsheets:{spreadsheet_id}"),
    "SQLToGoogleSheetsOperator": _drive("gsheets:{spreadsheet_id}"),
    # Azure
    "LocalFilesystemToWasbOperator": _wasb("blob_name", source="file_path"),
    "S3ToAzureBlobStorageOperator": _wasb("blob_name"),
    "GCSToAzureBlobStorageOperator": _wasb("blob_prefix"),
    "SFTPToWasbOperator": _wasb("blob_prefix"),
    "LocalFilesystemToADLSOperator": Sends(
        to="adl:{remote_path}", via="azure_data_lake_conn_id", usual="azure_data_lake_default", source="local_path"
    ),
    "ADLSCreateObjectOperator": Sends(
        to="abfs://{file_system_name}/{file_name}", via="azure_data_lake_conn_id", usual="azure_data_lake_default"
    ),
    "OracleToAzureDataLakeOperator": Sends(
        to="adl:{azure_data_lake_path}", via="azure_data_lake_conn_id", usual="azure_data_lake_default"
    ),
    # Anywhere
    "FileTransferOperator": Sends(to="{dst}", via="dest_conn_id", source="src", names={"dest_conn_id": "dst_conn_id"}),
    "HttpOperator": _http("http:{endpoint?}", via="http_conn_id", usual="http_default", default="POST"),
    "HttpSensor": _http("http:{endpoint?}", via="http_conn_id", usual="http_default"),
    "MSGraphAsyncOperator": _http("msgraph:{url?}", via="conn_id", usual="msgraph_default"),
    "MSGraphSensor": _http("msgraph:{url?}", via="conn_id", usual="msgraph_default"),
    "EmailOperator": _mail(),
    "SesEmailOperator": _mail(),
    # What opens to others sends, too.
    "GCSBucketCreateAclEntryOperator": _grant("gs://{bucket}"),
    "GCSObjectCreateAclEntryOperator": _grant("gs://{bucket}/{object_name}"),
    "GCSBucketAddIamBindingOperator": _grant("gs://{bucket}"),
}

INWARD: Final = frozenset({"GCSToLocalFilesystemOperator", "GoogleDriveToLocalOperator"})
"""Transfers to the worker's own disk."""

_TRANSFER: Final = re.compile(
    r"\w+To(S3|SFTP|FTPS?|GCS|Gcs|Wasb|AzureBlob\w*|ADLS|AzureDataLake\w*|GoogleDrive|GoogleSheets|Https?|Email)Operator"
    r"|\w*Upload\w*Operator|CloudDataTransferService(Create|Update|Run)\w*Operator|(SlackAPI|Telegram)FileOperator"
)


def row_of(kind: type) -> tuple[str, Sends | None] | None:
    """Find how a class of operators sends: the name of the row and the row, ``None`` for a transfer without one.

    ``None`` alone says that the class sends nothing that anybody knows of. Only names are looked at, so that this
    cannot fail.
    """
    names = [base.__name__ for base in kind.__mro__]
    if known := next((name for name in names if name in TABLE), None):
        return known, TABLE[known]
    if not INWARD.isdisjoint(names):
        return None
    for base in kind.__mro__:
        if ".transfers." in f"{base.__module__}." or _TRANSFER.fullmatch(base.__name__):
            return base.__name__, None
    return None
