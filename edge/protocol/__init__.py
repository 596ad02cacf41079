"""The wire, without I/O: bytes <-> frames <-> messages.

Its page for people is docs/reference/protocol.md.

    decoder = RequestDecoder()
    for request in decoder.messages(received):  # raises BadFrame, then the connection ends
        send(encode(Pong(request.text)))

Frames are those of the Wyoming protocol, so Wyoming's clients and servers are peers as they are.
A new message is a dataclass in requests.py or replies.py that `Request` or `Reply` names, and a
row on that page; mypy then asks edge/daemon/requests.py what it does.
"""

from edge.protocol.explanation import *
from edge.protocol.frames import *
from edge.protocol.limits import *
from edge.protocol.parsing import *
from edge.protocol.replies import *
from edge.protocol.requests import *
from edge.protocol.status import *
