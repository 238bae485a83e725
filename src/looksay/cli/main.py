"""`looksay`: the verbs. Nothing heavy is imported before a verb needs it, so help and mistakes answer at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from looksay import __version__
from looksay.cli import caption, data, detect, find, look, score, segment, train, translate, words, write
from looksay.errors import LooksayError

app = typer.Typer(
    name="looksay",
    help="Look at a picture, say what is in it, show why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"looksay {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Look at a picture, say what is in it, show why."""


look.add_to(app)
detect.add_to(app)
segment.add_to(app)
caption.add_to(app)
find.add_to(app)
train.add_to(app)
write.add_to(app)
translate.add_to(app)
score.add_to(app)
app.add_typer(data.app, name="data")
app.add_typer(words.app, name="words")


def main(arguments: list[str] | None = None) -> None:
    """The command. A user's mistake is one line and exit code 2; an interrupt 130; only our own faults show a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    try:
        found: Any = app(arguments, standalone_mode=False, prog_name="looksay")
        sys.stdout.flush()
        return found if isinstance(found, int) else 0
    except LooksayError as error:
        return _say(str(error), error.exit_code)
    except typer.TyperException as error:
        return _say(_misused(error), 2)
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, EOFError):
        return _say("interrupted", 130)
    except BrokenPipeError:
        # The reader has gone (looksay … | head): nothing more can be said, and nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _misused(error: typer.TyperException) -> str:
    """One line on a wrong option, value or verb, with the nearest right one."""
    near = sorted(getattr(error, "possibilities", None) or ())
    if near:
        return f"{error.message} (did you mean {' or '.join(near)}?)"
    context = getattr(error, "ctx", None)
    text = error.format_message().rstrip(".")
    return f"{text} (see {context.command_path} --help)" if context else text


def _say(line: str, code: int) -> int:
    print(f"looksay: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
