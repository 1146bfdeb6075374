"""Refuse a command that cannot be run as it was typed."""

from argparse import ArgumentTypeError


class Misused(ArgumentTypeError):
    """The command names what does not exist; the message says what there is.

    A function that reads an argument raises it to argparse.
    """
