"""Family `cosyvoice3`."""
