"""Export networks as folders that other runtimes execute, compared with torch."""

from feathermr.deploy.export.export import export, exportable
from feathermr.deploy.graphs.make import Target

__all__ = ["Target", "export", "exportable"]
