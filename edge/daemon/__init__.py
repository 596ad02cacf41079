"""The long-running side: socket, queue, synthesis and the sound card."""
