"""The daemon: requests from a local socket, speech to the sound card.

Three threads, each one loop: sockets (server.py), synthesis (synthesis.py), and playback, which is
edge/sound/playback.py. They meet in three places: the schedule, under the lock of synthesis; the
sound that waits to be played, under the lock of playback; and one callback into the sockets' loop,
which tells what has become of each utterance.
"""
