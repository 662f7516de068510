# SPDX-License-Identifier: MIT
"""What pip would have to fetch.

`missing REQUIREMENT...` prints those of the requirements that the running interpreter does not meet.
`size REQUIREMENT` prints how large the download will be, in words; it installs nothing.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from importlib import metadata


def version_tuple(text):
    return tuple(int(n) for n in re.findall(r"\d+", text.split("+")[0])[:3])


def is_met(requirement):
    """Understands `name`, `name>=X` and `name==X`: all that this repository writes."""
    name, operator, wanted = re.fullmatch(r"([\w.-]+)(?:(>=|==)([\w.]+))?", requirement).groups()
    try:
        have = metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    if operator is None:
        return True
    have, wanted = version_tuple(have), version_tuple(wanted)
    return have >= wanted if operator == ">=" else have == wanted


def bytes_of(url):
    if url.startswith("file://"):
        return os.path.getsize(urllib.request.url2pathname(url[len("file://") :]))
    request = urllib.request.Request(url, method="HEAD")
    with urllib.request.urlopen(request, timeout=20) as reply:
        return int(reply.headers["Content-Length"])


def download_size(requirement):
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", requirement]
    try:
        report = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        sizes = [bytes_of(item["download_info"]["url"]) for item in report["install"]]
    except (subprocess.CalledProcessError, OSError, KeyError, TypeError, ValueError):
        return "size not told by the index; about 190 MB for the CPU build, several GB for one with CUDA"
    return f"{sum(sizes) / 1e6:.0f} MB in {len(sizes)} packages"


def main():
    action, requirements = sys.argv[1], sys.argv[2:]
    if action == "missing":
        print("\n".join(r for r in requirements if not is_met(r)))
    elif action == "size":
        print(download_size(requirements[0]))
    else:
        sys.exit(f"expected missing or size, got {action}")


if __name__ == "__main__":
    main()
