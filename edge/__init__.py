"""Edge Voice: text to speech on the device, from a local socket to the sound card.

onnxruntime's wheels report to an outside collector unless this variable is set before the
library is loaded, so it is set here, in the first module that any entry imports.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
