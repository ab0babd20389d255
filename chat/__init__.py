"""Talking with a model: how turns are spelt, what is kept of them, and the terminal."""

from chat.conversation import Conversation
from chat.forms import Form, choose_form

__all__ = ["Conversation", "Form", "choose_form"]
