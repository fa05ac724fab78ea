#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""dbus-doc.py TEMPLATE RULE XML…: puts signatures, and the example of a polkit rule, into the manual.

A line "@INTERFACE.MEMBER@" of the template becomes the member's signature, from the introspection XML. A member that the
template does not name, or names without there being one, is an error: the manual is complete and tells the truth.
"""

import sys
import xml.etree.ElementTree


def arguments(member, direction):
    args = [arg for arg in member.findall('arg') if arg.get('direction', direction) == direction]
    return ', '.join(f"{arg.get('type')} _{arg.get('name')}_" for arg in args)


def signature(member):
    name = member.get('name')
    if member.tag == 'property':
        return f"*{name}* ({member.get('type')})"
    if member.tag == 'signal':
        return f'*{name}*({arguments(member, "out")})'
    result = arguments(member, 'out')
    return f'*{name}*({arguments(member, "in")})' + (f' -> ({result})' if result else '')


def main():
    with open(sys.argv[2], encoding='utf-8') as rule:
        words = {'@one_machine_rule@': rule.read().rstrip()}
    members = {}
    for path in sys.argv[3:]:
        for interface in xml.etree.ElementTree.parse(path).getroot().findall('interface'):
            for member in interface:
                if member.tag in ('method', 'signal', 'property'):
                    members[f"@{interface.get('name')}.{member.get('name')}@"] = signature(member)

    missing = set(members)
    with open(sys.argv[1], encoding='utf-8') as template:
        for line in template:
            word = line.rstrip('\n')
            if word.startswith('@org.berth1.') and word not in members:
                sys.exit(f'dbus-doc.py: {word}: there is no such member')
            missing.discard(word)
            print(members.get(word, words.get(word, word)))
    if missing:
        sys.exit(f'dbus-doc.py: the manual does not tell of {", ".join(sorted(missing))}')


if __name__ == '__main__':
    main()
