#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Keeps the source in its shape: small files, functions that fit a screen, and a few habits that no compiler checks."""

import pathlib
import re
import sys

FILE_LINES = 800
FUNCTION_LINES = 60
# tools/format keeps code to 130. This is for what it leaves alone: comments, tables, macros.
COLUMNS = 150

# "file:function": why it may be longer. A reason is an argument, not an excuse.
LONG_FUNCTIONS = {}

# A function begins at the left margin with a type and a name before a parenthesis, and ends with a brace there.
BEGIN = re.compile(r'^(?!typedef\b|struct\b[^(]*\{|enum\b|union\b|#|/)[A-Za-z_][^=;]*?\b([A-Za-z_]\w*)\s*\([^;]*$')


def functions(lines):
    """Yields (name, first line, number of lines) of each function with a body."""
    name, begin = None, 0
    for number, line in enumerate(lines, 1):
        if line.startswith('}'):
            if name:
                yield name, begin, number - begin + 1
            name = None
        elif match := BEGIN.match(line):
            if '{' in line or not line.rstrip().endswith(';'):
                name, begin = match.group(1), number
        elif name and line and not line[0].isspace() and line[0] not in '{/#' and not line.endswith(':'):
            name = None


def check(path, name, complain):
    lines = path.read_text(encoding='utf-8').splitlines()

    if len(lines) > FILE_LINES:
        complain(f'{name}: {len(lines)} lines, more than {FILE_LINES}: it has become more than one thing')
    if not lines or 'SPDX-License-Identifier: LGPL-2.1-or-later' not in lines[0]:
        complain(f'{name}:1: the first line does not say the licence')
    if path.suffix == '.h' and '#pragma once' not in lines:
        complain(f'{name}: no #pragma once')

    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            complain(f'{name}:{number}: {len(line)} columns, more than {COLUMNS}')
        if line != line.rstrip():
            complain(f'{name}:{number}: space at the end of the line')
        if '\t' in line:
            complain(f'{name}:{number}: a tab')

    for function, begin, length in functions(lines):
        if length > FUNCTION_LINES and f'{name}:{function}' not in LONG_FUNCTIONS:
            complain(f'{name}:{begin}: {function}() has {length} lines, more than {FUNCTION_LINES}')


def main():
    root = pathlib.Path(sys.argv[1])
    complaints = []
    sources = [path for folder in ('src', 'tests/unit') for path in sorted((root / folder).rglob('*.[ch]'))]

    for path in sources:
        check(path, str(path.relative_to(root)), complaints.append)

    for complaint in complaints:
        print(complaint)
    print(f'{len(sources)} files, {len(complaints)} complaints')
    return 1 if complaints or not sources else 0


if __name__ == '__main__':
    sys.exit(main())
