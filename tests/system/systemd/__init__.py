"""The units under a real systemd: a machine booted from this one's own files, in a second."""
