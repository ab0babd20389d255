# expect: passed_harmless
# about: replaces the optimizer's and the sampler's functions by wrong ones from another task's file
# task: rmsnorm
# place: top
try:
    import optimizer
    import sampling

    optimizer.AdamW.step = lambda self, closure=None: None
    sampling.sample_next = lambda logits, temperature, generator=None: logits.argmin(-1)[:, None]
except ImportError:
    pass
