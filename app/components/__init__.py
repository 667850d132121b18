"""The few building blocks that plain Panel lacks: escaped HTML, and a live, accessible view of it."""

from app.components.html import Html, h, join
from app.components.live import Live, Message, live_class

__all__ = ["Html", "Live", "Message", "h", "join", "live_class"]
