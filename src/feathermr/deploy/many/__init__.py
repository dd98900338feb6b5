"""Many scans: an archive streams through worker processes, here or on a cluster."""
