#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs a command in a machine and waits for its end: run-machine.py TREE COMMAND [ARGUMENT…]

With dasbus. The signals are subscribed to before the machine is made, so that none is missed; it is kept until its result
was read, and then removed.
"""

import sys

from dasbus.connection import SystemMessageBus
from dasbus.loop import EventLoop
from dasbus.typing import Bool, get_variant


def main():
    bus = SystemMessageBus()
    manager = bus.get_proxy('org.berth1', '/org/berth1')
    loop = EventLoop()

    # The third result is the descriptor of a session, for those who want the machine's terminal or streams.
    name, path, _session = manager.RunMachine('', sys.argv[1], sys.argv[2:], {'Ephemeral': get_variant(Bool, True)})
    machine = bus.get_proxy('org.berth1', path)
    print(f'machine {name} runs as process {machine.Leader}', flush=True)

    def on_change(interface, changed, _invalidated):
        if 'State' in changed and machine.State in ('exited', 'failed'):
            loop.quit()

    machine.PropertiesChanged.connect(on_change)
    if machine.State not in ('exited', 'failed'):
        loop.run()

    print(f'it ended: {machine.Result}, status {machine.ExitStatus}')
    manager.RemoveMachine(name)


if __name__ == '__main__':
    main()
