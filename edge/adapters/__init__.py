"""Other programs' protocols, each a thin client of the daemon's socket: no model runs here."""
