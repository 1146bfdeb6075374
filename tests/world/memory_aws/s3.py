"""S3 in memory: versioned buckets, conditional writes, checksums, multipart uploads."""

import base64
import hashlib
import itertools
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from botocore.response import StreamingBody

from tests.world.memory_aws.errors import NotModelled, ServiceError
from tests.world.memory_aws.service import Parameters, Service, operation

_MIN_PART_BYTES = 5 * 1024 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
#: Characters that XML 1.0 has no way to write.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_EPOCH = datetime(2025, 6, 15, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object; a delete marker has no content."""

    version_id: str
    content: bytes | None
    etag: str = ""
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Upload:
    """A multipart upload that is neither completed nor aborted."""

    bucket: str
    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, tuple[str, bytes]] = field(default_factory=dict)


class S3(Service):
    """Some buckets with versioning; the last version of each key is the current one."""

    name = "s3"

    def __init__(self, *buckets: str) -> None:
        self.buckets: dict[str, dict[str, list[Version]]] = {
            bucket: {} for bucket in buckets
        }
        self.uploads: dict[str, Upload] = {}
        self._ids = itertools.count(1)

    @operation(
        "Bucket",
        "Key",
        "Body",
        "ContentType",
        "Metadata",
        "ChecksumCRC32",
        "IfNoneMatch",
        "IfMatch",
    )
    def put_object(self, call: Parameters) -> Mapping[str, Any]:
        """Write an object in one call."""
        body = _bytes(call.get("Body", b""))
        _check_crc32(call.get("ChecksumCRC32"), body)
        self._check_precondition(call)
        version = self._write(call, body, _md5(body))
        return {"ETag": version.etag, "VersionId": version.version_id}

    @operation("Bucket", "Key", "VersionId", "Range", "IfMatch")
    def get_object(self, call: Parameters) -> Mapping[str, Any]:
        """Return an object, or a range of its bytes."""
        version = self._version(call)
        content = version.content or b""
        extra: dict[str, Any] = {}
        if (wanted := call.get("Range")) is not None:
            match = _RANGE.fullmatch(wanted)
            if match is None:
                raise NotModelled(f"the range {wanted}")
            first, last = int(match[1]), min(int(match[2]), len(content) - 1)
            if first > last:
                raise ServiceError("InvalidRange", status=416)
            extra["ContentRange"] = f"bytes {first}-{last}/{len(content)}"
            content = content[first : last + 1]
        body = StreamingBody(BytesIO(content), len(content))
        described = _described(version)
        return {**described, **extra, "ContentLength": len(content), "Body": body}

    @operation("Bucket", "Key", "VersionId", "ChecksumMode")
    def head_object(self, call: Parameters) -> Mapping[str, Any]:
        """Describe an object."""
        try:
            return _described(self._version(call))
        except ServiceError as error:  # a HEAD response has no body with a code
            raise ServiceError(
                str(error.status),
                "Not Found" if error.status == 404 else "",
                status=error.status,
            ) from None

    @operation("Bucket", "Key", "VersionId")
    def delete_object(self, call: Parameters) -> Mapping[str, Any]:
        """Delete one version for good, or hide the object behind a delete marker."""
        versions = self._bucket(call).setdefault(call["Key"], [])
        if (version_id := call.get("VersionId")) is not None:
            versions[:] = [v for v in versions if v.version_id != version_id]
            if not versions:
                del self._bucket(call)[call["Key"]]
            return {"VersionId": version_id}
        marker = Version(version_id=self._new_id("version"), content=None)
        versions.append(marker)
        return {"DeleteMarker": True, "VersionId": marker.version_id}

    @operation("Bucket", "Delete", "ChecksumAlgorithm")
    def delete_objects(self, call: Parameters) -> Mapping[str, Any]:
        """Delete many, each as by `delete_object`; their keys have to fit into XML."""
        if any(_NO_XML.search(each["Key"]) for each in call["Delete"]["Objects"]):
            raise ServiceError("MalformedXML", "The XML is not well-formed.")
        for each in call["Delete"]["Objects"]:
            self.delete_object({"Bucket": call["Bucket"], **each})
        return {}

    @operation(
        *("Bucket", "Prefix", "MaxKeys", "KeyMarker", "VersionIdMarker"),
        "EncodingType",  # of the answer, which is no XML here
    )
    def list_object_versions(self, call: Parameters) -> Mapping[str, Any]:
        """List the versions below a prefix, by key, newest first, after a marker."""
        marker = call.get("KeyMarker", ""), call.get("VersionIdMarker")
        if marker[0] and marker[1] is None:
            raise NotModelled("a page that begins after a key")
        found: dict[str, list[dict[str, Any]]] = {"Versions": [], "DeleteMarkers": []}
        for key, versions in sorted(self._bucket(call).items()):
            if not key.startswith(call.get("Prefix", "")) or key < marker[0]:
                continue
            newest_first = versions[::-1]
            if key == marker[0]:
                ids = [version.version_id for version in newest_first]
                newest_first = newest_first[ids.index(str(marker[1])) + 1 :]
            for version in newest_first:
                kind = "DeleteMarkers" if version.content is None else "Versions"
                entry = {"Key": key, "VersionId": version.version_id}
                entry["IsLatest"] = version is versions[-1]  # type: ignore[assignment]  # as S3 has it
                if version.content is not None:
                    entry["ETag"] = version.etag
                    entry["Size"] = len(version.content)  # type: ignore[assignment]  # as S3 has it
                found[kind].append(entry)
        return {**{k: v for k, v in found.items() if v}, "IsTruncated": False}

    @operation("Bucket", "Prefix", "MaxKeys", "StartAfter", "ContinuationToken")
    def list_objects_v2(self, call: Parameters) -> Mapping[str, Any]:
        """List the objects below a prefix, by key."""
        if "ContinuationToken" in call:
            raise NotModelled("a second page of objects")
        contents = [
            {
                "Key": key,
                "Size": len(versions[-1].content or b""),
                "ETag": versions[-1].etag,
                "LastModified": _EPOCH,
            }
            for key, versions in sorted(self._bucket(call).items())
            if key.startswith(call.get("Prefix", ""))
            and key > call.get("StartAfter", "")
            and versions[-1].content is not None
        ]
        listed = {"Contents": contents} if contents else {}
        return {**listed, "KeyCount": len(contents), "IsTruncated": False}

    @operation(
        "Bucket", "Key", "ContentType", "Metadata", "ChecksumAlgorithm", "ChecksumType"
    )
    def create_multipart_upload(self, call: Parameters) -> Mapping[str, Any]:
        """Begin an upload."""
        self._bucket(call)
        checksum = call.get("ChecksumAlgorithm"), call.get("ChecksumType")
        if checksum != ("CRC32", "FULL_OBJECT"):
            raise NotModelled(f"the checksum {checksum}")
        upload_id = self._new_id("upload")
        self.uploads[upload_id] = Upload(
            call["Bucket"],
            call["Key"],
            call.get("ContentType", "binary/octet-stream"),
            call.get("Metadata", {}),
        )
        return {"Bucket": call["Bucket"], "Key": call["Key"], "UploadId": upload_id}

    @operation("Bucket", "Key", "UploadId", "PartNumber", "Body", "ChecksumCRC32")
    def upload_part(self, call: Parameters) -> Mapping[str, Any]:
        """Receive a part."""
        upload = self._upload(call)
        body = _bytes(call["Body"])
        _check_crc32(call.get("ChecksumCRC32"), body)
        etag = _md5(body)
        upload.parts[call["PartNumber"]] = (etag, body)
        return {"ETag": etag, "ChecksumCRC32": _crc32(body)}

    @operation(
        "Bucket",
        "Key",
        "UploadId",
        "MultipartUpload",
        "MpuObjectSize",
        "ChecksumCRC32",
        "ChecksumType",
        "IfNoneMatch",
        "IfMatch",
    )
    def complete_multipart_upload(self, call: Parameters) -> Mapping[str, Any]:
        """Make an upload visible, if its parts, size and checksum are right."""
        upload = self._upload(call)
        listed = call["MultipartUpload"]["Parts"]
        numbers = [part["PartNumber"] for part in listed]
        if numbers != sorted({*numbers}) or not numbers:
            raise ServiceError("InvalidPartOrder")
        bodies = []
        for part in listed:
            etag, body = upload.parts.get(part["PartNumber"], ("", b""))
            if etag != part["ETag"] or part["ChecksumCRC32"] != _crc32(body):
                raise ServiceError("InvalidPart")
            bodies.append(body)
        if any(len(body) < _MIN_PART_BYTES for body in bodies[:-1]):
            raise ServiceError("EntityTooSmall")
        content = b"".join(bodies)
        if call.get("MpuObjectSize", len(content)) != len(content):
            raise ServiceError("InvalidRequest", "the size does not match")
        _check_crc32(call.get("ChecksumCRC32"), content)
        self._check_precondition(call)
        del self.uploads[call["UploadId"]]
        digests = b"".join(hashlib.md5(body).digest() for body in bodies)  # noqa: S324 - S3's own
        described = {"ContentType": upload.content_type, "Metadata": upload.metadata}
        etag = f'"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"'  # noqa: S324 - S3's own
        version = self._write({**call, **described}, content, etag)
        return {
            "Bucket": call["Bucket"],
            "Key": call["Key"],
            "ETag": version.etag,
            "VersionId": version.version_id,
        }

    @operation("Bucket", "Key", "UploadId")
    def abort_multipart_upload(self, call: Parameters) -> Mapping[str, Any]:
        """Delete an upload's parts."""
        self._upload(call)
        del self.uploads[call["UploadId"]]
        return {}

    def current(self, bucket: str, key: str) -> Version | None:
        """Return the visible version of an object."""
        versions = self.buckets[bucket].get(key)
        return versions[-1] if versions and versions[-1].content is not None else None

    def _check_precondition(self, call: Parameters) -> None:
        if "IfMatch" in call or call.get("IfNoneMatch", "*") != "*":
            raise NotModelled("a write if an ETag matches")
        if "IfNoneMatch" not in call:
            return
        self._bucket(call)
        if self.current(call["Bucket"], call["Key"]) is not None:
            raise ServiceError("PreconditionFailed", status=412)

    def _write(self, call: Parameters, content: bytes, etag: str) -> Version:
        version = Version(
            version_id=self._new_id("version"),
            content=content,
            etag=etag,
            content_type=call.get("ContentType", "binary/octet-stream"),
            metadata=dict(call.get("Metadata", {})),
        )
        self._bucket(call).setdefault(call["Key"], []).append(version)
        return version

    def _bucket(self, call: Parameters) -> dict[str, list[Version]]:
        if call["Bucket"] not in self.buckets:
            raise ServiceError("NoSuchBucket", status=404)
        return self.buckets[call["Bucket"]]

    def _version(self, call: Parameters) -> Version:
        versions = self._bucket(call).get(call["Key"], [])
        version_id = call.get("VersionId")
        if version_id is None:
            found = self.current(call["Bucket"], call["Key"])
            if found is None:
                raise ServiceError("NoSuchKey", status=404)
        else:
            matching = [v for v in versions if v.version_id == version_id]
            if not matching:
                raise ServiceError("NoSuchVersion", status=404)
            if matching[0].content is None:
                raise ServiceError("MethodNotAllowed", status=405)
            found = matching[0]
        if "IfMatch" in call and call["IfMatch"] != found.etag:
            raise ServiceError("PreconditionFailed", status=412)
        return found

    def _upload(self, call: Parameters) -> Upload:
        upload = self.uploads.get(call["UploadId"])
        if upload is None or (upload.bucket, upload.key) != (
            call["Bucket"],
            call["Key"],
        ):
            raise ServiceError("NoSuchUpload", status=404)
        return upload

    def _new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._ids):05}"


def _described(version: Version) -> dict[str, Any]:
    return {
        "ContentLength": len(version.content or b""),
        "ContentType": version.content_type,
        "ETag": version.etag,
        "LastModified": _EPOCH,
        "Metadata": dict(version.metadata),
        "VersionId": version.version_id,
    }


def _bytes(body: Any) -> bytes:  # noqa: ANN401 - what boto3 takes
    if isinstance(body, str):
        return body.encode()
    return bytes(body if isinstance(body, (bytes, bytearray)) else body.read())


def _crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4)).decode()


def _check_crc32(expected: str | None, content: bytes) -> None:
    if expected is not None and expected != _crc32(content):
        raise ServiceError("BadDigest", "the checksum does not match")


def _md5(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'  # noqa: S324 - S3's own
