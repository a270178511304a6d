# SPDX-License-Identifier: GPL-2.0-only
"""A picture of a run: the lines of its screen as SVG, for the README."""

from html import escape

COLOURS = {"good": "#4ec07a", "bad": "#e06c60", "head": "#ffffff", "phase": "#56b6c2",
           "wait": "#d7b45a", "": "#c8ccd4"}
FONT, LINE, CHARACTER, MARGIN = 13, 18, 7.85, 14


def svg(lines, command):
    """@lines as from Screen.lines, below a prompt with the command."""
    lines = [(f"$ {command}", "head"), *lines]
    width = max(len(text) for text, _ in lines) * CHARACTER + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (row + 0.75):.0f}" fill="{COLOURS[colour]}">'
        f"{escape(text)}</text>" for row, (text, colour) in enumerate(lines))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'font-family="monospace" font-size="{FONT}" xml:space="preserve">\n'
            f'<rect width="100%" height="100%" rx="6" fill="#20242c"/>\n{rows}\n</svg>\n')
