"""The daemon: requests from a local socket, speech to the sound card.

Three threads, each one loop: sockets (server.py), synthesis (speaker.py), playback (player.py).
They meet in two places: the speech queue, and one callback into the sockets' loop.
"""
