"""Turn a voice and a profile into a bundle, on a workstation: nothing here runs on the board."""
