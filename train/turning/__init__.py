"""Views of a face from further to the side, made of the photo of a less turned one."""

from train.turning.views import HeadTurner, Turned

__all__ = ["HeadTurner", "Turned"]
