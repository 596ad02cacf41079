"""Put a cloned voice that was made elsewhere among those of this machine.

The file may be a stranger's: it is opened by whoever typed the command, and read by the owner of
the voices.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge import synth
from edge.bundle import Bundle
from edge.bundle.install import check_signed
from edge.errors import BadVoicePrint, UnsafeBundle
from edge.owner import become_owner
from edge.synth import print_seal
from edge.synth.cloned_names import check_free
from edge.synth.voice_print import (
    MAX_BYTES,
    Label,
    bundle_for,
    label_in,
    print_in,
    print_path,
    prints_dir,
    write_print,
)

NAMESPACE = "edge-voice-print"
"""Purpose of the signature, which ssh-keygen demands."""


@dataclass(frozen=True)
class InstalledPrint:
    """The outcome."""

    label: Label
    path: Path
    known: bool
    """True if the same file was there before."""


def is_print(path: Path) -> bool:
    """Tell a file of a cloned voice from a bundle."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PK\3\4" or print_seal.is_sealed(file)


def install_print(
    source: Path,
    bundles: Callable[[], Sequence[Bundle]],
    *,
    system: bool = False,
    replace: bool = False,
    signers: Path | None = None,
) -> InstalledPrint:
    """Check a print and keep it: it must fit one of the `bundles`, open with this machine's key if
    it is sealed, have a free name, and be signed if there are `signers`.

    Raises BadVoicePrint, UnsafeBundle, MissingPackage, NotWritable, DiskFull.
    """
    signature = source.with_name(source.name + ".sig")
    with ExitStack() as files:
        file = files.enter_context(source.open("rb"))
        signed = None
        if signers is not None:
            if not signature.is_file():
                raise UnsafeBundle(
                    f"{source} has no {signature.name}, and only signed voices are installed here",
                    f"Sign it: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {source}",
                )
            signed = files.enter_context(signature.open("rb"))
        become_owner(prints_dir(system))
        raw = file.read(MAX_BYTES + 1)
        if signers is not None and signed is not None:
            _check_signature(raw, signed.read(1 << 20), signers)
    label = label_in(io.BytesIO(raw), source)
    here = bundles()
    check_free(label.name, here)
    bundle = bundle_for(label, here)
    synth.check_print(bundle, print_in(raw, source, bundle))
    path = print_path(label.name, system)
    known = path.is_file() and path.read_bytes() == raw
    if path.exists() and not known and not replace:
        raise BadVoicePrint(
            f"there is another cloned voice {label.name!r} already: {path}",
            "Replace it: --replace",
        )
    return InstalledPrint(label, write_print(raw, label.name, path), known)


def _check_signature(raw: bytes, signature: bytes, signers: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        file, signed = Path(name, "print"), Path(name, "print.sig")
        file.write_bytes(raw)
        signed.write_bytes(signature)
        check_signed(file, signed, signers, NAMESPACE)
