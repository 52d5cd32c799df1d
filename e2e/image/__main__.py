"""Makes the image of a Dockerfile from a program that is built already, without a container engine.

    python3 e2e/image --dockerfile operator/Dockerfile --program target/debug/weft-operator --name localhost/weft-operator:e2e OUT.tar

In the image is what the build stage would leave in /out, and the libraries and loader that a base would have; nothing
else. User, entry point, labels and ports are those of the Dockerfile's last stage. The file is an OCI layout, which `ctr
images import` reads. Equal programs give equal bytes.
"""

import argparse
import glob
import hashlib
import io
import json
import os
import platform
import re
import shlex
import subprocess
import tarfile
import tempfile

MEDIA_TYPE = "application/vnd.oci.image."
# What the Dockerfiles copy from the machine that builds, beside programs and libraries.
COPIED = ["/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/*", "/usr/share/zoneinfo/[A-Z]*/**"]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def main():
    parser = argparse.ArgumentParser(prog="image", description="Makes an image from a program that is built already.")
    parser.add_argument("--dockerfile", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--name", required=True, help="with a tag")
    parser.add_argument("file", help="the archive to write")
    args = parser.parse_args()
    with open(args.dockerfile, encoding="utf-8") as file:
        dockerfile = file.read()
    settings = last_stage(dockerfile)
    patterns = COPIED if "COPY --from=build /out/ /" in dockerfile else []
    copied = {path for pattern in patterns for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)}
    layer = layer_of(args.program, settings["Entrypoint"][0], copied)
    write(args.file, args.name, settings, layer)


def last_stage(dockerfile):
    """What the last stage sets, as the configuration of an image names it."""
    lines = [line for line in dockerfile.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    instructions = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").split("\n")]
    start = max(at for at, (name, _) in enumerate(instructions) if name == "FROM")
    given, settings = {}, {"Labels": {}, "ExposedPorts": {}, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}
    for name, text in instructions[start + 1 :]:
        text = re.sub(r"\$\{(\w+)\}", lambda match: given[match[1]], text)
        match name:
            case "ARG":
                given.update([text.split("=", 1)])
            case "LABEL":
                settings["Labels"].update(pair.split("=", 1) for pair in shlex.split(text))
            case "USER":
                settings["User"] = text.strip()
            case "EXPOSE":
                settings["ExposedPorts"][f"{text.strip()}/tcp"] = {}
            case "ENTRYPOINT":
                settings["Entrypoint"] = json.loads(text)
            case "COPY":
                pass  # the program, which is given, and COPIED
            case _:
                raise SystemExit(f"image: the last stage has {name}, which this script does not know")
    return settings


def layer_of(program, place, copied):
    """The program without its debugging symbols at its place, and its libraries and what is copied at theirs."""
    with tempfile.TemporaryDirectory() as scratch:
        stripped = os.path.join(scratch, "program")
        subprocess.run(["strip", "-o", stripped, program], check=True)
        files = {place: stripped, **{path: path for path in {*libraries(program), *copied}}}
        layer, folders = io.BytesIO(), set()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            for path in sorted(files):
                add_folders(archive, os.path.dirname(path).lstrip("/"), folders)
                with open(files[path], "rb") as content:
                    add(archive, path.lstrip("/"), content.read(), 0o755)
        return layer.getvalue()


def libraries(program):
    """The shared libraries that a program loads, and its loader, by their paths; none, if it is static."""
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", listing.stdout) if listing.returncode == 0 else []


def add_folders(archive, folder, known):
    if folder and folder not in known:
        add_folders(archive, os.path.dirname(folder), known)
        known.add(folder)
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)


def add(archive, path, content, mode=0o644):
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def write(path, name, settings, layer):
    blobs = {}

    def blob(content, kind):
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": MEDIA_TYPE + kind, "digest": f"sha256:{digest}", "size": len(content)}

    # Not packed: it is read on the machine it was made on.
    layer_blob = blob(layer, "layer.v1.tar")
    machine = platform.machine()
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [layer_blob["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{MEDIA_TYPE}manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "config.v1+json"),
        "layers": [layer_blob],
    }
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
    with tarfile.open(path, "w") as image:
        add(image, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        add(image, "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
        for place, content in blobs.items():
            add(image, place, content)


if __name__ == "__main__":
    main()
