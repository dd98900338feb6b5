"""Every method: an acquisition in, a reconstruction out."""
