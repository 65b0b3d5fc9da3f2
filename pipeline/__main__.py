"""The `fanal` command. Its subcommands stand in `pipeline.commands`, one file each, and are loaded when they are called."""

import sys
from importlib import import_module

import click

from pipeline.errors import FanalError

COMMANDS = {
    "run": "Start everything here, replay posts, watch hits come in.",
    "work": "Run workers: screening, indexing, erasing, trends, or all.",
    "collect": "Read posts from live sources and files and send them to the pipeline.",
    "sources": "Where each source stands and how it fares.",
    "replay": "Send posts from a file to the pipeline.",
    "score": "Score posts from a file, without broker or index.",
    "similar": "Hits that read like one.",
    "cues": "What the finders of cues see in a text, where, and by which rule.",
    "rules": "The rules beside the model: check them, try them on posts and on stored hits.",
    "setup": "Create topics and index templates, or bring them up to date.",
    "local": "The embedded Kafka and Elasticsearch: up, down, status, logs, reset.",
    "kibana": "What analysts see in Kibana: build its objects, or preview them without it.",
    "desk": "Serve the page that lists hits.",
    "model": "What the classifier is, which engine runs it here, and whether that agrees.",
    "corpus": "The posts that the classifier learns from: check and count them.",
    "check": "Try every connection and the model; say what is wrong.",
    "licence": "Who runs live sources here, on which legal basis, and until when.",
    "index": "The months that are kept, and those that have had their time.",
    "evidence": "Open the sealed post of a hit, and write down that it was opened.",
    "erase": "Erase posts, or all that an account wrote, for somebody who asked.",
    "account": "What came in, what became of it, and what does not add up.",
    "bench": "Measure: the pipeline's rate and latency, the model's engines, the cues.",
    "version": "Print the version.",
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called, so that `fanal --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"pipeline.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - one of ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Fanal watches public posts as they appear and flags trafficking-recruitment and migrant-smuggling offers.

    Begin with `fanal run`. A score is an assessment, not a fact: a person decides.
    """


def main() -> None:
    """Run the command: exit 2 for usage and configuration, 1 for failure, and one line that says what to do."""
    try:
        sys.exit(cli(prog_name="fanal", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(2)
    except click.exceptions.Abort:
        print("fanal: interrupted", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        print(f"fanal: {error.format_message()} (see `{_path(error)} --help`)", file=sys.stderr)
        sys.exit(2)
    except FanalError as error:
        print(f"fanal: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _path(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "fanal"


if __name__ == "__main__":
    main()
