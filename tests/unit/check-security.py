#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Each row of the table in berth-security(7) has its test in tests/system/security.sh, and each test its row."""

import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    page = (root / 'man/berth-security.7.scd.in').read_text(encoding='utf-8')
    script = (root / 'tests/system/security.sh').read_text(encoding='utf-8')

    table = page.split('# DEFAULTS')[1].split('\n# ')[0]
    rows = re.findall(r'^\|  \*([a-z-]+)\*$', table, re.MULTILINE)
    tests = [name.replace('_', '-') for name in re.findall(r'^test_([a-z0-9_]+)\(\)', script, re.MULTILINE)]

    complaints = [f'{name} has no test' for name in rows if name not in tests]
    complaints += [f'test {name} has no row' for name in tests if name not in rows]
    complaints += [f'{name} is there twice' for name in sorted({name for name in rows if rows.count(name) > 1})]
    for complaint in complaints:
        print(complaint)
    print(f'{len(rows)} rows')
    return 1 if complaints or not rows else 0


if __name__ == '__main__':
    sys.exit(main())
