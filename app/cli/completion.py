"""``completion``: what a shell needs to complete our words."""

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.ending import PROGRAM


class Shell(StrEnum):
    """Shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish")],
) -> None:
    """Print the script: `source <(auth-serve completion bash)`.

    zsh takes it as `_auth-serve` in a folder of its fpath, fish as
    `~/.config/fish/completions/auth-serve.fish`.
    """
    from typer._completion_shared import get_completion_script

    variable = f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()
    script = get_completion_script(
        prog_name=PROGRAM, complete_var=variable, shell=shell.value
    )
    print(_loaded_at_once(script) if shell is Shell.ZSH else script)


def _loaded_at_once(script: str) -> str:
    """Return typer's script for zsh, mended where zsh loads it from its fpath.

    There the file is the function, called for the words that are to be completed: one
    that only defines another completes nothing at the first try.
    """
    body, mark, last = script.strip().rpartition("\ncompdef ")
    if not mark:
        return script
    function = last.split()[0]
    return (
        f"{body}\n"
        'if [[ "$zsh_eval_context[-1]" == loadautofunc ]]; then\n'
        f'  {function} "$@"\n'
        "else\n"
        f"  compdef {last}\n"
        "fi"
    )
