"""PCM to the sound card: nothing in this room knows texts, models, bundles or sockets.

playback.py is the thread that writes, settings.py says where to; failover.py goes on when a device
is lost, device_thread.py waits for one; portaudio.py and pulse.py talk to the machine;
lookup.py looks for devices in a process of its own.
"""
