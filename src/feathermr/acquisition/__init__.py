"""The record of a scan, the readers and writers of its formats, retrospective undersampling."""

from feathermr.acquisition.record import Acquisition, Header, Origin
from feathermr.acquisition.retrospective import undersample

__all__ = ["Acquisition", "Header", "Origin", "undersample"]
