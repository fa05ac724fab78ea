# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Only on: namespaced
#
# What the introspection XML says of signals is true: a client that reads each object once and then only listens knows all.

store=/var/lib/machines

drop() {
        berth rm --force mirrored renamed many neighbour zoned >/dev/null 2>&1
        systemctl stop berth@mirrored.service berth@renamed.service 2>/dev/null
        # Its command ended with 3, which systemd keeps in mind.
        systemctl reset-failed 'berth@*.service' 2>/dev/null
        rm -rf "$store/mirror" "$store/mirror.raw"
}

# A client of org.berth1 that keeps what it heard, and compares it after each step with what is.
cat_mirror() {
        cat <<'PYTHON'
import glob, os, subprocess, sys, time
import xml.etree.ElementTree as ET
from gi.repository import Gio, GLib

KIND = {}
for path in glob.glob('/usr/share/dbus-1/interfaces/org.berth1.*.xml'):
    for interface in ET.parse(path).getroot().findall('interface'):
        for p in interface.findall('property'):
            marks = [a.get('value') for a in p.findall('annotation') if a.get('name').endswith('EmitsChangedSignal')]
            KIND[interface.get('name'), p.get('name')] = marks[0] if marks else 'true'

bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
context = GLib.MainContext.default()
mirror, stale, seen = {}, set(), set()

def call(path, interface, method, arguments):
    return bus.call_sync('org.berth1', path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, -1).unpack()

def note(path, interface, name, value):
    old = mirror[path][interface].get(name)
    if old is not None and old != value:
        seen.add((interface, name))
    mirror[path][interface][name] = value

def ours(properties):
    return {i: dict(p) for i, p in properties.items() if i.startswith('org.berth1.')}

def on_signal(connection, sender, path, interface, signal, parameters):
    arguments = parameters.unpack()
    if signal == 'InterfacesAdded':
        mirror[arguments[0]] = ours(arguments[1])
        # Those that only are invalidated are not in the signal.
        stale.update((arguments[0], i, n) for i, n in KIND if i in mirror[arguments[0]] and KIND[i, n] == 'invalidates')
    elif signal == 'InterfacesRemoved':
        mirror.pop(arguments[0], None)
    elif signal == 'PropertiesChanged' and path in mirror and arguments[0] in mirror[path]:
        for name, value in arguments[1].items():
            note(path, arguments[0], name, value)
        stale.update((path, arguments[0], name) for name in arguments[2])

bus.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, on_signal)

def objects():
    return {path: ours(i) for path, i in call('/org/berth1', 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None)[0].items()}

# What the mirror has wrong. It asks for no list, which would have the manager look.
def differences():
    found = []
    for path, interfaces in list(mirror.items()):
        for interface in interfaces:
            try:
                now = call(path, 'org.freedesktop.DBus.Properties', 'GetAll', GLib.Variant('(s)', (interface,)))[0]
            except GLib.Error as e:
                found.append(f'{path} is gone: {e.message}')
                continue
            for name, value in now.items():
                kind = KIND[interface, name]
                if kind == 'invalidates' and (path, interface, name) in stale:
                    note(path, interface, name, value)
                    stale.discard((path, interface, name))
                elif kind != 'false' and mirror.get(path, {}).get(interface, {}).get(name) != value:
                    found.append(f'{path} {name} ({kind}): heard {mirror.get(path, {}).get(interface, {}).get(name)!r}, is {value!r}')
    return found

def pump():
    while context.iteration(False):
        pass

def settle(what):
    deadline = time.monotonic() + 120
    while True:
        pump()
        found = differences()
        pump()
        if not found:
            found = [f'{p} was not announced' for p in set(objects()) ^ set(mirror)]
        if not found:
            return
        if time.monotonic() > deadline:
            sys.exit(f'after {what}: ' + '\n'.join(found))
        time.sleep(0.05)

def step(command, status=0):
    print('+', command, flush=True)
    r = subprocess.run(['bash', '-c', command], stdin=subprocess.DEVNULL)
    if status is not None and r.returncode != status:
        sys.exit(f'{command}: exit status {r.returncode}')
    settle(command)

def until(interface, name):
    print('+ until', name, 'changes', flush=True)
    deadline = time.monotonic() + 120
    while (interface, name) not in seen:
        if time.monotonic() > deadline:
            sys.exit(f'{name} never changed; seen: {sorted(seen)}')
        pump()
        time.sleep(0.05)
    settle(name)
PYTHON
}

test_who_listens_knows_every_property() {
        at_end drop
        drop || true
        make_tree "$store/mirror"
        cp "$(command -v hog)" "$(command -v notify)" "$store/mirror/bin/"
        # So that the default network is not in use, and the manager stays.
        berth run -d --name neighbour --ephemeral --network=none busybox sleep 100000
        wait_until 60 eval '! test -e /run/berth/network/berth0'
        cat_mirror >mirror.py
        cat >>mirror.py <<'PYTHON'
mirror.update(objects())
settle('the beginning')
machine, image, network = 'org.berth1.Machine', 'org.berth1.Image', 'org.berth1.Network'

# Machines: made, run, checked, killed, begun again, changed, renamed.
step('''berth create --name mirrored --memory-max=64M --memory-swap-max=0 --restart=on-failure \
        --notify-ready=yes --timeout-stop=1s --health-cmd='echo looked; test ! -e /ill' --health-interval=200ms --health-retries=2 \
        mirror sh -c 'notify STATUS=up; notify READY=1; hog 128; while test ! -e /end; do sleep 0.1; done; exit 3' ''')
step('berth start mirrored')
until(machine, 'OOMKills')
until(machine, 'Health')
step('touch /var/lib/machines/mirror/ill')
until(machine, 'HealthFailures')
step('berth set-property mirrored TasksMax=77')
step('berth pause mirrored && berth unpause mirrored')
step('touch /var/lib/machines/mirror/end')
until(machine, 'NRestarts')
step('berth stop mirrored')
step('systemctl start berth@mirrored.service')
step('systemctl stop berth@mirrored.service', status=None)
step('berth rename mirrored renamed')
step('berth run -d --rm --name many --ephemeral --network=zone=mirrored busybox sleep 100000')
step('berth terminate many', status=None)
step('berth rm --force renamed')
step('berth run --rm --ephemeral busybox true')
step('berth run --rm --name failing --ephemeral busybox /no/such', status=127)

# Networks: the default one comes into use, and another one is made and removed.
step('berth network create mirror-net')
step('berth run -d --rm --name many --ephemeral --network=mirror-net busybox sleep 100000')
step('berth terminate many')
step('berth network rm mirror-net')
deadline = time.monotonic() + 120
while os.path.exists('/run/berth/network/berth0') or os.path.exists('/run/berth/network/zone:mirrored'):
    if time.monotonic() > deadline:
        sys.exit('the default network stays in use')
    time.sleep(0.1)
settle('the last machine of the default network')

# Images, by berth's hand and by others'.
step('berth clone mirror mirror-two')
step('berth rename-image mirror-two mirror-three')
step('berth rmi mirror-three')
step('truncate -s 1M /var/lib/machines/mirror-disk.raw')
step('chmod 444 /var/lib/machines/mirror-disk.raw')
step('berth read-only mirror-disk no')
step('berth read-only mirror-disk yes')
# Another one of the name is before it.
step('mkdir /var/lib/machines/mirror-disk')
step('rmdir /var/lib/machines/mirror-disk')
step('rm -f /var/lib/machines/mirror-disk.raw')

# What can't be had here: a process that outlives SIGKILL, and an owner other than root for a machine that root made. The tree of
# a machine is the same in all its life, but its property is empty while it is not known yet.
never = {(machine, 'Survivors'), (machine, 'Owner'), (machine, 'RootDirectory')}
missing = {p for p, kind in KIND.items() if kind in ('true', 'invalidates')} - seen - never
if missing:
    sys.exit(f'these say that they are announced, and never were: {sorted(missing)}')
print('all were announced:', len(seen))
PYTHON
        python3 mirror.py >said 2>&1 || fail "$(tail -n 30 said)"
        assert_contains "$(cat said)" "all were announced"
}
