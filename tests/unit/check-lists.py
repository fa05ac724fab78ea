#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Whether what is written is also built and reached: lists that two changes add to lose lines when they are joined."""

import pathlib
import re
import sys


def definitions(folder, pattern):
    """Yields (file, name) for each match of PATTERN in the C files of FOLDER."""
    for path in sorted(folder.glob('*.c')):
        for match in re.finditer(pattern, path.read_text(encoding='utf-8'), re.MULTILINE):
            yield path, match.group(1)


def check_verbs(root, complain):
    """Each verb stands in the table that --help, completion and main() go by. Returns how many there are."""
    cli = root / 'src/cli'
    table = (cli / 'verbs.c').read_text(encoding='utf-8').split('verbs[] = {', 1)[1].split('}', 1)[0]
    listed = re.findall(r'&(verb_\w+)', table)
    defined = {name: path for path, name in definitions(cli, r'^const Verb (verb_\w+) = \{')}

    for name, path in defined.items():
        if listed.count(name) != 1:
            complain(f'{path.relative_to(root)}: {name} stands {listed.count(name)} times in the table of src/cli/verbs.c')
    declared = re.findall(r'\bverb_\w+', (cli / 'verbs.h').read_text(encoding='utf-8').split('extern const Verb ', 1)[1].split(';', 1)[0])
    for name in declared:
        if name not in defined:
            complain(f'src/cli/verbs.h: {name} is declared and defined nowhere')
    return len(defined)


def check_functions_of_verbs(root, complain):
    """Each function that does a verb is some verb's: NAME_verb() in `.run =`."""
    for path, name in definitions(root / 'src/cli', r'^static int (\w+_verb)\(const Call \*'):
        if not re.search(rf'\.run = {name}\b', path.read_text(encoding='utf-8')):
            complain(f'{path.relative_to(root)}: {name}() is of no verb')


def check_built(root, complain):
    """Each C file is named in the meson.build of its folder. Returns how many there are."""
    files = [path for folder in ('src', 'tests') for path in sorted((root / folder).rglob('*.c'))]

    for path in files:
        rules = (path.parent / 'meson.build').read_text(encoding='utf-8')
        # Names of tests and of small programs are listed without what comes before or behind them.
        names = {path.name, path.stem, path.stem.removeprefix('test-'), path.stem.removeprefix('fuzz-')}
        if not any(f"'{name}'" in rules for name in names):
            complain(f'{path.relative_to(root)}: nothing builds it')
    return len(files)


def check_tests(root, complain):
    """No test of a file is defined twice, where only the last one would run. Returns how many there are."""
    count = 0

    for path in sorted((root / 'tests/system').glob('*.sh')):
        names = re.findall(r'^(test_\w+)\(\)', path.read_text(encoding='utf-8'), re.MULTILINE)
        for name in sorted({name for name in names if names.count(name) > 1}):
            complain(f'{path.relative_to(root)}: {name} is there twice')
        count += len(names)
    return count


def main():
    root = pathlib.Path(sys.argv[1])
    complaints = []
    verbs = check_verbs(root, complaints.append)
    check_functions_of_verbs(root, complaints.append)
    files = check_built(root, complaints.append)
    tests = check_tests(root, complaints.append)

    for complaint in complaints:
        print(complaint)
    print(f'{verbs} verbs, {files} files, {tests} system tests, {len(complaints)} complaints')
    return 1 if complaints or not verbs or not files or not tests else 0


if __name__ == '__main__':
    sys.exit(main())
