"""A file that may hold a model: its first bytes at once, the rest on demand and within limits.

Everything that reads a model goes through here, so no reader can be made to take more than its limits. Called by the
readers of the families.
"""

from __future__ import annotations

import bz2
import lzma
import mmap
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from ml_buildpack.facts.project_files import ProjectFiles

HEAD_BYTES = 4096
# A text that describes a model: settings, metadata, a tree in JSON. Larger ones are read from their two ends.
DESCRIPTION_BYTES_MAX = 8 << 20
ZIP_MEMBERS_MAX = 20_000
_CHUNK = 1 << 16
# What a compressed file may grow to while it is looked at; what lies behind stays unseen.
INFLATED_BYTES_MAX = 128 << 20
_LZMA_MEMORY_MAX = 96 << 20


class DamagedError(Exception):
    """The bytes begin like a format and do not go on like it. The message is a sentence."""


class TooLargeError(Exception):
    """A limit was reached; what was read so far is true, and the rest is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file of the project and its first bytes."""

    files: ProjectFiles
    path: str
    size_bytes: int
    head: bytes

    @property
    def suffix(self) -> str:
        """The last suffix in small letters, with its dot."""
        name = self.path.rpartition("/")[2]
        return f".{name.rpartition('.')[2].lower()}" if "." in name else ""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file, from its start. Raises: OSError."""
        with (self.files.root / self.path).open("rb") as stream:
            yield stream

    def mapped(self) -> memoryview:
        """The whole file, none of which is in memory before it is looked at. Raises: OSError."""
        with self.open() as stream:
            # Closed by whoever drops the last slice of it.
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))

    def read_tail(self, size: int) -> bytes:
        """The last bytes. Raises: OSError."""
        with self.open() as stream:
            stream.seek(max(0, self.size_bytes - size))
            return stream.read(size)


def stored_file(files: ProjectFiles, path: str, size_bytes: int) -> StoredFile:
    """The file with its first bytes. Raises: OSError."""
    return StoredFile(files=files, path=path, size_bytes=size_bytes, head=files.read_bytes(path, HEAD_BYTES))


class ByteSource(Protocol):
    """Bytes that are read forward."""

    def read(self, size: int) -> bytes:
        """Exactly that many bytes. Raises: DamagedError at the end, TooLargeError at a limit."""

    def skip(self, size: int) -> None:
        """Pass over that many bytes. Raises: as `read`."""


@dataclass(kw_only=True, slots=True)
class PlainSource:
    """A file as it is. Skipping costs nothing, so only what is kept counts."""

    stream: BinaryIO
    size_bytes: int
    at: int = 0

    def read(self, size: int) -> bytes:
        """Exactly that many bytes."""
        self._advance(size)
        return self.stream.read(size)

    def skip(self, size: int) -> None:
        """Seek, having looked whether the file is that long."""
        self._advance(size)
        self.stream.seek(size, 1)

    def _advance(self, size: int) -> None:
        if self.at + size > self.size_bytes:
            raise DamagedError("It ends in the middle.")
        self.at += size


class _Inflater(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the end of the packed data was met."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most that many bytes of what the data unpacks to."""


@dataclass(kw_only=True, slots=True)
class InflatedSource:
    """A compressed file, unpacked piece by piece; never more than a piece is held."""

    stream: BinaryIO
    inflater: _Inflater
    buffer: bytes = b""
    total: int = 0
    limit: int = INFLATED_BYTES_MAX

    def read(self, size: int) -> bytes:
        """Exactly that many bytes."""
        parts: list[bytes] = []
        while size > 0:
            piece = self._piece(size)
            parts.append(piece)
            size -= len(piece)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Unpack and forget."""
        while size > 0:
            size -= len(self._piece(size))

    def _piece(self, size: int) -> bytes:
        if not self.buffer:
            self._fill()
        piece, self.buffer = self.buffer[:size], self.buffer[size:]
        return piece

    def _fill(self) -> None:
        while not self.buffer:
            if self.total > self.limit:
                raise TooLargeError
            try:
                self.buffer = self._inflate()
            except (zlib.error, OSError, EOFError, lzma.LZMAError) as error:
                raise DamagedError(f"It cannot be unpacked: {error}.") from error
            self.total += len(self.buffer)

    def _inflate(self) -> bytes:
        if self.inflater.eof:
            raise DamagedError("It ends in the middle.")
        waiting = getattr(self.inflater, "unconsumed_tail", b"")
        needs_input = getattr(self.inflater, "needs_input", not waiting)
        data = waiting or (self.stream.read(_CHUNK) if needs_input else b"")
        # At the end of the file there may still be something inside the inflater.
        piece = self.inflater.decompress(data, _CHUNK)
        if not data and not piece:
            raise DamagedError("It ends in the middle.")
        return piece


# First bytes of what joblib writes, and what they are called there. Source: joblib 1.5, `compressor.py`.
_COMPRESSIONS = (
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def find_compression(head: bytes) -> str | None:
    """What the file is packed with; None for nothing that joblib knows."""
    return next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), None)


def make_source(stream: BinaryIO, size_bytes: int, compression: str | None) -> ByteSource:
    """The bytes of the file, unpacked. Raises: KeyError for a compression that Python has no library for."""
    if compression is None:
        return PlainSource(stream=stream, size_bytes=size_bytes)
    makers: dict[str, Callable[[], _Inflater]] = {
        # 15 bits of window, and 32 for whichever of the two heads is there.
        "zlib": lambda: zlib.decompressobj(wbits=15 + 32),
        "gzip": lambda: zlib.decompressobj(wbits=15 + 32),
        "bz2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY_MAX),
        "lzma": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY_MAX),
    }
    return InflatedSource(stream=stream, inflater=makers[compression]())


@contextmanager
def open_zip(file: StoredFile) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises: DamagedError where it is none, or names more members than any model has."""
    try:
        with file.open() as stream, zipfile.ZipFile(stream) as archive:
            if len(archive.infolist()) > ZIP_MEMBERS_MAX:
                raise DamagedError(f"It names more than {ZIP_MEMBERS_MAX} members.")
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise DamagedError(f"It is not a whole zip archive: {error}.") from error


def read_member(archive: zipfile.ZipFile, name: str, limit_bytes: int = DESCRIPTION_BYTES_MAX) -> bytes | None:
    """A member of the archive, however it is packed; None where there is none. Raises: DamagedError."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    with _opened(archive, info) as member:
        data = member.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise DamagedError(f"Its member {name} is larger than {limit_bytes >> 20} MiB.")
    return data


@contextmanager
def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[zipfile.ZipExtFile]:
    try:
        with archive.open(info) as member:
            yield member  # type: ignore[misc]  # typeshed calls it IO[bytes]
    except RuntimeError as error:
        # A password, say.
        raise DamagedError(f"Its member {info.filename} cannot be read: {error}.") from error


@contextmanager
def stream_member(archive: zipfile.ZipFile, name: str) -> Iterator[ByteSource]:
    """A member of the archive as bytes that are read forward, within the limit of everything that is unpacked."""
    info = archive.getinfo(name)
    with _opened(archive, info) as member:
        yield _MemberSource(member=member)


@dataclass(kw_only=True, slots=True)
class _MemberSource:
    member: zipfile.ZipExtFile
    left: int = INFLATED_BYTES_MAX

    def read(self, size: int) -> bytes:
        """Exactly that many bytes."""
        self._spend(size)
        data = self.member.read(size)
        if len(data) < size:
            raise DamagedError("It ends in the middle.")
        return data

    def skip(self, size: int) -> None:
        """Read and forget, piece by piece."""
        while size > 0:
            piece = min(size, _CHUNK)
            self.read(piece)
            size -= piece

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLargeError
