"""An image's file system run as a cluster runs it: any user, no groups, a root that is read only, two folders in memory."""

import subprocess
from pathlib import Path

IN_MEMORY = ("tmp", "var/lib/fanal")
# Mounts of a name space of its own: they end with the process.
_SCRIPT = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
for folder in tmp var/lib/fanal; do mount -t tmpfs -o mode=1777 tmpfs "$1/$folder"; done
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for device in null urandom; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
root="$1"; uid="$2"; shift 2
exec chroot "$root" /usr/bin/setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --bounding-set -all "$@"
"""
ENVIRONMENT = {
    "PATH": "/opt/fanal/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/var/lib/fanal",
    "PYTHONDONTWRITEBYTECODE": "1",
    "FANAL_CACHE": "/opt/fanal/cache",
    "FANAL_DATA": "/var/lib/fanal",
    "FANAL_KAFKA_BOOTSTRAP": "127.0.0.1:9",
    "FANAL_ELASTICSEARCH_URL": "http://127.0.0.1:9",
    "FANAL_PRIVACY_PSEUDONYM_KEY": "only for this trial, 32 bytes...",
    "FANAL_PRIVACY_EVIDENCE_KEY": "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0aGlzIHRyaWE=",
}


def run_read_only(root: Path, uid: int, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """`fanal ARGUMENTS` in the image; nobody listens where its settings say that servers are."""
    inside = ["/opt/fanal/bin/fanal", *arguments]
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", _SCRIPT, "sh", str(root), str(uid), *inside]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False)
