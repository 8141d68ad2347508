"""kservegen: from a compact model catalog to validated KServe manifests."""

__version__ = "0.1.0"
