"""One run by several processes, on one machine or more: torch's own engine, started by torchrun.

Each process takes its share of every batch, and gradients are averaged over all (DDP, Li et al.
2020, https://arxiv.org/abs/2006.15704). With "fsdp" each also holds but a part of the weights, the
gradients and the moments (FSDP2, after Zhao et al. 2023, https://arxiv.org/abs/2304.11277), and
what is saved is whole all the same: a state moves between numbers of processes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from support.errors import complain

Made = TypeVar("Made")
LOST = ("gloo", "NCCL", "peer", "Timed out", "timed out", "Socket", "TCPStore")  # torch's words


@dataclass
class World:
    """The processes of a run, seen from one of them; alone, everything here does nothing."""

    rank: int = 0  # this one's number
    size: int = 1
    replicas: list[Any] = field(default_factory=list)  # what `distribute` made

    @property
    def is_first(self) -> bool:
        """Whether this one writes and speaks."""
        return self.rank == 0

    def share(self, rows: Sequence[int]) -> Sequence[int]:
        """This one's part of what all have to do."""
        return rows[self.rank :: self.size]

    def require_shares(self, batch_size: int) -> None:
        """Raise a ValueError where a batch does not divide among all."""
        if batch_size % self.size:
            raise ValueError(
                f"batch_size={batch_size}: must be a multiple of the {self.size} processes that "
                "share it"
            )

    def distribute(self, model: Any, layers: Sequence[nn.Module], kind: str) -> Any:
        """What is called in training in place of the model; "fsdp" shards the model itself."""
        if self.size == 1 and not dist.is_initialized():
            return model
        if kind == "fsdp":
            from torch.distributed.fsdp import fully_shard  # two seconds

            for layer in (*layers, model):
                fully_shard(layer)
            replica = model
        else:
            replica = DistributedDataParallel(model)
        self.replicas.append(replica)
        return replica

    @contextlib.contextmanager
    def accumulating(self, more: bool) -> Iterator[None]:
        """Around a part of a batch: gradients are averaged with the last one, when no more come."""
        with contextlib.ExitStack() as stack:
            for replica in self.replicas:
                if isinstance(replica, DistributedDataParallel):
                    stack.enter_context(replica.no_sync() if more else contextlib.nullcontext())
                else:
                    replica.set_requires_gradient_sync(not more)
            yield

    def sums(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Add figures up over all processes."""
        if self.size == 1:
            return dict(figures)
        numbers = torch.tensor(list(figures.values()), dtype=torch.float64, device=_place())
        dist.all_reduce(numbers)
        return dict(zip(figures, numbers.tolist(), strict=True))

    def any(self, here: bool) -> bool:
        """Whether it is so in one of them."""
        return self.sums({"": float(here)})[""] > 0

    def from_first(self, make: Callable[[], Made]) -> Made:
        """What the first process makes, in all of them."""
        made: list[Any] = [make() if self.is_first else None]
        if self.size > 1:
            dist.broadcast_object_list(made, device=_place())
        return made[0]

    def require_same(self, value: str, what: str) -> None:
        """Raise a ValueError where another process has another value."""
        values: list[Any] = [value]
        if self.size > 1:
            values = [None] * self.size
            dist.all_gather_object(values, value)
        if len(set(values)) > 1:
            raise ValueError(f"{what} differs between the processes: {', '.join(sorted(values))}")


def _place() -> torch.device:
    """Where what is exchanged has to lie."""
    on_gpu = dist.is_initialized() and dist.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


def is_launched() -> bool:
    """Whether torchrun started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys()


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[World]:
    """The processes that torchrun has started, or this one alone.

    Raises:
        ValueError: they cannot reach each other.
    """
    if not is_launched():
        yield World()
        return
    with ending_with_others():
        try:
            if device.type == "cuda":
                torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"the processes cannot reach each other ({reason}): are there as many GPUs, and is "
                "the network the right one? (GLOO_SOCKET_IFNAME or NCCL_SOCKET_IFNAME names it)"
            ) from error
        yield World(dist.get_rank(), dist.get_world_size())
        dist.barrier()
        dist.destroy_process_group()


@contextlib.contextmanager
def ending_with_others() -> Iterator[None]:
    """End with one line where another process has ended or cannot be reached.

    It is told at once: torchrun kills those that are left within a moment.
    """
    try:
        yield
    except RuntimeError as error:
        if not dist.is_initialized() or not any(word in str(error) for word in LOST):
            raise
        status = complain(
            "another process of this run has ended or cannot be reached; what was saved is whole: "
            "start them all again, with --resume"
        )
        raise SystemExit(status) from error


def is_sharded(value: Any) -> bool:
    """Whether it is a DTensor, of which each process holds a part."""
    return hasattr(value, "full_tensor")


def whole(value: Any, keep: bool = True) -> Any:
    """Plain data and tensors with those whole, on the CPU, that are sharded.

    All processes have to call it; who does not `keep` them gets None in their place.
    """
    if is_sharded(value):
        full = value.full_tensor()
        return full.cpu() if keep else None
    if isinstance(value, Mapping):
        return {key: whole(part, keep) for key, part in value.items()}
    if isinstance(value, list):
        return [whole(part, keep) for part in value]
    return value


def held_as(value: Any, like: Tensor) -> Any:
    """A whole tensor, sharded if another of its shape is."""
    if is_sharded(like) and isinstance(value, Tensor) and value.shape == like.shape:
        from torch.distributed.tensor import distribute_tensor

        held: Any = like
        return distribute_tensor(value.to(like.device), held.device_mesh, held.placements)
    return value


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """`load_state_dict` of whole weights."""
    held = model.state_dict()
    model.load_state_dict({name: held_as(w, held[name]) for name, w in weights.items()})


def load_moments(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """`load_state_dict` of an optimizer's whole state."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if any(map(is_sharded, parameters)):
        moments = {
            i: {name: held_as(value, parameters[i]) for name, value in kept.items()}
            for i, kept in state["state"].items()
        }
        state = {**state, "state": moments}
    optimizer.load_state_dict(state)


def clip_sharded(parameters: Sequence[nn.Parameter], max_norm: float) -> float:
    """`clip_gradients` of sharded parameters, by torch."""
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return float(whole(norm))
