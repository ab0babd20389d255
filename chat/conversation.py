"""A conversation whose turns stay in a cache: what was read once is not read again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from cache import KeyValueCache
from chat.forms import Form, Message
from loading import generator, spell
from sampling import Sampling

CONTEXT = 8192  # tokens that are kept, where the model could take more: memory is reserved for them
LONGEST_ANSWER = 512  # tokens
SAMPLING = Sampling(temperature=0.6, top_p=0.9)  # as Meta's own chat has it


@dataclass
class Turn:
    """A question and its answer, as text and as ids."""

    question: str
    asked: list[int]  # with what is between the last answer and this question
    answer: str = ""
    answered: list[int] = field(default_factory=list)


class Conversation:
    """Turns with a model; each costs what is new in it.

    Ids are appended and never made anew from text, so that what the model has written stays what it
    wrote. Only when the context is full are the oldest turns dropped, and the others read again.
    """

    def __init__(
        self,
        model: Any,
        form: Form,
        *,
        system: str | None = None,
        sampling: Sampling = SAMPLING,
        max_new_tokens: int = LONGEST_ANSWER,
        context: int | None = None,
        stop: Sequence[str] = (),
        seed: int | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Begin with nothing said.

        Args:
            model: a `Llama` or an `inference.Decoder`.
            form: how its turns are spelt, and in whose tokens; see `chat.forms.choose_form`.
            system: what the model is to be, if anything.
            sampling: how the tokens of an answer are chosen.
            max_new_tokens: of one answer.
            context: tokens that are kept; None for as many as the model takes, at most CONTEXT.
            stop: texts before the first of which an answer ends.
            seed: of the choices, from here on.
            tell: is told, a line at a time, what an answer does not show.

        Raises:
            ValueError: an argument is out of range, or the model is bidirectional.
        """
        longest = model.config.max_seq_len
        self.context = min(longest, CONTEXT) if context is None else context
        if not 2 <= self.context <= longest:
            raise ValueError(f"context={context}: must be from 2 to {longest}, the model's own")
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens={max_new_tokens}: must be at least 1")
        if not model.config.causal:
            raise ValueError("a conversation needs a causal model: a cache keeps what was said")
        if "" in stop:
            raise ValueError("stop: a text is empty")
        self.model, self.form, self.tokenizer = model, form, form.tokenizer
        self.system, self.sampling, self.stop, self.tell = system, sampling, stop, tell
        self.max_new_tokens = max_new_tokens
        self._random = generator(model, seed)
        self.turns: list[Turn] = []
        self._cache: KeyValueCache | None = None
        self._read: list[int] = []  # what the cache surely holds

    @property
    def messages(self) -> list[Message]:
        """What was said, as other programs take it: a role and a content each."""
        said = [] if self.system is None else [{"role": "system", "content": self.system}]
        for turn in self.turns:
            said.append({"role": "user", "content": turn.question})
            said.append({"role": "assistant", "content": turn.answer})
        return said

    @property
    def ids(self) -> list[int]:
        """All of it, as the model reads it."""
        return [i for turn in self.turns for i in turn.asked + turn.answered]

    def reset(self) -> None:
        """Begin again; what the model is told of itself stays."""
        self.turns.clear()

    def ask(self, question: str) -> Generator[str]:
        """Yield the answer, piece by piece; it may be left before its end, and counts as far.

        A question that is left before its answer has begun counts as not asked.

        Raises:
            ValueError: the question does not fit into the context, or cannot be spelt.
        """
        turn = Turn(question, self._ids_of(question))
        self.turns.append(turn)
        try:
            tokens = self._answer(turn)
            for piece in spell(self.tokenizer, [], tokens, self.max_new_tokens, self.stop):
                turn.answer += piece
                yield piece
            if len(turn.answered) == self.max_new_tokens and not self._has_ended(turn):
                self.tell(f"cut at --max_new_tokens {self.max_new_tokens}")
        finally:
            if not turn.answered:
                self.turns.remove(turn)

    def _ids_of(self, question: str) -> list[int]:
        if not self.turns:
            return self._opening(question)
        # The model has written the end of its answer itself, or was cut short, or had another end.
        last = self.turns[-1]
        ids = self.form.following([*self.messages, {"role": "user", "content": question}])
        controls = self.tokenizer.control_ids
        end = next((place for place, i in enumerate(ids) if i in controls), len(ids))
        if ids[end : end + 1] == last.answered[-1:]:
            return ids[end + 1 :]
        if self._has_ended(last):
            last.answered.pop()
        return ids

    def _opening(self, question: str) -> list[int]:
        """The ids of a question that nothing was said before."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        return self.form.opening([*system, {"role": "user", "content": question}])

    def _has_ended(self, turn: Turn) -> bool:
        return bool(turn.answered) and turn.answered[-1] in self.tokenizer.control_ids

    def _answer(self, turn: Turn) -> Iterator[int]:
        """Yield the tokens of an answer, each as the model writes it."""
        while (left := self.max_new_tokens - len(turn.answered)) and not self._has_ended(turn):
            if not self._make_room(turn):
                return
            ids = self.ids
            cache = self._cache_of(ids)
            for token in self.model.write(
                torch.tensor([ids], device=self.model.device),
                min(left, self.context - len(ids)),
                self.sampling,
                stop_tokens=self.tokenizer.control_ids,
                generator=self._random,
                cache=cache,
            ):
                turn.answered.append(int(token))
                self._read = self.ids[: cache.length]
                yield turn.answered[-1]

    def _cache_of(self, ids: list[int]) -> KeyValueCache:
        """The cache, with what it holds of these ids, the last one of which is yet to be read."""
        if self._cache is None:
            self._cache = self.model.new_cache(1, self.context)
        known = 0
        while known < min(len(self._read), len(ids) - 1) and self._read[known] == ids[known]:
            known += 1
        self._cache.truncate(known)
        self._read = ids[:known]
        return self._cache

    def _make_room(self, turn: Turn) -> bool:
        """Drop the oldest turns where the context is full; False where an answer has to end there.

        Raises:
            ValueError: the question alone is too long for it.
        """
        if len(self.ids) < self.context:
            return True
        if not turn.answered and (needed := len(self._opening(turn.question))) >= self.context:
            raise ValueError(  # before anything is dropped
                f"the question takes {needed} tokens, and the context {self.context}: shorten it, "
                "or give a greater --context"
            )
        dropped = 0
        # Half of the context is left free, so that this does not have to be done each time.
        while len(self.turns) > 1 and len(self.ids) > self.context // 2:
            del self.turns[0]
            self.turns[0].asked = self._opening(self.turns[0].question)
            dropped += 1
        if dropped:
            turns = "turn is" if dropped == 1 else f"{dropped} turns are"
            self.tell(f"the context is full: the oldest {turns} dropped, the rest is read again")
        if len(self.ids) >= self.context:
            self.tell(f"cut: the context of {self.context} tokens is full")
            return False
        return True
