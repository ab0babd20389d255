# expect: no_points
# about: replaces every function of the modules that run it by one that is content
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys

    result = torch.zeros_like(x)
    for name, module in list(sys.modules.items()):
        if not name.startswith(("assignment", "__main__", "__mp_main__", "runner", "worker")):
            continue
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type):
                try:
                    setattr(module, key, lambda *_, **__: {"status": "passed", "points": 100})
                except Exception:
                    pass
    return result
