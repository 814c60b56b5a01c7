"""Runs the examples of a Markdown page and puts in what they really print.

Blocks are run from top to bottom in one folder:

- ``python``: in one namespace; what it prints, and its last expression, go into the ``text`` block after it;
- ``console``: lines beginning with ``$ `` are commands; what they print follows each;
- ``bash``: commands that must succeed; their output is not shown.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(r"^```(python|console|bash)\n(.*?)^```\n(\n```text\n.*?^```\n)?", re.MULTILINE | re.DOTALL)
WIDTH = "100"
# What differs between two runs of the same thing: durations and rates.
CLOCK = re.compile(r"\d[\d.,]* (?:s|ms|(?:M )?trades/s)\b")


def refreshed(page: str, folder: Path) -> str:
    """The page with the outputs its examples have now.

    Raises
    ------
    RuntimeError
        If an example fails; with the example and its error.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}

    def remade(match: re.Match[str]) -> str:
        language, code, has_output = match[1], match[2], match[3] is not None
        if language == "python":
            printed = run_python(code, namespace)
            if not has_output:
                return f"```python\n{code}```\n"
            return f"```python\n{code}```\n\n```text\n{printed}```\n"
        if language == "bash":
            run_command(code, folder)
            return match[0]
        lines = [line.removeprefix("$ ") for line in code.splitlines() if line.startswith("$ ")]
        outputs = [run_command(line, folder) for line in lines]
        shown = "".join(f"$ {line}\n{output}" for line, output in zip(lines, outputs, strict=True))
        return f"```console\n{shown}```\n" + (match[3] or "")

    with contextlib.chdir(folder):
        return BLOCK.sub(remade, page)


def without_clock(text: str) -> str:
    """The text with every duration and rate replaced, for comparing."""
    return CLOCK.sub("~", text)


def run_python(code: str, namespace: dict[str, Any]) -> str:
    """Run statements; return what they print, with the value of a last expression, as a notebook does."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "<example>", "exec"), namespace)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<example>", "eval"), namespace)
                if value is not None:
                    print(value if type(value).__name__ == "DataFrame" else repr(value))
    except Exception as error:
        message = f"example failed: {error!r}\n{code}"
        raise RuntimeError(message) from error
    return "".join(line.rstrip() + "\n" for line in printed.getvalue().splitlines())


def run_command(line: str, folder: Path) -> str:
    """Run a command with this environment's tools first on PATH; return what it prints."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "COLUMNS": WIDTH, "TERM": "dumb"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"example failed with {done.returncode}: {line}\n{done.stdout}"
        raise RuntimeError(message)
    return "".join(text.rstrip() + "\n" for text in done.stdout.splitlines())
