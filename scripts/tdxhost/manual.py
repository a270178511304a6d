# SPDX-License-Identifier: GPL-2.0-only
"""The manual page and bash's completion, both made of the options that there are."""

import argparse
import re

from . import options, paths


def _quoted(text):
    """Text as troff takes it: no request at a line's start, hyphens as they are."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def _heading(action):
    names = ", ".join(rf"\fB{_quoted(name)}\fR" for name in action.option_strings
                      if name not in options.RENAMED)
    if action.nargs == 0:
        return names
    value = rf"\fI{_quoted(action.metavar or action.dest.upper())}\fR"
    return f"{names} [{value}]" if action.nargs == "?" else f"{names} {value}"


def page():
    whole = options.parser()
    description = options.DESCRIPTION.replace("\n", " ")
    statuses, inside, examples = options.EPILOG.split("\n\n")
    lines = ['.TH TDXHOST 1 "" "" "TDX module updates"', ".SH NAME",
             r"tdxhost \- run a command on a TDX host emulated in software",
             ".SH SYNOPSIS", r".B tdxhost", r"[\fIOPTION\fR...] \-\- \fICOMMAND\fR [\fIARGUMENT\fR...]",
             ".br", r".B tdxhost", r"[\fIOPTION\fR...] \-\-shell",
             ".SH DESCRIPTION", _quoted(description), ".PP", _quoted(inside.replace("\n", " ")),
             ".SH OPTIONS"]
    for group in whole._action_groups:	# pylint: disable=protected-access
        actions = [action for action in group._group_actions	# pylint: disable=protected-access
                   if action.option_strings and action.help != argparse.SUPPRESS]
        if not actions:
            continue
        lines.append(f".SS {_quoted(group.title)}")
        for action in actions:
            lines += [".TP", _heading(action), _quoted(action.help)]
    lines += [".SH EXIT STATUS", _quoted(statuses.partition(": ")[2].replace("\n", " ")),
              ".SH EXAMPLES", ".nf", _quoted("\n".join(line.strip() for line in examples.splitlines())),
              ".fi", ".SH ENVIRONMENT",
              ".TP", r"\fBTDXHOST_BUILD\fR, \fBTDXHOST_OUT\fR",
              "where what is built is found, and where the logs go",
              ".TP", r"\fBTDXHOST_CPU\fR", r"QEMU's \fB\-cpu\fR, for experiments"]
    return "\n".join(lines) + "\n"


COMPLETION = """\
_tdxhost()
{{
	local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}

	case $before in
	-k|--kernel)	COMPREPLY=($(compgen -f -W "{kernels}" -- "$word")) ;;
	--module)	COMPREPLY=($(compgen -f -W "{images}" -- "$word")) ;;
	--processor)	COMPREPLY=($(compgen -W "{processors}" -- "$word")) ;;
	{values})	COMPREPLY=() ;;
	*)
		if [[ $word == -* ]]; then
			COMPREPLY=($(compgen -W "{names}" -- "$word"))
		else
			COMPREPLY=($(compgen -f -- "$word"))
		fi ;;
	esac
}}
complete -o filenames -F _tdxhost tdxhost ./tdxhost
"""


def bash_completion():
    names, values = [], []
    for action in options.parser()._actions:	# pylint: disable=protected-access
        usual = [name for name in action.option_strings if name not in options.RENAMED]
        names += usual
        # Those that take a number or a word of their own have nothing to offer.
        if action.nargs != 0 and action.metavar in ("N", "S", "SIZE", "ARGUMENTS", "SPEC",
                                                    "LEAF=US", "OPTION", "PORT"):
            values += usual
    images = sorted(path.stem for path in (paths.EMULATOR / "images").glob("*.blob"))
    return COMPLETION.format(kernels=options.known_kernels(), images=" ".join(images),
                             processors=" ".join(options.PROCESSORS),
                             names=" ".join(names), values="|".join(values))
