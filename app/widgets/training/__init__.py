"""⭐ Training: choose, understand, check and forecast the options, and start."""

from app.widgets.training.widget import TrainingWidget

__all__ = ["TrainingWidget"]
