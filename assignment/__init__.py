"""The course built around the model: tasks, checks, reference outputs, classic mistakes."""
