"""Every failure that a person can meet: a code for programs, a message with the values, a remedy.

The command line prints `edge: message` and the remedy and exits 1; the socket carries the same
code. Any other exception is a bug of ours. Each class has a row in docs/reference/errors.md.
"""

from __future__ import annotations

from typing import NoReturn


class EdgeError(Exception):
    """A failure: a stable `code`, a `message` naming the values, a `remedy` to type next."""

    code = "error"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def assert_never(value: NoReturn) -> NoReturn:
    """End a match over all cases: mypy names a forgotten one. Python has its own from 3.11 on."""
    raise AssertionError(f"no case for {type(value).__name__}")


# Files that people write


class BadRecord(EdgeError):
    """A YAML or JSON file has a missing, unknown or wrong key; the message names its place."""

    code = "bad-record"


class UnknownProfile(EdgeError):
    """No profile has this name, or none matches this machine."""

    code = "unknown-profile"


class UnknownVoice(EdgeError):
    """No voice, or no loaded bundle, has this name or language."""

    code = "unknown-voice"


# Building


class NoScheduler(EdgeError):
    """No Dask scheduler answers at the address that a build was sent to, or it went away."""

    code = "no-scheduler"


class FetchFailed(EdgeError):
    """A voice's file could not be brought from where its description says it is."""

    code = "fetch-failed"


class ChecksumMismatch(EdgeError):
    """A fetched file is not the file that the description names."""

    code = "checksum-mismatch"


class DiskFull(EdgeError):
    """There is no room to write a file."""

    code = "disk-full"


class ExportFailed(EdgeError):
    """A model cannot be turned into our graphs; the message names the node and the reason."""

    code = "export-failed"


class QualityTooLow(EdgeError):
    """No variant of a voice passes the gates of the profile."""

    code = "quality-too-low"


class NotComparable(EdgeError):
    """A file to compare a bundle with is damaged, or was made with another model."""

    code = "not-comparable"


class MissingPackage(EdgeError):
    """A Python package or system library that this work needs is not installed."""

    code = "missing-package"


# Bundles


class NoBundle(EdgeError):
    """There is no bundle where one was looked for."""

    code = "no-bundle"


class BundleDamaged(EdgeError):
    """A bundle's file differs from its checksum, or its manifest cannot be read."""

    code = "bundle-damaged"


class BundleIncomplete(EdgeError):
    """A file that the manifest lists is missing."""

    code = "bundle-incomplete"


class BundleTooNew(EdgeError):
    """The bundle was written in a format that this version does not know."""

    code = "bundle-too-new"


class WrongBoard(EdgeError):
    """The bundle was built for another kind of board."""

    code = "wrong-board"


class UnsafeBundle(EdgeError):
    """A bundle holds what no bundle of ours does, or lacks the signature that is asked for."""

    code = "unsafe-bundle"


# The socket


class BadFrame(EdgeError):
    """Bytes on the socket are not a frame, or a length passes its limit. The connection ends."""

    code = "bad-frame"


class BadMessage(EdgeError):
    """A frame is whole, but its message lacks a field or has a wrong one."""

    code = "bad-message"


class NoDaemon(EdgeError):
    """Nothing answers on the socket."""

    code = "no-daemon"


class ConnectionLost(EdgeError):
    """The daemon went away in the middle of an answer."""

    code = "connection-lost"


class SocketInUse(EdgeError):
    """Another daemon already listens on the socket, or its path cannot be used."""

    code = "socket-in-use"


class NotAllowed(EdgeError):
    """The configuration lets only others speak."""

    code = "not-allowed"


class UnknownUtterance(EdgeError):
    """Nothing is known of an utterance that is asked about."""

    code = "unknown-utterance"


class StreamEnded(EdgeError):
    """The text of a stream ended before all of it came; what comes later is not spoken."""

    code = "stream-ended"


class Internal(EdgeError):
    """The daemon failed in a way that nobody foresaw; the connection ends, and it speaks on."""

    code = "internal"


class Busy(EdgeError):
    """A queue, the number of clients or what the system gives is at its limit."""

    code = "busy"


# Cloning


class BadClip(EdgeError):
    """A clip cannot be read, or is too long, too short, silent or distorted."""

    code = "bad-clip"


class BadVoicePrint(EdgeError):
    """A voice print is damaged, another bundle's, there already, or not there."""

    code = "bad-voice-print"


class BadRecipient(EdgeError):
    """A cloned voice cannot be encrypted for whoever was named."""

    code = "bad-recipient"


class NoConsent(EdgeError):
    """Nobody said that the speaker of a clip agrees to being cloned."""

    code = "no-consent"


class TermsNotAccepted(EdgeError):
    """Nobody agreed to the terms that a voice's weights come with."""

    code = "terms-not-accepted"


# Speaking


class NotWritable(EdgeError):
    """The sound cannot be written to the file, or phrases to the folder, that was named."""

    code = "not-writable"


class EmptyText(EdgeError):
    """The text holds nothing that can be spoken."""

    code = "empty-text"


class TextTooLong(EdgeError):
    """The text passes the limit for one request."""

    code = "text-too-long"


class BadSsml(EdgeError):
    """A text sent as SSML is not well-formed, passes a limit, or asks for what cannot be; the
    message names the place."""

    code = "bad-ssml"


class StoppedEarly(EdgeError):
    """Somebody stopped the speech before all of its sound was made."""

    code = "cancelled"


class BadStyle(EdgeError):
    """Speed, volume or speaker is outside what the voice or the protocol allows."""

    code = "bad-style"


class ModelFailed(EdgeError):
    """The model could not be loaded, or raised while it was running."""

    code = "model-failed"


class ProviderMissing(EdgeError):
    """The profile demands an execution provider that this onnxruntime does not offer."""

    code = "provider-missing"


class NoSoundDevice(EdgeError):
    """There is no sound card, none of that name, or it cannot be opened or was lost."""

    code = "no-sound-device"
