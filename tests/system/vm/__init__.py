"""A whole emulated Raspberry Pi 5, from the packages to the sound: `make test-vm`."""
