/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unit properties that are worth a name here: those whose value is not written as their name and type on the bus say
 * (systemd.resource-control(5); systemd's own bus-unit-util.c does the same for systemctl), and those that completion offers
 * besides. Any other one goes by the type that systemd gives. Each row is a name and how the value is written: a form of property.c.
 */

#define UNIT_PROPERTIES(ROW) \
        ROW(AllowedCPUs, cpus) \
        ROW(AllowedMemoryNodes, cpus) \
        ROW(BlockIOAccounting, boolean) \
        ROW(BlockIODeviceWeight, device_weight) \
        ROW(BlockIOReadBandwidth, bandwidth) \
        ROW(BlockIOWeight, weight) \
        ROW(BlockIOWriteBandwidth, bandwidth) \
        ROW(CPUAccounting, boolean) \
        ROW(CPUQuota, quota) \
        ROW(CPUQuotaPeriodSec, timespan) \
        ROW(CPUShares, weight) \
        ROW(CPUWeight, weight) \
        ROW(DefaultMemoryLow, size) \
        ROW(DefaultMemoryMin, size) \
        ROW(Description, string) \
        ROW(DeviceAllow, device) \
        ROW(DevicePolicy, string) \
        ROW(IOAccounting, boolean) \
        ROW(IODeviceLatencyTargetSec, latency) \
        ROW(IODeviceWeight, device_weight) \
        ROW(IOReadBandwidthMax, bandwidth) \
        ROW(IOReadIOPSMax, bandwidth) \
        ROW(IOWeight, weight) \
        ROW(IOWriteBandwidthMax, bandwidth) \
        ROW(IOWriteIOPSMax, bandwidth) \
        ROW(IPAccounting, boolean) \
        ROW(IPAddressAllow, addresses) \
        ROW(IPAddressDeny, addresses) \
        ROW(JobRunningTimeoutSec, timespan) \
        ROW(JobTimeoutSec, timespan) \
        ROW(ManagedOOMMemoryPressure, string) \
        ROW(ManagedOOMMemoryPressureLimit, scale) \
        ROW(ManagedOOMPreference, string) \
        ROW(ManagedOOMSwap, string) \
        ROW(MemoryAccounting, boolean) \
        ROW(MemoryHigh, size) \
        ROW(MemoryLimit, size) \
        ROW(MemoryLow, size) \
        ROW(MemoryMax, size) \
        ROW(MemoryMin, size) \
        ROW(MemorySwapMax, size) \
        ROW(MemoryZSwapMax, size) \
        ROW(RuntimeMaxSec, timespan) \
        ROW(RuntimeRandomizedExtraSec, timespan) \
        ROW(StartupAllowedCPUs, cpus) \
        ROW(StartupAllowedMemoryNodes, cpus) \
        ROW(StartupBlockIOWeight, weight) \
        ROW(StartupCPUShares, weight) \
        ROW(StartupCPUWeight, weight) \
        ROW(StartupIOWeight, weight) \
        ROW(TasksAccounting, boolean) \
        ROW(TasksMax, size)
