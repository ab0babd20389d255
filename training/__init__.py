"""What every training run here needs, whatever it trains; this room knows no task.

Two functions are taught, and are written by hand: `cosine_schedule` and `clip_gradients`.
"""

from training.clipping import clip_gradients
from training.schedule import cosine_schedule

__all__ = ["clip_gradients", "cosine_schedule"]
