"""An image for a bare board is found, checked block by block, and fetched only as it was published."""

import hashlib
import re
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pumpctl import uf2
from pumpctl.errors import FileProblem, LinkError, UsageProblem, VerificationError

BLOCKS = 4
# Field of a block -> its offset.
AT = {"magic": 0, "flags": 8, "address": 12, "size": 16, "number": 20, "total": 24, "family": 28, "end": 508}


def image(blocks: int = BLOCKS) -> bytearray:
    """As MicroPython's build makes it."""
    data = bytearray()
    for at in range(blocks):
        data += struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * at, 256, at, blocks, 0xE48BFF56)
        data += bytes([at]) * 256 + bytes(220) + struct.pack("<I", 0x0AB16F30)
    return data


def changed(block: int, field: str, value: int) -> bytes:
    data = image()
    struct.pack_into("<I", data, block * 512 + AT[field], value)
    return bytes(data)


def test_an_image_in_any_order_of_its_blocks_is_taken() -> None:
    data = bytes(image())
    uf2.check("image", data)
    uf2.check("image", data[1024:] + data[:1024])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "size: 0 bytes"),
        (bytes(image())[:-1], "size: 2047 bytes: no whole number of 512-byte blocks"),
        (bytes(3 << 20), "size: larger than"),
        (b"#!/bin/sh\n".ljust(512), r"block\[0\].magic: no UF2 block"),
        (changed(2, "magic", 0), r"block\[2\].magic"),
        (changed(3, "end", 0), r"block\[3\].magic"),
        (changed(1, "family", 0xE48BFF59), r"block\[1\].family: 0xe48bff59, not 0xe48bff56 of the RP2040"),
        (changed(1, "flags", 0), r"block\[1\].family: not named"),
        (changed(1, "size", 476), r"block\[1\].payload: 476 bytes"),
        (changed(1, "address", 0x10000101), r"block\[1\].payload: 256 bytes at 0x10000101"),
        (changed(1, "address", 0x20000000), r"block\[1\].address: 0x20000000 is outside"),
        (changed(1, "address", 0x100A0000), r"block\[1\].address: 0x100a0000 is outside"),
        (changed(1, "address", 0x10000200), r"block\[2\].address: 0x10000200 is that of block 1 too"),
        (changed(0, "address", 0x10000400), "address: nothing at 0x10000000"),
        (bytes(image())[512:], r"block\[0\].number: 1 of 4 in a file of 3 blocks: blocks are missing"),
        (changed(2, "number", 1), r"block\[2\].number: 1 of 4 in a file of 4"),
    ],
)
def test_what_is_no_whole_image_for_a_pico_is_refused_with_the_block(data: bytes, told: str) -> None:
    with pytest.raises(FileProblem) as caught:
        uf2.check("image", data)
    assert any(re.match(told, line.strip()) for line in caught.value.lines()), caught.value.lines()
    assert uf2.ADDRESS in caught.value.remedy


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which no image was ever fetched."""
    monkeypatch.setenv("PUMPCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(uf2.VARIABLE, raising=False)
    return tmp_path


def test_the_image_named_comes_before_that_of_the_environment(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = desk / "one.uf2", desk / "two.uf2"
    one.write_bytes(image())
    two.write_bytes(image(5))
    with pytest.raises(uf2.NoImage, match=f"no image of MicroPython {uf2.RELEASE}") as none:
        uf2.find_image()
    assert uf2.ADDRESS in none.value.remedy and "--uf2" in none.value.remedy
    monkeypatch.setenv(uf2.VARIABLE, str(two))
    assert uf2.find_image().path == two
    assert uf2.find_image(one).path == one
    assert uf2.find_image(one).official is False
    two.unlink()
    with pytest.raises(UsageProblem, match="two.uf2: No such file") as gone:
        uf2.find_image()
    assert not isinstance(gone.value, uf2.NoImage)


def test_a_fetched_image_that_has_changed_is_not_used(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(image())
    uf2.kept().parent.mkdir(parents=True)
    uf2.kept().write_bytes(data)
    with pytest.raises(uf2.NoImage):
        uf2.find_image()
    monkeypatch.setattr(uf2, "SHA256", hashlib.sha256(data).hexdigest())
    assert uf2.find_image().official is True
    cache = desk / ".cache" / "rp2040py"
    cache.mkdir(parents=True)
    uf2.kept().rename(cache / uf2.FILE)
    assert uf2.find_image().path == cache / uf2.FILE


@pytest.fixture
def site() -> Iterator[Callable[[bytes], str]]:
    """A web server: publishes bytes, tells their address."""
    published = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = published.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def publish(data: bytes) -> str:
        published[f"/{len(published)}"] = data
        return f"http://127.0.0.1:{server.server_port}/{len(published) - 1}"

    yield publish
    server.shutdown()
    server.server_close()


def test_a_fetched_image_is_kept_only_if_it_is_the_published_one(
    desk: Path, site: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    data = bytes(image(200))
    seen: list[float] = []
    with pytest.raises(VerificationError, match="is not RPI_PICO-.*: SHA-256 [0-9a-f]{64}"):
        uf2.download(address=site(data))
    assert not uf2.kept().exists()
    fetched = uf2.download(seen.append, site(data), hashlib.sha256(data).hexdigest())
    assert fetched.data == uf2.kept().read_bytes() == data
    assert seen[-1] == 1.0 and seen == sorted(seen) and len(seen) > 3
    with pytest.raises(VerificationError):
        uf2.download(address=site(bytes(4 << 20)))
    assert uf2.kept().read_bytes() == data


def test_without_a_network_it_says_what_to_fetch_elsewhere(
    desk: Path, site: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    for address in ("http://127.0.0.1:1/image", "http://no-such-host.invalid/image", site(b"")[:-1] + "none"):
        with pytest.raises(LinkError, match="cannot be fetched") as caught:
            uf2.download(address=address)
        assert caught.value.exit_code == 4 and "--uf2" in caught.value.remedy
