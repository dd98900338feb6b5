"""Many scans: an archive streams through worker processes, here or on a cluster."""

from feathermr.deploy.many.archive import Archive
from feathermr.deploy.many.dask_cluster import DaskCluster
from feathermr.deploy.many.local_pool import LocalPool
from feathermr.deploy.many.run import Summary, reconstruct_many
from feathermr.deploy.many.work import Result, Work

__all__ = ["Archive", "DaskCluster", "LocalPool", "Result", "Summary", "Work", "reconstruct_many"]
