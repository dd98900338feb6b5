"""Reconstruct what a scanner streams: the ISMRMRD streaming protocol, its sessions and workers."""

from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.offer import Offer
from feathermr.deploy.server.plan import Window
from feathermr.deploy.server.service import Server, ServerConfig, serve

__all__ = ["Limits", "Offer", "Server", "ServerConfig", "Window", "serve"]
