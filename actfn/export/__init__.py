"""Models for other runtimes: SavedModel, LiteRT and ONNX, checked."""

from actfn.export.files import FORMATS, export

__all__ = ["FORMATS", "export"]
