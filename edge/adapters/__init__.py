"""Other programs' protocols, as thin clients of the daemon's socket: no model is loaded here."""
