"""Examples that are drawn once, kept on disk, and met several times in different guises."""
