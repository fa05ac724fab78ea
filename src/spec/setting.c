/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "setting.h"

#include <strings.h>

#include "string-util.h"
#include "strv.h"

#define FIELD(field) offsetof(Spec, field)

/* Order is the order of --help and of the manual. */
const Setting settings[] = {
        /* [Exec] */
        { "Parameters", SECTION_EXEC, &type_strings, FIELD(parameters), NULL, NULL, TRUST_RUN,
          "The command to run and its arguments" },
        { "Environment", SECTION_EXEC, &type_environment, FIELD(environment), "environment|env|setenv|e|E", NULL, TRUST_RUN,
          "Set an environment variable of the command", true },
        { "User", SECTION_EXEC, &type_user, FIELD(user), "user|u", NULL, TRUST_RUN,
          "Run the command as this user of the machine" },
        { "WorkingDirectory", SECTION_EXEC, &type_path, FIELD(working_directory), "working-directory|workdir|chdir|w", NULL,
          TRUST_RUN, "Directory in the machine to start the command in" },
        { "Hostname", SECTION_EXEC, &type_hostname, FIELD(hostname), "hostname|h", NULL, TRUST_RUN,
          "Host name inside (default: the machine's name)" },
        { "Boot", SECTION_EXEC, &type_boolean, FIELD(boot), "boot|b", "no", TRUST_RUN,
          "Run the tree's init; Parameters= are its arguments" },
        { "Terminals", SECTION_EXEC, &type_terminals, FIELD(terminals), "terminals", "0", TRUST_RUN,
          "With Boot=: so many further terminals, with a login on each" },
        { "Register", SECTION_EXEC, &type_boolean, FIELD(registered), "register", "yes", TRUST_RUN,
          "Tell systemd-machined about the machine, for machinectl" },
        { "ProcessTwo", SECTION_EXEC, &type_boolean, FIELD(process_two), "as-pid2|init", "no", TRUST_RUN,
          "Put an init in front of the command that reaps and forwards signals" },
        { "Ephemeral", SECTION_EXEC, &type_boolean, FIELD(ephemeral), "ephemeral|x", "no", TRUST_RUN,
          "Write to a layer that is gone at the end, not to the tree" },
        { "KillSignal", SECTION_EXEC, &type_signal, FIELD(kill_signal), "kill-signal|stop-signal", "SIGTERM", TRUST_RUN,
          "Signal that asks the command to end" },
        { "Restart", SECTION_EXEC, &type_restart, FIELD(restart), "restart", "no", TRUST_RUN,
          "Begin again once it has ended: no, on-failure[:TIMES], always, …" },
        { "RestartSec", SECTION_EXEC, &type_timespan, FIELD(restart_usec), "restart-delay", "100ms", TRUST_RUN,
          "Time before it begins again, twice as long each time" },
        { "RestartMaxDelaySec", SECTION_EXEC, &type_timespan, FIELD(restart_max_usec), "restart-max-delay", "1min", TRUST_RUN,
          "Longest time before it begins again" },
        { "StartLimitIntervalSec", SECTION_EXEC, &type_timespan, FIELD(start_limit_usec), "start-limit-interval", "10s",
          TRUST_RUN, "Time in which it may begin StartLimitBurst= times; 0: any number" },
        { "StartLimitBurst", SECTION_EXEC, &type_count, FIELD(start_limit_burst), "start-limit-burst", "5", TRUST_RUN,
          "Times that it may begin in that time" },
        { "NotifyReady", SECTION_EXEC, &type_boolean, FIELD(notify_ready), "notify-ready", "no", TRUST_RUN,
          "It runs once it says so itself by sd_notify(3)" },
        { "TimeoutStartSec", SECTION_EXEC, &type_timespan, FIELD(timeout_start_usec), "start-timeout|timeout-start", "90s",
          TRUST_RUN, "Time in which it is to say that it is ready, with NotifyReady=" },
        { "Hook", SECTION_EXEC, &type_hooks, FIELD(hook), "hook", NULL, TRUST_HOST,
          "Run a program of the host at prestart, started, stopping or stopped" },
        { "HookTimeoutSec", SECTION_EXEC, &type_timespan, FIELD(hook_timeout_usec), "hook-timeout", "30s", TRUST_RUN,
          "Time that each hook may take" },
        { "HealthCommand", SECTION_EXEC, &type_string, FIELD(health_command), "health-cmd", NULL, TRUST_RUN,
          "Command for the machine's shell that succeeds while all is well" },
        { "HealthIntervalSec", SECTION_EXEC, &type_timespan, FIELD(health_interval_usec), "health-interval", "30s", TRUST_RUN,
          "Time between two checks" },
        { "HealthTimeoutSec", SECTION_EXEC, &type_timespan, FIELD(health_timeout_usec), "health-timeout", "30s", TRUST_RUN,
          "Time that a check may take" },
        { "HealthStartPeriodSec", SECTION_EXEC, &type_timespan, FIELD(health_start_period_usec), "health-start-period", "0",
          TRUST_RUN, "Time after the start in which failures do not count" },
        { "HealthRetries", SECTION_EXEC, &type_count, FIELD(health_retries), "health-retries", "3", TRUST_RUN,
          "Failures in a row that make it unhealthy" },
        { "HealthOnFailure", SECTION_EXEC, &type_health_action, FIELD(health_on_failure), "health-on-failure", "none", TRUST_RUN,
          "What is done then: none, kill or restart" },
        { "Log", SECTION_EXEC, &type_log, FIELD(log), "log|log-driver", NULL, TRUST_HOST,
          "Where its output is recorded (default: journal; a caller's own: nowhere)" },
        { "NoNewPrivileges", SECTION_EXEC, &type_boolean, FIELD(no_new_privileges), "no-new-privileges", "yes", TRUST_RUN,
          "Never gain privileges by executing a file" },
        { "Capability", SECTION_EXEC, &type_capabilities, FIELD(capability), "capability|cap-add", NULL, TRUST_HOST,
          "Keep a capability beyond the default ones, or all" },
        { "DropCapability", SECTION_EXEC, &type_capabilities, FIELD(drop_capability), "drop-capability|cap-drop", NULL, TRUST_RUN,
          "Take a capability away, or all" },
        { "AmbientCapability", SECTION_EXEC, &type_capabilities, FIELD(ambient_capability), "ambient-capability", NULL,
          TRUST_OPERATOR, "Keep a capability also where the command is not root's" },
        { "Nesting", SECTION_EXEC, &type_boolean, FIELD(nesting), "nesting", "no", TRUST_HOST,
          "Let podman, docker, systemd-nspawn or berth run inside" },
        { "SystemCallFilter", SECTION_EXEC, &type_system_calls, FIELD(system_call_filter), "system-call-filter", NULL,
          TRUST_VALUE, "Allow system calls or @groups of them too, or with '~' deny them" },
        { "SeccompProfile", SECTION_EXEC, &type_seccomp_profile, FIELD(seccomp_profile), "seccomp-profile", NULL, TRUST_HOST,
          "System call filter in place of the default: an OCI profile, or none" },
        { "AppArmorProfile", SECTION_EXEC, &type_label, FIELD(apparmor_profile), "apparmor-profile", NULL, TRUST_HOST,
          "AppArmor profile of the command, or unconfined" },
        { "SELinuxContext", SECTION_EXEC, &type_label, FIELD(selinux_context), "selinux-context|Z", NULL, TRUST_HOST,
          "SELinux context of the command" },
        { "SELinuxAPIFSContext", SECTION_EXEC, &type_label, FIELD(selinux_apifs_context), "selinux-apifs-context|L", NULL,
          TRUST_HOST, "SELinux context of the files in the machine's own file systems" },
        { "PrivateUsers", SECTION_EXEC, &type_user_namespace, FIELD(private_users), "private-users", "pick", TRUST_VALUE,
          "User namespace: pick a free range, or use the one given, or none" },
        { "UIDMap", SECTION_EXEC, &type_id_maps, FIELD(uid_map), "uidmap", NULL, TRUST_HOST,
          "A line of the map of user ids, instead of one range" },
        { "GIDMap", SECTION_EXEC, &type_id_maps, FIELD(gid_map), "gidmap", NULL, TRUST_HOST,
          "A line of the map of group ids (default: as that of user ids)" },
        { "UserNamespace", SECTION_EXEC, &type_namespace, FIELD(namespaces[NAMESPACE_USER]), "userns", "private", TRUST_VALUE,
          "User namespace: its own as PrivateUsers= says, or another" },
        { "PIDNamespace", SECTION_EXEC, &type_namespace, FIELD(namespaces[NAMESPACE_PID]), "pid", "private", TRUST_VALUE,
          "Whose processes the machine sees" },
        { "IPCNamespace", SECTION_EXEC, &type_namespace, FIELD(namespaces[NAMESPACE_IPC]), "ipc", "private", TRUST_VALUE,
          "Whose shared memory, semaphores and message queues it has" },
        { "UTSNamespace", SECTION_EXEC, &type_namespace, FIELD(namespaces[NAMESPACE_UTS]), "uts", "private", TRUST_VALUE,
          "Whose host name it has" },
        { "CGroupNamespace", SECTION_EXEC, &type_namespace, FIELD(namespaces[NAMESPACE_CGROUP]), "cgroupns", "private",
          TRUST_VALUE, "Whose view of the control groups it has" },
        { "LimitCPU", SECTION_EXEC, &type_limit_seconds, FIELD(limits[RLIMIT_CPU]), NULL, NULL, TRUST_HOST,
          "CPU time that a process may use" },
        { "LimitFSIZE", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_FSIZE]), NULL, NULL, TRUST_HOST,
          "Size of a file that a process may make" },
        { "LimitDATA", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_DATA]), NULL, NULL, TRUST_HOST,
          "Size of a process's data" },
        { "LimitSTACK", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_STACK]), NULL, NULL, TRUST_HOST,
          "Size of a process's stack" },
        { "LimitCORE", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_CORE]), NULL, NULL, TRUST_HOST,
          "Size of a core dump" },
        { "LimitRSS", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_RSS]), NULL, NULL, TRUST_HOST,
          "No effect since Linux 2.4.30" },
        { "LimitNOFILE", SECTION_EXEC, &type_limit_number, FIELD(limits[RLIMIT_NOFILE]), NULL, NULL, TRUST_HOST,
          "Descriptors that a process may have" },
        { "LimitAS", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_AS]), NULL, NULL, TRUST_HOST,
          "Address space of a process" },
        { "LimitNPROC", SECTION_EXEC, &type_limit_number, FIELD(limits[RLIMIT_NPROC]), NULL, NULL, TRUST_HOST,
          "Processes of the command's user" },
        { "LimitMEMLOCK", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_MEMLOCK]), NULL, NULL, TRUST_HOST,
          "Memory that a process may lock" },
        { "LimitLOCKS", SECTION_EXEC, &type_limit_number, FIELD(limits[RLIMIT_LOCKS]), NULL, NULL, TRUST_HOST,
          "No effect since Linux 2.4.25" },
        { "LimitSIGPENDING", SECTION_EXEC, &type_limit_number, FIELD(limits[RLIMIT_SIGPENDING]), NULL, NULL, TRUST_HOST,
          "Signals that may wait for the command's user" },
        { "LimitMSGQUEUE", SECTION_EXEC, &type_limit_size, FIELD(limits[RLIMIT_MSGQUEUE]), NULL, NULL, TRUST_HOST,
          "Size of all POSIX message queues of the command's user" },
        { "LimitNICE", SECTION_EXEC, &type_limit_nice, FIELD(limits[RLIMIT_NICE]), NULL, NULL, TRUST_HOST,
          "Priority that a process may have, as a nice level" },
        { "LimitRTPRIO", SECTION_EXEC, &type_limit_number, FIELD(limits[RLIMIT_RTPRIO]), NULL, NULL, TRUST_HOST,
          "Realtime priority that a process may have" },
        { "LimitRTTIME", SECTION_EXEC, &type_limit_usec, FIELD(limits[RLIMIT_RTTIME]), NULL, NULL, TRUST_HOST,
          "CPU time that a realtime process may use without a pause" },
        { "OOMScoreAdjust", SECTION_EXEC, &type_oom_score, FIELD(oom_score_adjust), "oom-score-adjust|oom-score-adj", NULL,
          TRUST_HOST, "How soon the kernel kills the machine for lack of memory" },
        { "CPUAffinity", SECTION_EXEC, &type_cpus, FIELD(cpu_affinity), "cpu-affinity", NULL, TRUST_HOST,
          "CPUs that the command runs on; it may choose others itself" },
        { "Personality", SECTION_EXEC, &type_personality, FIELD(personality), "personality", NULL, TRUST_RUN,
          "Architecture that uname(2) reports inside" },
        { "BoottimeOffsetSec", SECTION_EXEC, &type_offset, FIELD(boottime_offset_usec), "boottime-offset", NULL, TRUST_RUN,
          "How far the clock that counts since boot is ahead inside" },
        { "MonotonicOffsetSec", SECTION_EXEC, &type_offset, FIELD(monotonic_offset_usec), "monotonic-offset", NULL, TRUST_RUN,
          "How far the monotonic clock is ahead inside" },
        { "PivotRoot", SECTION_EXEC, &type_pivot_root, FIELD(pivot_root), "pivot-root", NULL, TRUST_RUN,
          "Directory of the tree to be the root, and where to show the old one" },
        { "Privileged", SECTION_EXEC, &type_boolean, FIELD(privileged), "privileged", "no", TRUST_HOST,
          "All capabilities, and none of the kernel's files covered" },
        { "ResolvConf", SECTION_EXEC, &type_resolv_conf, FIELD(resolv_conf), "resolv-conf", "auto", TRUST_RUN,
          "Which of the host's resolv.conf to show in the machine" },
        { "Timezone", SECTION_EXEC, &type_timezone, FIELD(timezone), "timezone", "off", TRUST_RUN,
          "How to give the machine the host's time zone" },
        { "LinkJournal", SECTION_EXEC, &type_link_journal, FIELD(link_journal), "link-journal", "auto", TRUST_VALUE,
          "Where the machine's journal lies, for journalctl of the host" },
        { "MachineID", SECTION_EXEC, &type_machine_id, FIELD(machine_id), "machine-id|uuid", NULL, TRUST_OPERATOR,
          "Id for /etc/machine-id, where the tree has none" },
        { "SetCredential", SECTION_EXEC, &type_set_credential, FIELD(set_credential), "set-credential", NULL, TRUST_OPERATOR,
          "Pass a credential to the machine", true },
        { "LoadCredential", SECTION_EXEC, &type_load_credential, FIELD(load_credential), "load-credential", NULL, TRUST_HOST,
          "Pass a file of the host as a credential" },

        /* [Files] */
        { "ReadOnly", SECTION_FILES, &type_boolean, FIELD(read_only), "read-only", "no", TRUST_RUN,
          "Mount the tree read-only" },
        { "AllowExposedTree", SECTION_FILES, &type_boolean, FIELD(allow_exposed_tree), "allow-exposed-tree", "no", TRUST_HOST,
          "Take a writable tree that other users of the host can enter" },
        { "Template", SECTION_FILES, &type_template, FIELD(template_tree), "template", NULL, TRUST_OPERATOR_VALUE,
          "Make the tree from this one, where there is none yet" },
        { "RootHash", SECTION_FILES, &type_root_hash, FIELD(root_hash), "root-hash", NULL, TRUST_RUN,
          "Check each block of the image by this hash (dm-verity)" },
        { "RootVerity", SECTION_FILES, &type_path, FIELD(root_verity), "root-verity|verity-data", NULL, TRUST_HOST,
          "File with the hashes for RootHash=" },
        { "RootHashSignature", SECTION_FILES, &type_path, FIELD(root_hash_signature), "root-hash-sig", NULL, TRUST_HOST,
          "File with a signature of the root hash, for the kernel to check" },
        { "Device", SECTION_FILES, &type_devices, FIELD(devices), "device", NULL, TRUST_HOST,
          "Give the machine a device of the host" },
        { "WritableLayer", SECTION_FILES, &type_boolean, FIELD(writable_layer), "writable-layer|layer", "no", TRUST_RUN,
          "Write to a layer of the machine's own, not to the tree" },
        { "DiskMax", SECTION_FILES, &type_disk_size, FIELD(disk_max), "disk-max", NULL, TRUST_RUN,
          "Room for what the machine writes, in a layer of its own" },
        { "Lower", SECTION_FILES, &type_lower, FIELD(lower), "lower", NULL, TRUST_HOST,
          "Directory of the host that the tree lies over; several: the lowest first" },
        { "PrivateUsersOwnership", SECTION_FILES, &type_ownership, FIELD(ownership), "private-users-ownership", "auto",
          TRUST_OPERATOR, "Whose the tree's files are: mapped, changed on disk, or left alone" },
        { "Unmask", SECTION_FILES, &type_unmask, FIELD(unmask), "unmask", NULL, TRUST_HOST,
          "Do not cover a file of the kernel in /proc or /sys, or any" },
        { "Volatile", SECTION_FILES, &type_volatile, FIELD(volatile_mode), "volatile", "no", TRUST_RUN,
          "Start from the tree's /usr alone, without its /var, or on an overlay" },
        { "Bind", SECTION_FILES, &type_bind, FIELD(bind), "bind", NULL, TRUST_OPERATOR_VALUE,
          "Show a file or directory of the host in the machine" },
        { "BindReadOnly", SECTION_FILES, &type_bind_read_only, FIELD(bind_read_only), "bind-ro", NULL, TRUST_OPERATOR_VALUE,
          "Show a file or directory of the host, read-only" },
        { "Volume", SECTION_FILES, &type_volume, FIELD(volume), "volume|v", NULL, TRUST_OPERATOR_VALUE,
          "Show a volume, made when it is missing, or a path of the host" },
        { "TemporaryFileSystem", SECTION_FILES, &type_tmpfs, FIELD(temporary_file_system), "tmpfs", NULL, TRUST_OPERATOR,
          "Mount an empty tmpfs" },
        { "Inaccessible", SECTION_FILES, &type_inaccessible, FIELD(inaccessible), "inaccessible", NULL, TRUST_OPERATOR,
          "Cover a file or directory with nothing" },
        { "Overlay", SECTION_FILES, &type_overlay, FIELD(overlay), "overlay", NULL, TRUST_OPERATOR_VALUE,
          "Show directories as one; what is written goes to the last of them" },
        { "OverlayReadOnly", SECTION_FILES, &type_overlay_read_only, FIELD(overlay_read_only), "overlay-ro", NULL,
          TRUST_OPERATOR_VALUE, "Show directories as one, read-only" },

        /* [Network] */
        { "Network", SECTION_NETWORK, &type_network, FIELD(network), "network|net", "bridge",
          TRUST_OPERATOR_VALUE,
          "What network the machine is in" },
        { "Private", SECTION_NETWORK, &type_private_network, FIELD(private_network), "private-network", "yes", TRUST_VALUE,
          "A network of its own without any link; no: the host's" },
        { "VirtualEthernet", SECTION_NETWORK, &type_boolean, FIELD(virtual_ethernet), "network-veth|n", "no",
          TRUST_OPERATOR,
          "A link between the host and the machine" },
        { "Bridge", SECTION_NETWORK, &type_interface, FIELD(bridge), "network-bridge", NULL, TRUST_HOST,
          "A link to this bridge of the host" },
        { "Zone", SECTION_NETWORK, &type_zone, FIELD(zone), "network-zone", NULL, TRUST_OPERATOR,
          "A link to the bridge of this zone, made when it is needed" },
        { "NamespacePath", SECTION_NETWORK, &type_path, FIELD(namespace_path), "network-namespace-path", NULL, TRUST_HOST,
          "Join the network namespace at this path" },
        { "Interface", SECTION_NETWORK, &type_interfaces, FIELD(interface), "network-interface", NULL, TRUST_HOST,
          "Move an interface of the host into the machine" },
        { "MACVLAN", SECTION_NETWORK, &type_interfaces, FIELD(macvlan), "network-macvlan", NULL, TRUST_HOST,
          "Give the machine a macvlan link on an interface of the host" },
        { "IPVLAN", SECTION_NETWORK, &type_interfaces, FIELD(ipvlan), "network-ipvlan", NULL, TRUST_HOST,
          "Give the machine an ipvlan link on an interface of the host" },
        { "VirtualEthernetExtra", SECTION_NETWORK, &type_interfaces, FIELD(virtual_ethernet_extra), "network-veth-extra", NULL,
          TRUST_HOST, "A further link between the host and the machine" },
        { "Port", SECTION_NETWORK, &type_ports, FIELD(port), "port|publish|p", NULL, TRUST_HOST,
          "Lead a port of the host into the machine" },
        { "IPv4Address", SECTION_NETWORK, &type_ipv4, FIELD(ipv4_address), "ip", NULL, TRUST_OPERATOR,
          "IPv4 address in the machine's network, not one that is picked" },
        { "IPv6Address", SECTION_NETWORK, &type_ipv6, FIELD(ipv6_address), "ip6", NULL, TRUST_OPERATOR,
          "IPv6 address in the machine's network, not one that is picked" },
        { "MACAddress", SECTION_NETWORK, &type_mac, FIELD(mac_address), "mac-address", NULL, TRUST_OPERATOR,
          "Hardware address of the machine's link" },
        { "DNS", SECTION_NETWORK, &type_addresses, FIELD(dns), "dns", NULL, TRUST_RUN,
          "Name server for the machine's resolv.conf" },
        { "DNSSearch", SECTION_NETWORK, &type_domains, FIELD(dns_search), "dns-search", NULL, TRUST_RUN,
          "Domain that the machine's resolver tries names in" },
        { "DNSOption", SECTION_NETWORK, &type_domains, FIELD(dns_option), "dns-option|dns-opt", NULL, TRUST_RUN,
          "Option for the machine's resolv.conf, such as ndots:2" },
        { "AddHost", SECTION_NETWORK, &type_host_entries, FIELD(add_host), "add-host", NULL, TRUST_RUN,
          "A name for the machine's /etc/hosts" },
        { "Sysctl", SECTION_NETWORK, &type_sysctls, FIELD(sysctl), "sysctl", NULL, TRUST_RUN,
          "A kernel setting of the machine's own network" },
        { "NetRate", SECTION_NETWORK, &type_net_rate, FIELD(net_rate), "net-rate", NULL, TRUST_RUN,
          "What the machine's link carries at most, in bits per second" },

        /* [Resources] */
        { "Slice", SECTION_RESOURCES, &type_slice, FIELD(slice), "slice", "machine.slice", TRUST_HOST,
          "Slice to put the machine's scope in" },
        { "TimeoutStopSec", SECTION_RESOURCES, &type_timespan, FIELD(timeout_stop_usec), "stop-timeout|timeout-stop", "10s",
          TRUST_RUN, "Time to end in before the machine is killed" },
        { "KillMode", SECTION_RESOURCES, &type_kill_mode, FIELD(kill_mode), "kill-mode", "mixed", TRUST_RUN,
          "Who is asked to end: the command (mixed), or all processes" },
        { "CPUShares", SECTION_RESOURCES, &type_unit_shares, FIELD(cpu_shares), "cpu-shares|c", NULL, TRUST_RUN,
          "CPU time relative to others, 1024 being usual" },
        { "CPUWeight", SECTION_RESOURCES, &type_unit_cpu_weight, FIELD(cpu_weight), "cpu-weight", NULL, TRUST_RUN,
          "CPU time relative to others, 100 being usual" },
        { "StartupCPUWeight", SECTION_RESOURCES, &type_unit_cpu_weight, FIELD(startup_cpu_weight), "startup-cpu-weight", NULL,
          TRUST_RUN, "The same while the host boots and shuts down" },
        { "CPUQuota", SECTION_RESOURCES, &type_unit_quota, FIELD(cpu_quota), "cpu-quota", NULL, TRUST_RUN,
          "CPU time at most, in percent of one CPU" },
        { "CPUQuotaPeriodSec", SECTION_RESOURCES, &type_unit_period, FIELD(cpu_quota_period), "cpu-quota-period", NULL, TRUST_RUN,
          "Period in which CPUQuota= is accounted" },
        { "AllowedCPUs", SECTION_RESOURCES, &type_unit_cpus, FIELD(allowed_cpus), "allowed-cpus|cpuset-cpus", NULL, TRUST_RUN,
          "CPUs to run on" },
        { "AllowedMemoryNodes", SECTION_RESOURCES, &type_unit_cpus, FIELD(allowed_memory_nodes),
          "allowed-memory-nodes|cpuset-mems", NULL, TRUST_RUN, "NUMA nodes to take memory from" },
        { "MemoryMin", SECTION_RESOURCES, &type_unit_size, FIELD(memory_min), "memory-min", NULL, TRUST_RUN,
          "Memory that is never reclaimed" },
        { "MemoryLow", SECTION_RESOURCES, &type_unit_size, FIELD(memory_low), "memory-low|memory-reservation", NULL, TRUST_RUN,
          "Memory that is reclaimed only where no other can be" },
        { "MemoryHigh", SECTION_RESOURCES, &type_unit_size, FIELD(memory_high), "memory-high", NULL, TRUST_RUN,
          "Memory above which the machine is slowed down" },
        { "MemoryMax", SECTION_RESOURCES, &type_unit_size, FIELD(memory_max), "memory-max", NULL, TRUST_RUN,
          "Memory at most" },
        { "MemorySwapMax", SECTION_RESOURCES, &type_unit_size, FIELD(memory_swap_max), "memory-swap-max", NULL, TRUST_RUN,
          "Swap at most" },
        { "MemoryZSwapMax", SECTION_RESOURCES, &type_unit_size, FIELD(memory_zswap_max), "memory-zswap-max", NULL, TRUST_RUN,
          "Compressed swap in memory at most" },
        { "TasksMax", SECTION_RESOURCES, &type_unit_tasks, FIELD(tasks_max), "tasks-max", NULL, TRUST_RUN,
          "Processes and threads at most" },
        { "IOWeight", SECTION_RESOURCES, &type_unit_weight, FIELD(io_weight), "io-weight", NULL, TRUST_RUN,
          "IO relative to others, 100 being usual" },
        { "IODeviceWeight", SECTION_RESOURCES, &type_unit_device_weights, FIELD(io_device_weight), "io-device-weight", NULL,
          TRUST_VALUE, "The same for one device" },
        { "IOReadBandwidthMax", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(io_read_bandwidth_max), "io-read-bandwidth-max",
          NULL, TRUST_VALUE, "Bytes a second at most that are read from a device" },
        { "IOWriteBandwidthMax", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(io_write_bandwidth_max),
          "io-write-bandwidth-max", NULL, TRUST_VALUE, "Bytes a second at most that are written to a device" },
        { "IOReadIOPSMax", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(io_read_iops_max), "io-read-iops-max", NULL,
          TRUST_VALUE, "Reads a second at most from a device" },
        { "IOWriteIOPSMax", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(io_write_iops_max), "io-write-iops-max", NULL,
          TRUST_VALUE, "Writes a second at most to a device" },
        { "IODeviceLatencyTargetSec", SECTION_RESOURCES, &type_unit_latencies, FIELD(io_device_latency_target),
          "io-device-latency-target", NULL, TRUST_VALUE, "Time within which a device is to answer" },
        { "BlockIOWeight", SECTION_RESOURCES, &type_unit_block_io_weight, FIELD(block_io_weight), "block-io-weight|blkio-weight",
          NULL, TRUST_RUN, "IO relative to others, 500 being usual: the older IOWeight=" },
        { "BlockIOReadBandwidth", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(block_io_read_bandwidth),
          "block-io-read-bandwidth", NULL, TRUST_VALUE, "The older IOReadBandwidthMax=" },
        { "BlockIOWriteBandwidth", SECTION_RESOURCES, &type_unit_bandwidths, FIELD(block_io_write_bandwidth),
          "block-io-write-bandwidth", NULL, TRUST_VALUE, "The older IOWriteBandwidthMax=" },
        { "DevicePolicy", SECTION_RESOURCES, &type_unit_device_policy, FIELD(device_policy), "device-policy", NULL,
          TRUST_VALUE, "Devices that may be opened besides those given (default: closed)" },
        { "DeviceAllow", SECTION_RESOURCES, &type_unit_devices, FIELD(device_allow), "device-allow", NULL, TRUST_HOST,
          "A device that may be opened, and how" },
        { "IPAddressAllow", SECTION_RESOURCES, &type_unit_prefixes, FIELD(ip_address_allow), "ip-address-allow", NULL, TRUST_RUN,
          "Addresses that packets may come from and go to" },
        { "IPAddressDeny", SECTION_RESOURCES, &type_unit_prefixes, FIELD(ip_address_deny), "ip-address-deny", NULL, TRUST_RUN,
          "Addresses that packets may not come from and go to" },
        { "IPAccounting", SECTION_RESOURCES, &type_unit_boolean, FIELD(ip_accounting), "ip-accounting", NULL, TRUST_RUN,
          "Count the bytes of IP packets" },
        { "ManagedOOMSwap", SECTION_RESOURCES, &type_unit_oom, FIELD(managed_oom_swap), "managed-oom-swap", NULL, TRUST_RUN,
          "Whether systemd-oomd kills the machine when swap runs out" },
        { "ManagedOOMMemoryPressure", SECTION_RESOURCES, &type_unit_oom, FIELD(managed_oom_memory_pressure),
          "managed-oom-memory-pressure", NULL, TRUST_RUN, "Whether systemd-oomd kills it for its memory pressure" },
        { "ManagedOOMMemoryPressureLimit", SECTION_RESOURCES, &type_unit_percent, FIELD(managed_oom_memory_pressure_limit),
          "managed-oom-memory-pressure-limit", NULL, TRUST_RUN, "The memory pressure that it does so above" },
        { "ManagedOOMPreference", SECTION_RESOURCES, &type_unit_oom_preference, FIELD(managed_oom_preference),
          "managed-oom-preference", NULL, TRUST_HOST, "Whether systemd-oomd rather spares the machine" },
        { "Property", SECTION_RESOURCES, &type_properties, FIELD(property), "property", NULL, TRUST_HOST,
          "Any other property of the scope, as systemctl set-property takes it" },

        /* [Unit] */
        { "After", SECTION_UNIT, &type_units, FIELD(after), "after", NULL, TRUST_HOST,
          "Start its berth@.service after that of another machine, or a unit" },
        { "Before", SECTION_UNIT, &type_units, FIELD(before), "before", NULL, TRUST_HOST,
          "Start its berth@.service before it" },
        { "Requires", SECTION_UNIT, &type_units, FIELD(requires_units), "requires", NULL, TRUST_HOST,
          "Start it as well, and do not run without it" },
        { "Wants", SECTION_UNIT, &type_units, FIELD(wants), "wants", NULL, TRUST_HOST,
          "Start it as well" },

        /* [Install] */
        { "WantedBy", SECTION_INSTALL, &type_units, FIELD(wanted_by), "wanted-by", NULL, TRUST_HOST,
          "Once enabled by berth enable, be started along with it, too" },
};
const size_t settings_count = ELEMENTSOF(settings);
static_assert(ELEMENTSOF(settings) <= SPEC_SETTINGS_MAX, "Spec.assigned has room for each row");

/* docker's words. */
static const SettingWord security_words[] = {
        { "no-new-privileges", "NoNewPrivileges" },
        { "seccomp", "SeccompProfile" },
        { "unmask", "Unmask" },
        { "apparmor", "AppArmorProfile" },
        {},
};

const SettingGroup setting_groups[] = {
        { "rlimit|ulimit", "Limit", "RLIMIT_", NULL, &type_limit_group,
          "Limit a resource of a process, as setrlimit(2) names it" },
        { "security-opt", NULL, NULL, security_words, &type_security_group,
          "no-new-privileges, seccomp=FILE, seccomp=unconfined, unmask=PATH, apparmor=NAME" },
};
const size_t setting_groups_count = ELEMENTSOF(setting_groups);

const char *setting_section_name(SettingSection section) {
        static const char *const names[] = {
                [SECTION_EXEC] = "Exec",
                [SECTION_FILES] = "Files",
                [SECTION_NETWORK] = "Network",
                [SECTION_RESOURCES] = "Resources",
                [SECTION_UNIT] = "Unit",
                [SECTION_INSTALL] = "Install",
        };
        static_assert(ELEMENTSOF(names) == _SECTION_MAX, "each section has a name");

        return names[section];
}

const Setting *setting_by_name(const char *name) {
        FOREACH_SETTING(s)
                if (streq(s->name, name))
                        return s;
        return NULL;
}

static bool options_have(const char *options, const char *option) {
        size_t n = strlen(option);

        for (const char *p = options; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
                if (strcspn(p, "|") == n && strncmp(p, option, n) == 0)
                        return true;
        return false;
}

const Setting *setting_by_option(const char *option) {
        FOREACH_SETTING(s)
                if (options_have(s->options, option))
                        return s;
        return NULL;
}

const SettingGroup *setting_group_by_option(const char *option) {
        FOREACH_SETTING_GROUP(g)
        if (options_have(g->options, option))
                return g;
        return NULL;
}

/* "WORD=VALUE", or as docker once had it "WORD:VALUE"; a word alone is a yes. */
static const Setting *find_by_word(const SettingGroup *group, const char *text, const char **ret_value) {
        size_t n = strcspn(text, "=:");

        for (const SettingWord *w = group->words; w->word; w++)
                if (strlen(w->word) == n && strncmp(w->word, text, n) == 0) {
                        *ret_value = text[n] ? text + n + 1 : "yes";
                        return setting_by_name(w->name);
                }
        return NULL;
}

const Setting *setting_group_find(const SettingGroup *group, const char *text, const char **ret_value) {
        size_t skip, n;

        if (group->words)
                return find_by_word(group, text, ret_value);

        skip = strlen(group->optional);
        if (strncasecmp(text, group->optional, skip) == 0)
                text += skip;
        n = strcspn(text, "=");
        if (!text[n])
                return NULL;

        FOREACH_SETTING(s) {
                const char *rest = startswith(s->name, group->prefix);

                if (!rest || strlen(rest) != n || strncasecmp(rest, text, n) != 0)
                        continue;
                *ret_value = text + n + 1;
                return s;
        }
        return NULL;
}

const Setting *setting_of_limit(unsigned resource) {
        FOREACH_SETTING(s)
                if (s->offset == FIELD(limits[resource]))
                        return s;
        return NULL;
}

int setting_find(const char *name, const Setting **ret, Error *error) {
        const char *names[ELEMENTSOF(settings)], *near;

        *ret = setting_by_name(name);
        if (*ret)
                return 0;

        for (size_t i = 0; i < settings_count; i++)
                names[i] = settings[i].name;
        near = str_nearest(name, names, settings_count);

        return error_set(error, ERROR_UNKNOWN_SETTING, EINVAL, "reading the setting", name,
                         near ? "there is no such setting; did you mean %s?"
                              : "there is no such setting; berth.settings(5) lists them",
                         near);
}

/* The setting that Property=NAME=VALUE means, where it has one of its own; NULL where it has not. */
static const Setting *setting_of_property(const char *text) {
        size_t n = strcspn(text, "=");

        FOREACH_SETTING(s)
                if (s->section == SECTION_RESOURCES && s->type != &type_properties && text[n] && strlen(s->name) == n &&
                    strncmp(s->name, text, n) == 0)
                        return s;
        return NULL;
}

int setting_assign(const Setting *setting, Spec *spec, const char *text, Error *error) {
        const Setting *other = setting->type == &type_properties ? setting_of_property(text) : NULL;
        void *field = setting_field(setting, spec);

        if (other)
                return setting_assign(other, spec, strchr(text, '=') + 1, error);

        /* As in unit files: an empty assignment goes back to the default. */
        if (!*text) {
                setting->type->clear(field);
                spec->assigned[setting - settings] = false;
                if (!setting->initial)
                        return 0;
                return setting->type->parse(field, setting->initial);
        }

        return setting_add(setting, spec, text, error);
}

/* A value can be a file's content: enough of it to be recognized, and no part of a character. */
static int shown_length(const char *text) {
        enum { SHOWN_MAX = 200 };
        size_t n = strnlen(text, SHOWN_MAX);

        while (text[n] && n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80)
                n--;
        return (int) n;
}

int field_assign(const SettingType *type, const char *name, void *field, const char *text, Error *error) {
        int r = type->parse(field, text);

        if (r == -ENOMEM)
                return error_oom(error);
        return r < 0 ? error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", name, "'%.*s' is not %s",
                                 shown_length(text), text, type->allowed)
                     : 0;
}

int setting_add(const Setting *setting, Spec *spec, const char *text, Error *error) {
        const Setting *other = setting->type == &type_properties ? setting_of_property(text) : NULL;
        int r;

        if (other)
                return setting_assign(other, spec, strchr(text, '=') + 1, error);

        r = field_assign(setting->type, setting->name, setting_field(setting, spec), text, error);
        if (r >= 0)
                spec->assigned[setting - settings] = true;
        return r;
}

char *setting_format(const Setting *setting, const Spec *spec, const char *separator) {
        const void *field = setting_field_const(setting, spec);
        _cleanup_strv_free_ char **items = NULL;
        char *text = NULL;

        if (setting->type->list)
                return setting->type->format_list(field, &items) < 0 ? NULL : strv_join(items, separator);
        return setting->type->format(field, &text) < 0 ? NULL : text ? text : strdup("");
}

bool setting_is_assigned(const Setting *setting, const Spec *spec) {
        return spec->assigned[setting - settings];
}

bool spec_is_assigned(const Spec *spec) {
        return memchr(spec->assigned, true, sizeof(spec->assigned));
}

bool setting_reaches_host(const Setting *setting, const Spec *spec) {
        switch (setting->trust) {
        case TRUST_RUN:
        case TRUST_OPERATOR:
                return false;
        case TRUST_HOST:
                return true;
        case TRUST_VALUE:
        case TRUST_OPERATOR_VALUE:
                return setting->type->reaches_host(setting_field_const(setting, spec));
        }
        return true;
}

const Setting *spec_first_host_setting(const Spec *spec) {
        FOREACH_SETTING(s)
                if (setting_is_assigned(s, spec) && setting_reaches_host(s, spec))
                        return s;
        return NULL;
}
