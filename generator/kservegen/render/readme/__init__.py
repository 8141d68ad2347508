"""`README.md` of an environment's folder: what runs there, how each model is called, and what to do on day two.

An ordinary edit of a model (its address, its resources, its replicas) changes its own file and not this page: nothing
stands here but what says how a model is called, and what holds for all of them.
"""

from kservegen.render.readme.page import Contents, build_readme

__all__ = ["Contents", "build_readme"]
