# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Each setting of [Resources]: set at a start, changed while the machine runs, read back from systemd and from the kernel.
# The rows below have a column for the kind of host: v2 (cgroup v2 alone) or v1 (hybrid).

busybox=/var/lib/machines/busybox

# shellcheck source=tests/lib/resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/resources.sh"

# HOST|SETTING|VALUE|SYSTEMD'S PROPERTY|WHAT IT SHOWS|KERNEL'S FILE|LINE IN IT|CHANGED TO|SHOWN|LINE|OPTIONS OF THE START
# "refused" for the property: the start says why not. "fixed" for the change: only the next start can have it. "-" for the file:
# there is none; tests of effects.sh show what comes of it. @ is a loop device, # its number.
rows() {
        cat <<'END'
v2|CPUShares|512|CPUWeight|50|cpu.weight|50|256|25|25|
v1|CPUShares|512|CPUShares|512|cpu.shares|512|256|256|256|
v2|CPUWeight|200|CPUWeight|200|cpu.weight|200|300|300|300|
v1|CPUWeight|200|CPUWeight|200|cpu.shares|2048|300|300|3072|
v2|StartupCPUWeight|150|StartupCPUWeight|150|-||160|160||
v1|StartupCPUWeight|150|StartupCPUWeight|150|-||160|160||
v2|CPUQuota|50%|CPUQuotaPerSecUSec|500ms|cpu.max|50000 100000|25%|250ms|25000 100000|
v1|CPUQuota|50%|CPUQuotaPerSecUSec|500ms|cpu.cfs_quota_us|50000|25%|250ms|25000|
v2|CPUQuotaPeriodSec|20ms|CPUQuotaPeriodUSec|20ms|cpu.max|10000 20000|40ms|40ms|20000 40000|--cpu-quota=50%
v1|CPUQuotaPeriodSec|20ms|CPUQuotaPeriodUSec|20ms|cpu.cfs_period_us|20000|40ms|40ms|40000|--cpu-quota=50%
v2|AllowedCPUs|0|AllowedCPUs|0|cpuset.cpus|0|1|1|1|
v1|AllowedCPUs|0|AllowedCPUs|0|cpuset.cpus|0|1|1|1|
v2|AllowedMemoryNodes|0|AllowedMemoryNodes|0|cpuset.mems|0|0|0|0|
v1|AllowedMemoryNodes|0|AllowedMemoryNodes|0|cpuset.mems|0|0|0|0|
v2|MemoryMin|1M|MemoryMin|1048576|memory.min|1048576|2M|2097152|2097152|
v1|MemoryMin|1M|refused|||||||
v2|MemoryLow|1M|MemoryLow|1048576|memory.low|1048576|2M|2097152|2097152|
v1|MemoryLow|1M|MemoryLow|1048576|memory.soft_limit_in_bytes|1048576|2M|2097152|2097152|
v2|MemoryHigh|32M|MemoryHigh|33554432|memory.high|33554432|48M|50331648|50331648|
v1|MemoryHigh|32M|refused|||||||
v2|MemoryMax|64M|MemoryMax|67108864|memory.max|67108864|96M|100663296|100663296|
v1|MemoryMax|64M|MemoryMax|67108864|memory.limit_in_bytes|67108864|96M|100663296|100663296|
v2|MemorySwapMax|16M|MemorySwapMax|16777216|memory.swap.max|16777216|32M|33554432|33554432|
v1|MemorySwapMax|16M|MemorySwapMax|16777216|memory.memsw.limit_in_bytes|83886080|32M|33554432|100663296|--memory-max=64M
v2|MemoryZSwapMax|1M|MemoryZSwapMax|1048576|memory.zswap.max|1048576|2M|2097152|2097152|
v1|MemoryZSwapMax|1M|refused|||||||
v2|TasksMax|50|TasksMax|50|pids.max|50|60|60|60|
v1|TasksMax|50|TasksMax|50|pids.max|50|60|60|60|
v2|IOWeight|50|IOWeight|50|io.weight|default 50|80|80|default 80|
v1|IOWeight|50|IOWeight|50|blkio.bfq.weight|113|100|100|136|
v2|IODeviceWeight|@ 50|IODeviceWeight|@ 50|io.weight|# 50|@ 80|@ 80|# 80|
v1|IODeviceWeight|@ 50|refused|||||||
v2|IOReadBandwidthMax|@ 1M|IOReadBandwidthMax|@ 1000000|io.max|# rbps=1000000 wbps=max riops=max wiops=max|@ 2M|@ 2000000|# rbps=2000000 wbps=max riops=max wiops=max|
v1|IOReadBandwidthMax|@ 1M|IOReadBandwidthMax|@ 1000000|blkio.throttle.read_bps_device|# 1000000|@ 2M|@ 2000000|# 2000000|
v2|IOWriteBandwidthMax|@ 1M|IOWriteBandwidthMax|@ 1000000|io.max|# rbps=max wbps=1000000 riops=max wiops=max|@ 2M|@ 2000000|# rbps=max wbps=2000000 riops=max wiops=max|
v1|IOWriteBandwidthMax|@ 1M|IOWriteBandwidthMax|@ 1000000|blkio.throttle.write_bps_device|# 1000000|@ 2M|@ 2000000|# 2000000|
v2|IOReadIOPSMax|@ 100|IOReadIOPSMax|@ 100|io.max|# rbps=max wbps=max riops=100 wiops=max|@ 200|@ 200|# rbps=max wbps=max riops=200 wiops=max|
v1|IOReadIOPSMax|@ 100|IOReadIOPSMax|@ 100|blkio.throttle.read_iops_device|# 100|@ 200|@ 200|# 200|
v2|IOWriteIOPSMax|@ 100|IOWriteIOPSMax|@ 100|io.max|# rbps=max wbps=max riops=max wiops=100|@ 200|@ 200|# rbps=max wbps=max riops=max wiops=200|
v1|IOWriteIOPSMax|@ 100|IOWriteIOPSMax|@ 100|blkio.throttle.write_iops_device|# 100|@ 200|@ 200|# 200|
v2|IODeviceLatencyTargetSec|@ 10ms|IODeviceLatencyTargetUSec|@ 10ms|io.latency|# target=10000|@ 20ms|@ 20ms|# target=20000|
v1|IODeviceLatencyTargetSec|@ 10ms|refused|||||||
v2|BlockIOWeight|100|IOWeight|20|io.weight|default 20|200|40|default 40|
v1|BlockIOWeight|100|BlockIOWeight|100|blkio.bfq.weight|100|200|200|109|
v2|BlockIOReadBandwidth|@ 1M|IOReadBandwidthMax|@ 1000000|io.max|# rbps=1000000 wbps=max riops=max wiops=max|@ 2M|@ 2000000|# rbps=2000000 wbps=max riops=max wiops=max|
v1|BlockIOReadBandwidth|@ 1M|BlockIOReadBandwidth|@ 1000000|blkio.throttle.read_bps_device|# 1000000|@ 2M|@ 2000000|# 2000000|
v2|BlockIOWriteBandwidth|@ 1M|IOWriteBandwidthMax|@ 1000000|io.max|# rbps=max wbps=1000000 riops=max wiops=max|@ 2M|@ 2000000|# rbps=max wbps=2000000 riops=max wiops=max|
v1|BlockIOWriteBandwidth|@ 1M|BlockIOWriteBandwidth|@ 1000000|blkio.throttle.write_bps_device|# 1000000|@ 2M|@ 2000000|# 2000000|
v2|DevicePolicy|strict|DevicePolicy|strict|-||auto|auto||
v1|DevicePolicy|strict|DevicePolicy|strict|-||auto|auto||
v2|DeviceAllow|char-pts rw|DeviceAllow|char-pts rw|-||/dev/null r|char-pts rw /dev/null r||
v1|DeviceAllow|char-pts rw|DeviceAllow|char-pts rw|-||/dev/null r|char-pts rw /dev/null r||
v2|IPAddressAllow|10.0.0.0/8|IPAddressAllow|10.0.0.0/8|-||192.168.0.0/16|10.0.0.0/8 192.168.0.0/16||
v1|IPAddressAllow|10.0.0.0/8|IPAddressAllow|10.0.0.0/8|-||192.168.0.0/16|10.0.0.0/8 192.168.0.0/16||
v2|IPAddressDeny|10.0.0.0/8|IPAddressDeny|10.0.0.0/8|-||192.168.0.0/16|10.0.0.0/8 192.168.0.0/16||
v1|IPAddressDeny|10.0.0.0/8|IPAddressDeny|10.0.0.0/8|-||192.168.0.0/16|10.0.0.0/8 192.168.0.0/16||
v2|IPAccounting|yes|IPAccounting|yes|-||no|no||
v1|IPAccounting|yes|IPAccounting|yes|-||no|no||
v2|ManagedOOMSwap|kill|ManagedOOMSwap|kill|-||auto|auto||
v1|ManagedOOMSwap|kill|refused|||||||
v2|ManagedOOMMemoryPressure|kill|ManagedOOMMemoryPressure|kill|-||auto|auto||
v1|ManagedOOMMemoryPressure|kill|refused|||||||
v2|ManagedOOMMemoryPressureLimit|50%|ManagedOOMMemoryPressureLimit|2147483648|-||100%|4294967295||
v1|ManagedOOMMemoryPressureLimit|50%|refused|||||||
v2|ManagedOOMPreference|avoid|ManagedOOMPreference|avoid|-||omit|omit||
v1|ManagedOOMPreference|avoid|refused|||||||
v2|Slice|berthtest.slice|Slice|berthtest.slice|-||fixed|||
v1|Slice|berthtest.slice|Slice|berthtest.slice|-||fixed|||
v2|KillMode|control-group|KillMode|control-group|-||fixed|||
v1|KillMode|control-group|KillMode|control-group|-||fixed|||
v2|TimeoutStopSec|7s|TimeoutStopUSec|17s|-||fixed|||
v1|TimeoutStopSec|7s|TimeoutStopUSec|17s|-||fixed|||
END
}

# Property= is any other: scope.sh and set-property.sh have it.
test_every_setting_has_a_row_for_each_host() {
        local setting host all
        all=$(rows)
        while read -r setting; do
                for host in v1 v2; do
                        grep -q "^$host|$setting|" <<<"$all" || fail "$setting= has no row for $host"
                done
        done < <(berth settings --json=short | jq -r '.[] | select(.section == "Resources") | .setting' | grep -vx Property)
}

# What this host's kernel or systemd lacks: then the row says so by failing the start in words.
is_lacking() {
        case $1 in
        MemoryZSwapMax) [[ $(systemd_version) -lt 253 ]] || ! grep -qs zswap_enabled /dev/null && [[ ! -e /sys/module/zswap ]] ;;
        IOWeight | BlockIOWeight) ! has_io_file weight ;;
        # A loop device has neither iocost nor bfq on.
        IODeviceWeight) true ;;
        IODeviceLatencyTargetSec) ! has_io_file latency ;;
        *) return 1 ;;
        esac
}

# has_io_file WORD: whether this kernel has io.WORD, or its like of cgroup v1, seen in a scope of systemd's own.
has_io_file() {
        local found
        systemd-run --quiet --scope --unit=berth-probe -p IOAccounting=yes sleep 5 &
        sleep 1
        if on_cgroup_v2; then
                found=$(compgen -G "/sys/fs/cgroup/system.slice/berth-probe.scope/io.$1" || true)
        else
                found=$(compgen -G "/sys/fs/cgroup/blkio/system.slice/berth-probe.scope/blkio.*$1" || true)
        fi
        systemctl stop berth-probe.scope
        wait $! || true
        [[ -n $found ]]
}

make_device() {
        truncate -s 64M disk
        device=$(losetup -f --show disk)
        at_end losetup -d "$device"
        number=$(printf '%d:%d' "0x$(stat -c %t "$device")" "0x$(stat -c %T "$device")")
}

# The order of lists, and how a number is shown, are systemd's own business.
shows() {
        local value
        value=$(scope_property row "$1" | tr '\n' ' ' | sed 's/ $//')
        [[ $value == "$2" || $(tr ' ' '\n' <<<"$value" | sort) == "$(tr ' ' '\n' <<<"$2" | sort)" || $value == 50.00% && $2 == 2147483648 || $value == 100.00% && $2 == 4294967295 ]]
}

check_row() {
        local setting=$1 value=$2 property=$3 shown=$4 file=$5 line=$6 change=$7 changed=$8 changed_line=$9 options=${10} err
        # shellcheck disable=SC2086 # none or one option
        if [[ $property == refused ]] || is_lacking "$setting"; then
                err=$(error_of berth run --rm --ephemeral --name row $options --property="$setting=$value" "$busybox" true)
                assert_contains "$err" "$setting"
                echo "$setting= is refused here: $err"
                return
        fi

        # shellcheck disable=SC2086
        berth run -d --rm --ephemeral --name row $options --property="$setting=$value" "$busybox" sleep 1000 >/dev/null
        check shows "$property" "$shown"
        [[ $file == - ]] || wait_until 60 kernel_has row "$file" "$line"
        if [[ $change == fixed ]]; then
                assert_contains "$(error_of berth set-property row "$setting=$value")" "while the machine runs"
        else
                check berth set-property row "$setting=$change"
                wait_until 60 shows "$property" "$changed"
                [[ $file == - ]] || wait_until 60 kernel_has row "$file" "$changed_line"
        fi
        berth stop row
        wait_until 60 scope_is_gone row
}

check_rows() {
        local host=v1 line fields
        local device number
        if on_cgroup_v2; then
                host=v2
        fi
        make_device
        while IFS= read -r line; do
                line=${line//@/$device}
                line=${line//#/$number}
                mapfile -t -d '|' fields < <(printf '%s|' "$line")
                [[ ${fields[1]} =~ ^($1)$ ]] || continue
                echo "row: $line"
                check_row "${fields[@]:1}"
        done < <(rows | grep "^$host|")
}

test_cpu() {
        check_rows '.*CPU.*|AllowedMemoryNodes'
}

test_memory() {
        check_rows 'Memory.*'
}

test_io() {
        check_rows 'IO.*|BlockIO.*'
}

test_devices_and_addresses() {
        check_rows 'Device.*|IP.*'
}

test_others() {
        check_rows 'TasksMax|ManagedOOM.*|Slice|KillMode|TimeoutStopSec'
}
