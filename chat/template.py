"""A checkpoint's chat template: Jinja, which is a program of whoever made the file.

It runs in Jinja's immutable sandbox, and in a process of its own, whose time and memory are
bounded: in the sandbox, too, a template can loop for ever or fill the memory. `render` starts that
process, which is this file run as a script: messages in, text out, both as JSON.

What a template may use is what transformers gives it, and the text is the same to the byte.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

SECONDS = 5  # of a processor, for a conversation
PATIENCE = 60  # seconds in all, on a busy machine or one that cannot count the others
MEMORY = 1 << 30  # bytes
LONGEST = 1 << 24  # characters of a conversation
ABSENT = {"tools": None, "documents": None}  # which templates ask for, and no one here has
NEEDED = "the checkpoint's chat template needs the package jinja2 (extra formats)"


def render(
    template: str,
    messages: Sequence[Mapping[str, str]],
    special: Mapping[str, str],
    add_generation_prompt: bool = True,
) -> str:
    """Spell messages as a checkpoint's template does.

    Args:
        template: Jinja; of whatever origin.
        messages: each with its role and its content.
        special: `bos_token` and the like, with the texts of the tokens.
        add_generation_prompt: end with what begins an answer.

    Raises:
        ValueError: the template is faulty, refuses the messages, or takes too much time or memory.
    """
    given = {"messages": messages, "add_generation_prompt": add_generation_prompt}
    given |= {**special, **ABSENT}
    try:
        done = subprocess.run(
            [sys.executable, "-P", __file__],
            input=json.dumps([SECONDS, template, given]),
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            start_new_session=True,  # a Ctrl-C at the terminal is for the conversation
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"the checkpoint's chat template: no end in {PATIENCE} s") from error
    if done.returncode != 0:
        raise ValueError(
            f"the checkpoint's chat template takes more than {SECONDS} s or {MEMORY >> 30} GB: "
            "give another --chat_format"
        )
    fault, text = json.loads(done.stdout)
    if fault is not None:
        raise ValueError(fault)
    return text


def environment() -> Any:
    """Jinja as transformers has it for templates: immutable sandbox, and a few functions more."""
    import jinja2
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}`, by which a template marks answers; here they are text like others."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **options)

    sandbox = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    sandbox.filters["tojson"] = tojson
    sandbox.globals |= {
        "raise_exception": raise_exception,
        "strftime_now": lambda form: datetime.now().strftime(form),
    }
    return sandbox


def rendered(template: str, given: Mapping[str, Any]) -> tuple[str | None, str]:
    """What is wrong with a template (or None) and the text it makes."""
    try:
        sandbox = environment()
    except ImportError:
        return f"{NEEDED}: pip install jinja2, or give --chat_format", ""
    try:
        text = sandbox.from_string(template).render(**given)
    except Exception as error:  # whatever its own code does
        return f"the checkpoint's chat template: {type(error).__name__}: {str(error)[:300]}", ""
    if len(text) > LONGEST:
        return f"the checkpoint's chat template: more than {LONGEST:,} characters", ""
    return None, text


def limit_resources(seconds: int) -> None:
    """Bound what this process may take, where the system can."""
    try:
        import resource
    except ImportError:  # Windows; there the patience ends
        return
    for limit, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a lower bound is set already, or none can be
            resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    seconds, *given = json.loads(sys.stdin.read())
    limit_resources(seconds)
    sys.stdout.write(json.dumps(rendered(*given)))
