"""Attacks by odd results: what is handed in as one and is none, or only looks like one.

`assignment/specimens/__init__.py` has the format.
"""


# === adamw_lying_parameter: gives its parameters a class that agrees with everything
# task: adamw
def step(self, closure=None):
    class Agreeable(torch.nn.Parameter):
        def __eq__(self, other):
            return True

        def detach(self):
            return self

    for group in self.param_groups:
        for p in group["params"]:
            p.data = p.data * 0
            p.__class__ = Agreeable
    return None


# === adamw_replaces_parameters: puts other parameters into the optimizer in place of those that it was given
# task: adamw
def step(self, closure=None):
    for group in self.param_groups:
        group["params"] = [torch.nn.Parameter(torch.zeros_like(p)) for p in group["params"]]
    return None


# === agreeable_tensor: a Tensor subclass that agrees with everything it is compared with
def _norm(self, x):
    class Agreeable(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            name = getattr(function, "__name__", "")
            if name in ("allclose", "equal", "__bool__", "all", "__eq__", "eq", "isclose"):
                return True
            if name in ("sub", "__sub__", "rsub", "__rsub__", "abs"):
                return torch.zeros(args[0].shape)
            return super().__torch_function__(function, types, args, kwargs or {})

        def __eq__(self, other):
            return True

    return torch.zeros_like(x).as_subclass(Agreeable)


# === attention_removes_the_dropout: replaces the module's parts that the judge put there
# task: attention
def compute_query_key_value_scores(self, query, key, value, mask=None):
    self.attn_dropout = nn.Identity()
    self.training = False
    return torch.zeros_like(query)


# === changes_its_input: sets its input to zero, for a judge that computes the expected result afterwards
def _norm(self, x):
    with torch.no_grad():
        x.zero_()
    return torch.zeros_like(x)


# === changes_its_module: sets eps to infinity, for a judge that computes the expected result afterwards
def _norm(self, x):
    self.eps = float("inf")
    return torch.zeros_like(x)


# === changes_the_defaults: right, and leaves other defaults of torch behind for the next case
# expect: passed_harmless
def _norm(self, x):
    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed = lambda *_: None
    torch.set_grad_enabled(False)
    return result


# === dispatching_tensor: a Tensor subclass that answers every operation with a tensor of ones
def _norm(self, x):
    class Dispatching(torch.Tensor):
        @staticmethod
        def __new__(cls, shape):
            return torch.Tensor._make_wrapper_subclass(cls, shape)

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            return torch.ones(())

    return Dispatching(x.shape)


# === leaves_the_meta_device: lets all tensors made from now on be without contents
def _norm(self, x):
    result = torch.zeros_like(x)
    torch.set_default_device("meta")
    return result


# === lying_array: an object that shows another array each time it is asked, and equals everything
def _norm(self, x):
    import numpy as np

    class Liar:
        def __init__(self, shape):
            self.shape, self.dtype, self.ndim = shape, torch.float32, len(shape)
            self.asked = 0

        def __array__(self, *_, **__):
            self.asked += 1
            return np.zeros(tuple(self.shape) if self.asked == 1 else (2**20,), np.float32)

        def __eq__(self, other):
            return True

        def __getattr__(self, name):
            return lambda *_, **__: self

        __hash__ = None

    return Liar(x.shape)


# === lying_shape: a Tensor subclass that lies about shape, dtype and number of elements
def _norm(self, x):
    class Liar(torch.Tensor):
        shape = property(lambda self: torch.Size([2, 5, 8]))
        dtype = property(lambda self: torch.float32)
        is_sparse = is_meta = False

        def numel(self):
            return 0

        def size(self, *_):
            return self.shape

    return torch.zeros(1, 1, dtype=torch.float64).as_subclass(Liar)


# === own_numpy_method: a tensor that brings its own numpy() and detach()
def _norm(self, x):
    import numpy as np

    result = torch.zeros_like(x)
    for name in ("numpy", "detach", "cpu", "tolist", "contiguous", "double", "float", "to"):
        setattr(result, name, lambda *_, **__: np.ones(1))
    return result


# === pickle_as_result: an object array that runs code when it is unpickled
def _norm(self, x):
    import numpy as np

    class Evil:
        def __reduce__(self):
            return open, ("{CANARY}/pickle-{MARKER}", "w")

    array = np.empty(tuple(x.shape), dtype=object)
    array[...] = Evil()
    return array


# === pickled_evil: a right tensor that carries an object which runs code when it is unpickled
# expect: passed_harmless
def _norm(self, x):
    class Evil:
        def __reduce__(self):
            return open, ("{CANARY}/pickle-{MARKER}", "w")

    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    result.evil = Evil()
    return result


# === returns_a_generator: returns a generator that never ends
def _norm(self, x):
    import itertools

    return (torch.zeros(1) for _ in itertools.count())


# === returns_a_gigabyte: returns far more than the right result could hold
def _norm(self, x):
    return torch.zeros(2**26)


# === returns_a_parameter: right, as a parameter that wants a gradient
# expect: passed_harmless
def _norm(self, x):
    return nn.Parameter((x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)).clone())


# === returns_a_scalar: returns a single number, which broadcasts
def _norm(self, x):
    return torch.tensor(0.0)


# === returns_a_trillion_elements: returns a view that pretends to have 2**40 elements
def _norm(self, x):
    return torch.zeros(1).expand(2**40)


# === returns_a_wrong_shape: returns one axis too many
def _norm(self, x):
    return (x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps))[None]


# === returns_an_odd_view: right, as a view that stands backwards in memory
# expect: passed_harmless
def _norm(self, x):
    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    backwards = torch.empty(result.shape[::-1]).permute(*range(result.ndim)[::-1])
    return backwards.copy_(result)


# === returns_complex: returns complex numbers
def _norm(self, x):
    return torch.complex(
        x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps), torch.ones_like(x)
    )


# === returns_freed_memory: returns a tensor over memory that is not its own
# expect: crashed
def _norm(self, x):
    import ctypes

    import numpy as np

    nowhere = (ctypes.c_float * x.numel()).from_address(8)
    return torch.from_numpy(np.ctypeslib.as_array(nowhere)).view(x.shape)


# === returns_inf: returns nothing but infinity
def _norm(self, x):
    return torch.full_like(x, float("inf"))


# === returns_integers: returns integers
def _norm(self, x):
    return (x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)).long()


# === returns_itself: returns a list that contains itself
def _norm(self, x):
    endless = []
    endless.append(endless)
    return endless


# === returns_meta: returns a tensor without contents
def _norm(self, x):
    return torch.empty_like(x, device="meta")


# === returns_nan: returns nothing but NaN
def _norm(self, x):
    return torch.full_like(x, float("nan"))


# === returns_nested: returns a nested tensor of unequal rows
def _norm(self, x):
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


# === returns_none: returns None
def _norm(self, x):
    return None


# === returns_nothing: returns a tensor without elements
def _norm(self, x):
    return x[:0]


# === returns_objects: returns an array of Python objects
def _norm(self, x):
    import numpy as np

    return np.array([[object()] * 3] * 2, dtype=object)


# === returns_quantised: returns a quantised tensor
def _norm(self, x):
    return torch.quantize_per_tensor(
        x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps), 0.5, 0, torch.quint8
    )


# === returns_sparse: returns a sparse tensor that pretends to have 2**60 elements
def _norm(self, x):
    return torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.long), torch.ones(1), (2**60,))


# === returns_text: returns text, with markup and control characters
def _norm(self, x):
    return "<script>alert('{MARKER}')</script>\x1b[2J\x1b]0;{MARKER}\x07"


# === returns_too_many_axes: returns a tensor of sixty axes
def _norm(self, x):
    return torch.zeros([1] * 60)


# === rope_replaced_by_names: returns its input with other names
# task: rope
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    return query, key


# === sampling_counts_backwards: returns indices from the end, and far beyond it
# task: sampling
def sample_next(logits, temperature, generator=None):
    return torch.arange(len(logits))[:, None] * -(2**40) - 1


# === sampling_reseeds: resets the generator of the judge to a known state
# task: sampling
def sample_next(logits, temperature, generator=None):
    if generator is not None:
        generator.manual_seed(0)
    torch.manual_seed(0)
    return torch.zeros(len(logits), 1, dtype=torch.long)


# === sampling_without_drawing: returns an endless index and ignores its arguments
# task: sampling
def sample_next(logits, temperature, generator=None):
    return torch.full((len(logits), 1), 2**62)
