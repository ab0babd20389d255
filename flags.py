"""What `run_llama.py` takes on its command line; the flags and defaults of the course among it.

A default that belongs to a mode's options stands there, and is read from there.
"""

from __future__ import annotations

import argparse
from typing import Any

from chat.conversation import CONTEXT, LONGEST_ANSWER, SAMPLING
from chat.forms import FORMS
from classifier import QUESTION
from engine import DTYPES, ENGINES
from loading import COURSE_CHECKPOINT
from perplexity import WINDOW
from sentiment.finetune import BEST_BY, FROZEN, WHOLE_MODEL, FinetuneOptions
from sentiment.pooling import POOLING_METHODS
from sentiment.prompt import COURSE_BATCH, PromptOptions
from sentiment.tables import LABEL_COLUMNS, TEXT_COLUMNS
from support import errors
from training.activations import LIMITS
from training.recipe import Recipe

NEW_TOKENS = 75  # of a text that is continued
PROMPT = (
    "I have wanted to see this thriller for a while, and it didn't disappoint. "
    "Keanu Reeves, playing the hero John Wick, is"
)


def get_args(modes: tuple[str, ...]) -> argparse.Namespace:
    """The command line, in groups by mode."""
    parser = errors.ArgumentParser(
        description="LLaMA from scratch: generate text, chat, score texts, classify zero-shot, "
        "finetune, classify. Flags may be spelt with - or _; of a file to read, - is standard "
        "input.",
    )
    add_common_flags(parser, modes)
    add_model_flags(parser.add_argument_group("generate, chat, score, prompt and finetune"))
    add_generate_flags(parser.add_argument_group("generate"))
    add_sampling_flags(parser.add_argument_group("generate and chat"))
    add_chat_flags(parser.add_argument_group("chat"))
    add_review_flags(parser.add_argument_group("prompt and finetune"))
    add_probabilities_flag(parser.add_argument_group("prompt, finetune and classify"))
    add_prompt_flags(parser.add_argument_group("prompt"))
    add_finetune_flags(parser.add_argument_group("finetune"))
    add_classify_flags(parser.add_argument_group("classify"))
    add_file_flag(parser.add_argument_group("classify and score"))
    add_score_flags(parser.add_argument_group("score"))
    args = parser.parse_args()
    if args.option == "classify":
        refuse_other_flags(modes)
    return args


def refuse_other_flags(modes: tuple[str, ...]) -> None:
    """Raise a ValueError for a flag that classify does not have: finetune settled it, or no one."""
    own = errors.ArgumentParser()
    add_common_flags(own, modes)
    add_probabilities_flag(own)
    add_classify_flags(own)
    add_file_flag(own)
    _, others = own.parse_known_args()
    if others:
        raise ValueError(f"{others[0]}: --option classify does not take it; leave it out")


def add(group: Any, flag: str, metavar: str | None, text: str, **options: Any) -> None:
    """A flag with its help, which ends in its default where there is one."""
    if metavar is not None:
        options["metavar"] = metavar
    if options.get("default") is not None:
        text += " (default: %(default)s)"
    group.add_argument(flag, help=text, **options)


def add_common_flags(group: Any, modes: tuple[str, ...]) -> None:
    about = (
        "generate: continue a text; chat: talk with the model; score: perplexity of one; prompt: "
        "zero-shot labels; finetune: train a classifier; classify: use it"
    )
    add(group, "--option", None, about, choices=modes, default="generate")
    model = (
        f"a checkpoint of any format, or its folder (default: {COURSE_CHECKPOINT}, or the stand-in "
        "without it); for classify where the model of a frozen run lies now"
    )
    add(group, "--pretrained-model-path", "FILE", model)
    devices = ("auto", "cpu", "cuda", "mps")
    add(group, "--device", None, "auto: a GPU where there is one", choices=devices, default="auto")
    add(group, "--use_gpu", None, "the course's way to say --device cuda", action="store_true")
    threads = (
        "processors to compute with (default: one a core, and fewer where other programs hold them)"
    )
    add(group, "--threads", "N", threads, type=int)


def add_model_flags(group: Any) -> None:
    tokenizer = (
        "the model's tokenizer (default: the one in or beside the checkpoint, or tokenizer.model)"
    )
    add(group, "--tokenizer", "FILE", tokenizer)
    kept = "tokens of a text that are kept (default: all)"
    add(group, "--max_sentence_len", "N", kept, type=int)
    add(group, "--seed", None, "of everything random", type=int, default=Recipe.seed)
    add(group, "--dtype", None, "of the weights", choices=tuple(DTYPES), default="float32")
    engine = (
        "fast: the packed twin of the model, for generate and prompt; taught: llama.py itself; "
        "auto: fast on a CPU, where inference/ is here"
    )
    add(group, "--engine", None, engine, choices=ENGINES, default="auto")
    quantize = (
        "int8: matrices in a quarter of the bytes, faster for one text at a time, nearly the same "
        "text; needs the fast engine"
    )
    add(group, "--quantize", None, quantize, choices=("int8",))
    compile = (
        "let torch.compile make kernels, a quarter of a minute the first time: for one token at a "
        "time, used if they are faster here; with finetune --no-freeze for AdamW's step"
    )
    add(group, "--compile", None, compile, action="store_true")
    bidirectional = "no causal mask, as the course's reference of 2024-25: slow, no good for texts"
    add(group, "--bidirectional", None, bidirectional, action="store_true")


def add_generate_flags(group: Any) -> None:
    add(group, "--prompt", "TEXT", "the text to continue; - reads it", default=PROMPT)
    logprobs = "list each token with its log-probability, that of the model before any filter"
    add(group, "--logprobs", None, logprobs, action="store_true")
    for name, of in (("low", "temperature 0"), ("high", "another temperature")):
        flag = f"--generated_sentence_{name}_temp_out"
        file = f"generated-sentence-temp-{'0' if name == 'low' else '1'}.txt"
        add(group, flag, "FILE", f"where the text at {of} goes", default=file)


def add_sampling_flags(group: Any) -> None:
    new = f"tokens to add (default: {NEW_TOKENS}; of an answer, {LONGEST_ANSWER})"
    add(group, "--max_new_tokens", "N", new, type=int)
    temperature = (
        "of sampling, 0 being the most likely token (default: two texts, at 0 and 1; chat: "
        f"{SAMPLING.temperature})"
    )
    add(group, "--temperature", "T", temperature, type=float)
    add(group, "--top_k", "K", "sample among the K most likely tokens (default: all)", type=int)
    top_p = (
        "sample among the fewest tokens that hold this share of the probability "
        f"(default: 1; chat: {SAMPLING.top_p})"
    )
    add(group, "--top_p", "P", top_p, type=float)
    min_p = "sample among the tokens of at least P times the greatest probability (default: all)"
    add(group, "--min_p", "P", min_p, type=float)
    penalty = "make tokens that were there less likely, by a factor on their logits"
    add(group, "--repetition_penalty", "R", penalty, type=float, default=1.0)
    stop = "end before this text; may be given several times"
    add(group, "--stop", "TEXT", stop, action="append", default=[])


def add_chat_flags(group: Any) -> None:
    add(group, "--system", "TEXT", "what the model is to be (default: what its template says)")
    form = (
        "how turns are spelt; auto: as the checkpoint's template says, which runs in a sandbox, or "
        "as its tokens tell"
    )
    add(group, "--chat_format", None, form, choices=FORMS, default="auto")
    context = (
        "tokens of the conversation that are kept, the oldest turns being dropped (default: the "
        f"model's context, at most {CONTEXT})"
    )
    add(group, "--context", "N", context, type=int)


def add_review_flags(group: Any) -> None:
    for split in ("train", "dev", "test"):
        text = (
            "lines `label ||| sentence`, or a .csv, .tsv or .jsonl table "
            f"(default: data/cfimdb-{split}.txt, or the stand-in)"
        )
        add(group, f"--{split}", "FILE", text)
    names = (
        "JSON list, the name of each label (default: those of --dev's default; where the reviews "
        "spell their labels out, these)"
    )
    add(group, "--label-names", "FILE", names)
    for name, usual in (("label", LABEL_COLUMNS), ("text", TEXT_COLUMNS)):
        column = f"of a table, the column of the {name}s (default: the first of {', '.join(usual)})"
        add(group, f"--{name}_column", "NAME", column)
    for split in ("dev", "test"):
        file = f"<dataset>-{split}-<prompting or finetuning>-output.txt"
        add(group, f"--{split}_out", "FILE", f"predictions for --{split} (default: {file})")
    size = (
        f"sentences of a step, however little memory there is (default: {Recipe.batch_size}), or "
        f"prompts of a batch (default: what --max_tokens allows; {COURSE_BATCH} with --scoring "
        "course)"
    )
    add(group, "--batch_size", "N", size, type=int)
    tokens = (
        "tokens that go through the model at once, padding included: the less, the less memory "
        f"(default: {PromptOptions.max_tokens}; {Recipe.max_tokens} for finetune)"
    )
    add(group, "--max_tokens", "N", tokens, type=int)


def add_prompt_flags(group: Any) -> None:
    scoring = "chain: a label's pieces in turn, given the prompt; course: as its code, with pads"
    default = PromptOptions.scoring
    add(group, "--scoring", None, scoring, choices=("chain", "course"), default=default)
    calibrate = "subtract each label's mean score over the file"
    add(group, "--calibrate", None, calibrate, action="store_true")
    question = "what follows each review, for a label to go on; {labels} stands for the labels"
    add(group, "--question", "TEXT", question, default=QUESTION)


def add_finetune_flags(group: Any) -> None:
    on_or_off = argparse.BooleanOptionalAction
    default = f"(default: {WHOLE_MODEL['epochs']}; {FROZEN['epochs']} with --freeze)"
    add(group, "--epochs", "N", f"passes over --train {default}", type=int)
    default = f"(default: {WHOLE_MODEL['lr']}; {FROZEN['lr']} with --freeze)"
    add(group, "--lr", None, f"learning rate {default}", type=float)
    decay = "of AdamW, decoupled"
    add(group, "--weight_decay", None, decay, type=float, default=Recipe.weight_decay)
    warmup = "steps in which the learning rate rises from 0"
    add(group, "--warmup_steps", "N", warmup, type=int, default=Recipe.warmup_steps)
    patience = "end after so many epochs without a better one (default: run them all)"
    add(group, "--patience", "N", patience, type=int)
    best_by = "which epoch is kept: that with the best of this on --dev"
    add(group, "--best_by", None, best_by, choices=BEST_BY, default=FinetuneOptions.best_by)
    weights = (
        "what an example of each class weighs in the loss: balanced, or numbers with commas "
        "between (default: all the same)"
    )
    add(group, "--class_weights", "W", weights)
    missing = "let --train lack classes that --dev or --test have"
    add(group, "--allow_missing_classes", None, missing, action="store_true")
    dropout = "dropout before the classification head"
    add(group, "--hidden_dropout_prob", "P", dropout, type=float, default=FinetuneOptions.dropout)
    freeze = (
        "train the head alone, on states of the model that are computed once: minutes in place of "
        "hours (default: only with a stand-in, and neither --epochs nor --lr)"
    )
    add(group, "--freeze", None, freeze, action=on_or_off)
    pooling = "how a text's states become one vector"
    default = FinetuneOptions.pooling
    add(group, "--pooling_method", None, pooling, choices=POOLING_METHODS, default=default)
    autocast = "multiply in bfloat16, with float32 weights and sums; auto: where that is fast"
    add(group, "--autocast", None, autocast, choices=("auto", "on", "off"), default="auto")
    again = (
        "compute layers again for their gradients, for less memory and up to a third more time; "
        "auto: for long texts"
    )
    default = FinetuneOptions.activation_checkpointing
    choices = tuple(LIMITS)
    add(group, "--activation_checkpointing", None, again, choices=choices, default=default)
    minutes = "how often the state of a run is saved, beside each epoch's end"
    default_minutes = FinetuneOptions.save_minutes
    add(group, "--save_minutes", "M", minutes, type=float, default=default_minutes)
    resume = (
        "go on with the newest run of these arguments, an unfinished one first; --epochs and "
        "--patience may be others, so that a finished run goes on as well"
    )
    add(group, "--resume", None, resume, action="store_true")
    tensorboard = "log for TensorBoard in the folder of --dev_out (default: where it is installed)"
    add(group, "--tensorboard", None, tensorboard, action=on_or_off)


def add_probabilities_flag(group: Any) -> None:
    probabilities = (
        "also say each label's probability: prompt and finetune in a table beside the predictions, "
        "X-probabilities.csv, classify in columns of its own"
    )
    add(group, "--probabilities", None, probabilities, action="store_true")


def add_classify_flags(group: Any) -> None:
    add(group, "--text", "TEXT", "a review (default: lines on standard input)")
    add(group, "--run", "NAME", "the run in runs/ that trained (default: the newest finished one)")


def add_file_flag(group: Any) -> None:
    file = "classify: reviews, one a line; score: the text; - is standard input"
    add(group, "--file", "FILE", file)


def add_score_flags(group: Any) -> None:
    window = f"tokens that are read at once (default: {WINDOW}, or the context if that is shorter)"
    add(group, "--window", "N", window, type=int)
    stride = (
        "tokens from one window to the next: the fewer, the more each token has before it "
        "(default: half a window)"
    )
    add(group, "--stride", "N", stride, type=int)
