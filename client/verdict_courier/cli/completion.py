"""Complete commands in a shell, with the ids of jobs that there are."""

import argparse

import shtab

#: Functions of the scripts below that offer ids, in the form of shtab.
RUNNING = dict.fromkeys(("bash", "zsh"), "_courier_running")
NEWEST = dict.fromkeys(("bash", "zsh"), "_courier_newest")
# Into a pipe, `list` prints a line for each job that begins with its id. It is asked as
# the program that is completed, of the stage that is usual.
_IDS = "list {filter} 2>/dev/null </dev/null | cut -c 1-12"
_PREAMBLE = {
    "bash": """\
{name}() {{
  compgen -W "$("${{COMP_WORDS[0]}}" {ids})" -- "$1"
}}
""",
    "zsh": """\
{name}() {{
  compadd -- $("$words[1]" {ids})
}}
""",
}


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that completes the commands of a parser."""
    functions = {
        RUNNING[shell]: _IDS.format(filter="--outcome running"),
        NEWEST[shell]: _IDS.format(filter=""),
    }
    preamble = "".join(
        _PREAMBLE[shell].format(name=name, ids=ids) for name, ids in functions.items()
    )
    text: str = shtab.complete(parser, shell, preamble={shell: preamble})
    return text
