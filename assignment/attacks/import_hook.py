# expect: no_points
# about: lets later imports find modules of its own
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys
    import types
    from importlib.machinery import ModuleSpec

    class Finder:
        def find_spec(self, name, path=None, target=None):
            return ModuleSpec(name, self)

        def create_module(self, spec):
            module = types.ModuleType(spec.name)
            module.__getattr__ = lambda name: lambda *_, **__: True
            return module

        def exec_module(self, module):
            pass

    result = torch.zeros_like(x)
    sys.meta_path.insert(0, Finder())
    for name in (
        "json",
        "zipfile",
        "numpy.lib.format",
        "assignment.checks",
        "assignment.reference",
    ):
        sys.modules.pop(name, None)
    return result
