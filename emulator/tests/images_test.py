#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The tool that packs images, on modules made up for the purpose."""

import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
IMAGES = pathlib.Path(__file__).resolve().parent.parent / "images"
sys.path.insert(0, str(IMAGES))

import catalog	# noqa: E402
import tdximage	# noqa: E402

PAGE = 4096
num_tests = num_failed = 0


def ok(passed, name):
    global num_tests, num_failed
    num_tests += 1
    num_failed += not passed
    print(f"{'ok' if passed else 'not ok'} {num_tests} - {name}")


def make_modules(directory, entry):
    names = list(catalog.VERSIONS) + sorted({spec.module for spec in catalog.BROKEN})
    for number, name in enumerate(dict.fromkeys(names)):
        (directory / name).mkdir(parents=True)
        data = b"".join(hashlib.sha384(f"{name} {i}".encode()).digest() for i in range(300))
        # Not whole pages: the tool has to pad.
        (directory / name / "module.bin").write_bytes(data[:9000 + number])
        (directory / name / "module.sym").write_text(f"{entry:016x} T entry\n")


def build(modules, output):
    # A copy of the configuration: both runs of a comparison must see the same.
    config = modules.parent / "config"
    if not config.exists():
        shutil.copytree(IMAGES.parent / "module", config)
    return subprocess.run([IMAGES / "build-images", "--modules", modules, "--output", output,
                           "--config", config],
                          stderr=subprocess.PIPE, text=True, check=False)


def stock_kernel_takes(blob):
    """What init_seamldr_params() of a stock kernel checks."""
    if len(blob) < PAGE:
        return False
    version, _, signature, sigstruct, module = struct.unpack_from("<HH8sII", blob)
    return (PAGE * (1 + sigstruct + module) == len(blob) and version == 0x200 and
            sigstruct <= 1 and module <= 496 and signature == b"TDX-BLOB" and
            not any(blob[20:PAGE]))


def openssl_verifies(raw, key, work):
    signed = raw[:128] + raw[900:2048]
    (work / "signature").write_bytes(raw[516:900][::-1])
    public = subprocess.run(["openssl", "rsa", "-in", IMAGES / key, "-pubout"],
                            capture_output=True, check=True).stdout
    (work / "public.pem").write_bytes(public)
    return not subprocess.run(["openssl", "dgst", "-sha384", "-verify", work / "public.pem",
                               "-signature", work / "signature"], input=signed,
                              capture_output=True, check=False).returncode


def test_good(output, modules, work):
    for version in catalog.VERSIONS:
        blob = (output / f"{version}.blob").read_bytes()
        raw, module = blob[PAGE:PAGE + 2048], blob[2 * PAGE:]
        source = (modules / version / "module.bin").read_bytes()
        ok(stock_kernel_takes(blob), f"{version}: a stock kernel takes it")
        ok(tdximage.word_sum(blob) == 0, f"{version}: checksum")
        ok(module.startswith(source) and not any(module[len(source):]), f"{version}: holds the module")
        ok(raw[900:948] == hashlib.sha384(module).digest(), f"{version}: SEAMHASH")
        ok(openssl_verifies(raw, "test-key.pem", work), f"{version}: OpenSSL verifies the signature")
        ok(struct.unpack_from("<I", raw, 958)[0] == 0x40, f"{version}: entry point")
        ok(not any(blob[PAGE + 2048:2 * PAGE]), f"{version}: nothing behind SEAM_SIGSTRUCT")
    handoff = [struct.unpack_from("<H", (output / f"{v}.blob").read_bytes(), PAGE + 984)[0]
               for v in catalog.VERSIONS]
    ok(handoff == [0, 0, 1, 1, 0, 1], "handoff versions of the good images")
    raw = (output / "2.0.08.blob").read_bytes()[PAGE:PAGE + 2048]
    ok(raw[1000:1024] == bytes.fromhex("080000027203") + bytes(18), "2.0.08: version as Intel's")
    ok(struct.unpack_from("<H", raw, 948)[0] >> 8 == 3, "2.0.08: major SVN as Intel's")
    ok(struct.unpack_from("<III", raw, 1024) == (2, 0xA06D0, 0xA06E0), "2.0.08: CPUs as Intel's")
    ok(struct.unpack_from("<H", raw, 990)[0] == 24, "2.0.08: handoff pages as Intel's")
    ok(struct.unpack_from("<H", raw, 966)[0] == 33, "2.0.08: global data pages as Intel's")


def test_broken(output):
    names = {path.stem for path in (output / "broken").glob("*.blob")}
    ok(names == {spec.name for spec in catalog.BROKEN}, "all broken images are there")
    good = {(output / f"{version}.blob").read_bytes() for version in catalog.VERSIONS}
    for spec in catalog.BROKEN:
        blob = (output / "broken" / f"{spec.name}.blob").read_bytes()
        ok(blob not in good, f"{spec.name}: differs from the good images")
        ok(stock_kernel_takes(blob) == (spec.expect != catalog.KERNEL),
           f"{spec.name}: refused by a stock kernel, or not, as expected")
        if spec.edit_file is None or spec.name in ("bad-checksum", "container-1.0"):
            ok((tdximage.word_sum(blob) == 0) == (spec.name != "bad-checksum"),
               f"{spec.name}: checksum")
    expected = (output / "broken" / "EXPECTED").read_text().splitlines()
    ok([line.split("\t")[:2] for line in expected] ==
       [[spec.name, spec.expect] for spec in catalog.BROKEN], "EXPECTED lists them")
    readme = (IMAGES / "README.md").read_text()
    for spec in catalog.BROKEN:
        ok(f"| `{spec.name}` | {spec.what} | {spec.expect} |" in readme,
           f"{spec.name}: described in README.md")


def test_errors(work):
    done = build(work / "nowhere", work / "out")
    ok(done.returncode != 0 and "module.bin is missing" in done.stderr, "missing module: clear error")
    modules = work / "no-symbol"
    make_modules(modules, 0)
    (modules / next(iter(catalog.VERSIONS)) / "module.sym").write_text("0 T other\n")
    done = build(modules, work / "out")
    ok(done.returncode != 0 and "no symbol entry" in done.stderr, "missing symbol: clear error")


def main():
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        modules, first, second = work / "modules", work / "first", work / "second"
        make_modules(modules, 0x40)
        done = build(modules, first)
        ok(done.returncode == 0, "images are built")
        if done.returncode:
            print(f"# {done.stderr}")
        else:
            build(modules, second)
            same = subprocess.run(["diff", "-r", first, second], stdout=subprocess.DEVNULL,
                                  check=False)
            ok(same.returncode == 0, "the same modules give the same images")
            test_good(first, modules, work)
            test_broken(first)
        test_errors(work)
    print(f"1..{num_tests}")
    return 1 if num_failed else 0


if __name__ == "__main__":
    sys.exit(main())
